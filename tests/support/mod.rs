//! What several test files share: the component without a connection, and the scripted server.
//!
//! Not every file uses all of it.
#![allow(dead_code)]

pub mod folder;
pub mod left_out;
pub mod pauses;
pub mod scripted;

use std::num::NonZeroU32;
use std::time::Duration;

use echo_component::component::address::Domain;
use echo_component::component::counts::Counts;
use echo_component::component::flood::Allowance;
use echo_component::component::ids::Ids;
use echo_component::component::notice::{Detail, Notice};
use echo_component::component::outbox::Outbox;
use echo_component::component::requests::{Now, Responder};
use echo_component::component::{Echo, Event, Settings};
use echo_component::xml::error::Fault;

/// The component's domain in all tests.
pub const COMPONENT: &str = "echo.example";

/// The conditions of stream errors, RFC 6120 §4.9.3.
pub const CONDITIONS: [&str; 25] = [
    "bad-format",
    "bad-namespace-prefix",
    "conflict",
    "connection-timeout",
    "host-gone",
    "host-unknown",
    "improper-addressing",
    "internal-server-error",
    "invalid-from",
    "invalid-namespace",
    "invalid-xml",
    "not-authorized",
    "not-well-formed",
    "policy-violation",
    "remote-connection-failed",
    "reset",
    "resource-constraint",
    "restricted-xml",
    "see-other-host",
    "system-shutdown",
    "undefined-condition",
    "unsupported-encoding",
    "unsupported-feature",
    "unsupported-stanza-type",
    "unsupported-version",
];

/// The stanza size limit in tests that do not choose one.
pub const LIMIT: usize = 512 << 10;

/// The component's side of a stream, fed by hand. It leaves ids as they are where nothing is said of
/// them, so that tables of echoes are tables of one rule; `tests/ids.rs` is about the others.
pub struct Component {
    echo: Echo,
    output: Outbox,
    rest: Vec<u8>,
    longest_rest: usize,
}

impl Component {
    pub fn new() -> Self {
        Self::with_limit(LIMIT)
    }

    pub fn with_limit(limit: usize) -> Self {
        Self::with(limit, Responder::new("Echo", &[]))
    }

    pub fn with(limit: usize, responder: Responder) -> Self {
        Self::of(limit, responder, Ids::Kept)
    }

    /// One that mirrors ids, as the daemon does by default.
    pub fn mirroring_ids() -> Self {
        Self::mirroring_ids_within(LIMIT)
    }

    pub fn mirroring_ids_within(limit: usize) -> Self {
        Self::of(limit, Responder::new("Echo", &[]), Ids::Mirrored)
    }

    /// One that gives each sender so many units at once, and tells all that there is to tell.
    pub fn with_burst(units: u32) -> Self {
        let [burst, rate] = [units, 1].map(|it| NonZeroU32::new(it).unwrap());
        let allowance = Some(Allowance { burst, rate });
        let mut component = Self::made(LIMIT, Responder::new("Echo", &[]), Ids::Kept, allowance);
        component.echo.start_stream(Detail::All);
        component
    }

    fn of(limit: usize, responder: Responder, ids: Ids) -> Self {
        Self::made(limit, responder, ids, None)
    }

    fn made(
        max_stanza_size: usize,
        responder: Responder,
        ids: Ids,
        allowance: Option<Allowance>,
    ) -> Self {
        let domain = Domain::new(COMPONENT).unwrap();
        let echo = Echo::new(Settings { domain, max_stanza_size, ids, allowance, responder });
        Self { echo, output: Outbox::default(), rest: vec![], longest_rest: 0 }
    }

    /// What has been counted since this was last called.
    pub fn counts(&mut self) -> Counts {
        self.echo.take_counts()
    }

    /// What there is to log since this was last called.
    pub fn notices(&mut self) -> Vec<Notice> {
        self.echo.take_notices()
    }

    /// What goes out for `input`, and how the stream goes on.
    pub fn feed(&mut self, input: &[u8]) -> (Vec<u8>, Result<Event, Fault>) {
        self.rest.extend_from_slice(input);
        let now = Now { utc: chrono::DateTime::UNIX_EPOCH, uptime: Duration::from_secs(42) };
        let event = self.echo.feed(&self.rest, &mut self.output, now).map(|(used, event)| {
            self.rest.drain(..used);
            event
        });
        self.longest_rest = self.longest_rest.max(self.rest.len());
        let sent = self.output.pending().to_vec();
        self.output.wrote(sent.len());
        (sent, event)
    }

    /// What goes out for `input`, after which the stream must live. The blanks behind a stanza with a
    /// long tag are another test's business.
    pub fn answer(&mut self, input: &str) -> String {
        let (sent, event) = self.feed(input.as_bytes());
        assert_eq!(event, Ok(Event::Hungry), "the stream ended at {input}");
        let mut sent = String::from_utf8(sent).unwrap();
        sent.truncate(sent.trim_end_matches(' ').len());
        sent
    }

    /// The most input that had to wait for more.
    pub fn longest_rest(&self) -> usize {
        self.longest_rest
    }
}

/// What a fresh component answers, after which the stream must live.
pub fn answer(input: &str) -> String {
    Component::new().answer(input)
}

/// Where the tags of `sent` begin and end, in which a `>` may stand in quotes.
pub fn tags(sent: &[u8]) -> Vec<(usize, usize)> {
    let mut tags = vec![];
    let mut at = 0;
    while let Some(start) = sent[at..].iter().position(|&b| b == b'<').map(|found| at + found) {
        let mut quote = None;
        let length = sent[start..].iter().position(|&b| {
            match (quote, b) {
                (None, b'\'' | b'"') => quote = Some(b),
                (Some(open), b) if open == b => quote = None,
                _ => {}
            }
            quote.is_none() && b == b'>'
        });
        at = start + length.expect("a whole tag") + 1;
        tags.push((start, at));
    }
    tags
}

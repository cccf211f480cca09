//! All that the component does on one stream: bytes in, stanzas out, in order.
//!
//! No I/O, no clock, no log: whatever drives it owns the sockets and tells the time, so that tests and
//! fuzzers drive it with byte slices.

pub mod address;
pub mod answer;
mod begin;
pub mod counts;
pub mod edits;
mod finish;
pub mod flood;
pub mod ids;
pub mod message;
pub mod notice;
pub mod outbox;
mod pings;
pub mod reply;
pub mod requests;
pub mod stream_error;

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use crate::component::address::Domain;
use crate::component::begin::Begun;
use crate::component::counts::Counts;
use crate::component::edits::Edits;
use crate::component::flood::{Allowance, Flood};
use crate::component::ids::Ids;
use crate::component::notice::{Detail, Notice, Notices};
use crate::component::outbox::Outbox;
use crate::component::requests::{Now, Responder};
use crate::component::stream_error::StreamError;
use crate::xml::elements::{Elements, Step};
pub use crate::xml::error::Fault;

/// What the input led to, beyond answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// More input is needed.
    Hungry,
    /// The server has closed the stream.
    Footer,
    /// The server has ended the stream, saying why.
    StreamError(StreamError),
}

/// The component's side of one stream after another.
#[derive(Debug)]
pub struct Echo {
    domain: Domain,
    elements: Elements,
    /// The element that has begun.
    begun: Option<Begun>,
    ids: Ids,
    /// What is changed in the message that has begun.
    edits: Edits,
    responder: Responder,
    flood: Option<Flood>,
    limit: usize,
    /// The id of our own pings, which no other daemon of the same JID uses.
    ping: String,
    counts: Counts,
    notices: Notices,
}

/// What the component does, as its admin wants it.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The domain that it speaks for.
    pub domain: Domain,
    /// The largest stanza that it sends, in bytes.
    pub max_stanza_size: usize,
    /// What becomes of ids.
    pub ids: Ids,
    /// How much each sender may send, unless it is any amount.
    pub allowance: Option<Allowance>,
    /// What presence and IQ are answered with.
    pub responder: Responder,
}

impl Echo {
    /// A component with these settings.
    pub fn new(settings: Settings) -> Self {
        let Settings { domain, max_stanza_size: limit, ids, allowance, responder } = settings;
        let ping = format!("ping-{:016x}", RandomState::new().hash_one(domain.as_str()));
        Self {
            elements: new_stream(limit, ids),
            begun: None,
            edits: Edits::new(domain.as_str()),
            flood: allowance.map(Flood::new),
            counts: Counts::default(),
            notices: Notices::default(),
            domain,
            ids,
            responder,
            limit,
            ping,
        }
    }

    /// Begins a new stream, of whose stanzas so much is told. Allowances that are used up stay so.
    pub fn start_stream(&mut self, detail: Detail) {
        self.notices.detail = detail;
        self.elements = new_stream(self.limit, self.ids);
        self.begun = None;
    }

    /// What has been done since this was last called.
    pub fn take_counts(&mut self) -> Counts {
        std::mem::take(&mut self.counts)
    }

    /// What there is to log since this was last called.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices.new)
    }

    /// Whether all that comes counts as a part of a stanza that is too large.
    pub fn is_passing_over(&self) -> bool {
        self.elements.is_passing_over()
    }

    /// Answers all of `input` that is whole, and says how many bytes that was. The rest must come
    /// again with more behind it, unless the event says that the stream is over.
    ///
    /// # Errors
    /// What the server must be told before the stream ends. What came before it is answered.
    pub fn feed(
        &mut self,
        input: &[u8],
        out: &mut Outbox,
        now: Now,
    ) -> Result<(usize, Event), Fault> {
        if let Some(flood) = &mut self.flood {
            flood.set_now(now.uptime);
        }
        let mut used = 0;
        loop {
            let (more, step) = self.elements.next(&input[used..])?;
            used += more;
            let rest = &input[used..];
            let (size, seen, is_whole) = match step {
                Step::Hungry => return Ok((used, Event::Hungry)),
                Step::Footer(size) => return Ok((used + size, Event::Footer)),
                Step::Start => {
                    self.begin(rest);
                    continue;
                }
                Step::Whole(size) => (size, size, true),
                Step::TooLarge { judged, seen } => (judged, seen, false),
            };
            let event = self.finish(&rest[..seen], is_whole, now, out);
            used += size;
            if let Some(event) = event {
                return Ok((used, event));
            }
        }
    }
}

fn new_stream(limit: usize, ids: Ids) -> Elements {
    Elements::new(limit, ids.naming())
}

//! The component's side of a stream, fed in pieces.

use std::sync::LazyLock;
use std::time::Duration;

use chrono::DateTime;
use echo_component::component::address::Domain;
use echo_component::component::ids::Ids;
use echo_component::component::outbox::Outbox;
use echo_component::component::requests::{Now, Responder};
use echo_component::component::{Echo, Event, Settings};
use echo_component::xml::error::Fault;

/// The component's domain.
pub const DOMAIN: &str = "echo.example";

/// All answers are written when it is made, which takes longer than most inputs do.
static RESPONDER: LazyLock<Responder> =
    LazyLock::new(|| Responder::new("Echo", &["mailto:a@example".into()]));

/// What came of a stream.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    /// All that was sent.
    pub sent: Vec<u8>,
    /// How the stream stands after the last piece.
    pub event: Result<Event, Fault>,
    /// How much of the input has been taken.
    pub used: usize,
}

/// Feeds `input` to a new component with that limit, in pieces of `piece` bytes, or at once if
/// that is 0. Ids are kept.
///
/// # Panics
/// If the component takes more than it was given.
#[must_use]
pub fn feed(input: &[u8], limit: usize, piece: usize) -> Outcome {
    feed_with(Ids::Kept, input, limit, piece)
}

/// The same, with these ids.
///
/// # Panics
/// The same.
#[must_use]
pub fn feed_with(ids: Ids, input: &[u8], limit: usize, piece: usize) -> Outcome {
    let domain = Domain::new(DOMAIN).expect("a domain");
    let mut echo = Echo::new(Settings {
        domain,
        max_stanza_size: limit,
        ids,
        allowance: None,
        responder: RESPONDER.clone(),
    });
    let mut output = Outbox::default();
    let now = Now { utc: DateTime::UNIX_EPOCH, uptime: Duration::from_secs(42) };
    let (mut sent, mut used, mut event) = (vec![], 0, Ok(Event::Hungry));
    let piece = if piece == 0 { input.len().max(1) } else { piece };
    for end in (piece..input.len()).step_by(piece).chain([input.len()]) {
        event = echo.feed(&input[used..end], &mut output, now).map(|(more, event)| {
            used += more;
            event
        });
        assert!(used <= end, "took {used} of {end} bytes");
        let pending = output.pending().to_vec();
        output.wrote(pending.len());
        sent.extend(pending);
        if event != Ok(Event::Hungry) {
            break;
        }
    }
    Outcome { sent, event, used }
}

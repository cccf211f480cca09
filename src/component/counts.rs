//! What has been done, in plain numbers that cost nothing to keep.

use crate::component::message::Silence;
use crate::component::reply::Bounce;

/// Counts since they were last taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages echoed.
    pub echoed: u64,
    /// Presence stanzas sent in answer.
    pub presence: u64,
    /// IQ requests answered.
    pub iq: u64,
    /// Presence and IQ requests for domains that are not ours.
    pub foreign_requests: u64,
    /// Presence and IQ requests of senders that have used up their allowance.
    pub flood_requests: u64,
    /// Whether an answer to a ping of our own has come, or the ping itself.
    pub pinged: bool,
    too_large: u64,
    unfit: u64,
    flood: u64,
    error: u64,
    foreign_to: u64,
    no_sender: u64,
    unanswerable: u64,
    flood_ignored: u64,
}

impl Counts {
    /// Counts a message that was bounced.
    pub fn bounce(&mut self, bounce: Bounce) {
        *match bounce {
            Bounce::TooLarge(_) => &mut self.too_large,
            Bounce::Unfit => &mut self.unfit,
            Bounce::Flood => &mut self.flood,
        } += 1;
    }

    /// Counts a message that got no answer.
    pub fn ignore(&mut self, silence: Silence) {
        *match silence {
            Silence::Error => &mut self.error,
            Silence::ForeignTo => &mut self.foreign_to,
            Silence::NoSender => &mut self.no_sender,
            Silence::Unanswerable => &mut self.unanswerable,
            Silence::Flood => &mut self.flood_ignored,
        } += 1;
    }

    /// Bounced messages by reason.
    pub fn bounced(&self) -> [(&'static str, u64); 3] {
        [("too-large", self.too_large), ("unfit", self.unfit), ("flood", self.flood)]
    }

    /// Requests without an answer, by reason.
    pub fn ignored_requests(&self) -> [(&'static str, u64); 2] {
        [("foreign-to", self.foreign_requests), ("flood", self.flood_requests)]
    }

    /// Messages without an answer, by reason.
    pub fn ignored(&self) -> [(&'static str, u64); 5] {
        [
            ("error", self.error),
            ("foreign-to", self.foreign_to),
            ("no-sender", self.no_sender),
            ("unanswerable", self.unanswerable),
            ("flood", self.flood_ignored),
        ]
    }
}

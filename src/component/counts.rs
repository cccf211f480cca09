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
    /// Whether an answer to a ping of our own has come, or the ping itself.
    pub pinged: bool,
    too_large: u64,
    unfit: u64,
    flood: u64,
    messages: Silences,
    requests: Silences,
}

/// How many got no answer, by reason.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Silences {
    error: u64,
    foreign_to: u64,
    no_sender: u64,
    unanswerable: u64,
    flood: u64,
}

impl Silences {
    fn count(&mut self, why: Silence) {
        *match why {
            Silence::Error => &mut self.error,
            Silence::ForeignTo => &mut self.foreign_to,
            Silence::NoSender => &mut self.no_sender,
            Silence::Unanswerable => &mut self.unanswerable,
            Silence::Flood => &mut self.flood,
        } += 1;
    }

    fn by_reason(&self) -> [(&'static str, u64); 5] {
        [
            ("error", self.error),
            ("foreign-to", self.foreign_to),
            ("no-sender", self.no_sender),
            ("unanswerable", self.unanswerable),
            ("flood", self.flood),
        ]
    }
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
    pub fn ignore(&mut self, why: Silence) {
        self.messages.count(why);
    }

    /// Counts presence or an IQ that asked for something and got no answer.
    pub fn ignore_request(&mut self, why: Silence) {
        self.requests.count(why);
    }

    /// Whether anything was answered, if only with an error.
    pub fn has_answer(&self) -> bool {
        let is_bounced = self.bounced().iter().any(|(_, count)| *count > 0);
        self.echoed + self.presence + self.iq > 0 || is_bounced
    }

    /// Bounced messages by reason.
    pub fn bounced(&self) -> [(&'static str, u64); 3] {
        [("too-large", self.too_large), ("unfit", self.unfit), ("flood", self.flood)]
    }

    /// Presence and IQ that asked for something and got no answer, by reason.
    pub fn ignored_requests(&self) -> [(&'static str, u64); 4] {
        // An error asks for nothing, so it is never counted here.
        let [_, reasons @ ..] = self.requests.by_reason();
        reasons
    }

    /// Messages without an answer, by reason.
    pub fn ignored(&self) -> [(&'static str, u64); 5] {
        self.messages.by_reason()
    }
}

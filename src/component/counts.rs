//! What has been done, in plain numbers that cost nothing to keep.

use crate::component::message::Silence;
use crate::component::notice::How;
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
    bounced: [u64; Bounce::ALL.len()],
    ignored: [u64; Silence::ALL.len()],
    ignored_requests: [u64; Silence::ALL.len()],
}

impl Counts {
    /// Counts a stanza. One that asks for nothing is not counted.
    #[inline]
    pub fn add(&mut self, how: How) {
        match how {
            How::Echoed => self.echoed += 1,
            How::Bounced(why) => self.bounced[why as usize] += 1,
            How::Ignored(why) => self.ignored[why as usize] += 1,
            How::Answered(kind, sent) if kind.is_presence() => self.presence += sent,
            How::Answered(_, sent) => self.iq += sent,
            How::RequestIgnored(why) => self.ignored_requests[why as usize] += 1,
            How::NotAsked(_) => {}
        }
    }

    /// Whether anything was answered, if only with an error.
    pub fn has_answer(&self) -> bool {
        self.echoed + self.presence + self.iq + self.bounced.iter().sum::<u64>() > 0
    }

    /// Bounced messages by reason.
    pub fn bounced(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Bounce::ALL.map(Bounce::label).into_iter().zip(self.bounced)
    }

    /// Messages without an answer, by reason.
    pub fn ignored(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Silence::ALL.map(Silence::label).into_iter().zip(self.ignored)
    }

    /// Presence and IQ that asked for something and got no answer, by reason. An error asks for nothing,
    /// so it is none.
    pub fn ignored_requests(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Silence::ALL.map(Silence::label).into_iter().zip(self.ignored_requests).skip(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_counted_by_its_own_name() {
        let counted = |how| {
            let mut counts = Counts::default();
            counts.add(how);
            counts
        };
        for why in Bounce::ALL {
            let counts = counted(How::Bounced(why));
            assert_eq!(counts.bounced().find(|it| it.1 > 0), Some((why.label(), 1)));
        }
        for why in Silence::ALL {
            let counts = counted(How::Ignored(why));
            assert_eq!(counts.ignored().find(|it| it.1 > 0), Some((why.label(), 1)));
        }
        // An error asks for nothing.
        for why in &Silence::ALL[1..] {
            let counts = counted(How::RequestIgnored(*why));
            assert_eq!(counts.ignored_requests().find(|it| it.1 > 0), Some((why.label(), 1)));
        }
    }
}

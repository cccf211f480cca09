//! When a quiet connection is pinged, and when it is given up.
//!
//! Pure: it is told what happened and when, and says what is due.

use std::time::Duration;

use tokio::time::Instant;

/// After so long without input the server is pinged (XEP-0199).
const QUIET: Duration = Duration::from_secs(60);

/// After so long without an answer to that, the server is asked what it must answer itself.
pub const ROUTED: Duration = Duration::from_secs(5);

/// After so long without an answer to either the connection is dead.
pub const ANSWER: Duration = Duration::from_secs(15);

/// After so long without the server's reading anything the connection is dead.
const STUCK: Duration = Duration::from_secs(30);

/// What is to be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Nothing yet.
    Nothing,
    /// Ping ourselves through the server.
    Ping,
    /// Ask the server itself.
    Probe,
    /// The server did not answer.
    Silent,
    /// The server does not read.
    Stuck,
}

/// The life signs of one connection.
#[derive(Debug)]
pub struct Keepalive {
    heard: Instant,
    /// What is due next, and how long after the last input.
    next: (Due, Duration),
    /// Since when output has been waiting without any of it being taken.
    waiting: Option<Instant>,
}

impl Keepalive {
    /// A connection that is alive `now`.
    pub fn new(now: Instant) -> Self {
        Self { heard: now, next: (Due::Ping, QUIET), waiting: None }
    }

    /// Input has come: any byte is a sign of life, also within a stanza that trickles in.
    pub fn heard(&mut self, now: Instant) {
        self.heard = now;
        self.next = (Due::Ping, QUIET);
    }

    /// Output is waiting, or none is any more. `progress` says that some has been taken.
    pub fn output(&mut self, waiting: bool, progress: bool, now: Instant) {
        self.waiting = match self.waiting {
            Some(since) if waiting && !progress => Some(since),
            _ => waiting.then_some(now),
        };
    }

    /// What is due, which counts as done.
    pub fn due(&mut self, now: Instant) -> Due {
        let (due, after) = self.next;
        if self.waiting.is_some_and(|since| since + STUCK <= now) {
            Due::Stuck
        } else if self.heard + after > now {
            Due::Nothing
        } else {
            self.next = match due {
                Due::Ping => (Due::Probe, QUIET + ROUTED),
                _ => (Due::Silent, QUIET + ANSWER),
            };
            due
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn a_quiet_connection_is_pinged_and_then_given_up() {
        let t = Instant::now();
        let mut life = Keepalive::new(t);
        assert_eq!(life.due(at(t, 59)), Due::Nothing);
        assert_eq!(life.due(at(t, 60)), Due::Ping);
        assert_eq!(life.due(at(t, 64)), Due::Nothing);
        assert_eq!(life.due(at(t, 65)), Due::Probe);
        assert_eq!(life.due(at(t, 74)), Due::Nothing);
        assert_eq!(life.due(at(t, 75)), Due::Silent);
    }

    #[test]
    fn any_input_is_life() {
        let t = Instant::now();
        let mut life = Keepalive::new(t);
        assert_eq!(life.due(at(t, 60)), Due::Ping);
        life.heard(at(t, 70));
        assert_eq!(life.due(at(t, 129)), Due::Nothing);
        assert_eq!(life.due(at(t, 130)), Due::Ping);
    }

    #[test]
    fn a_write_that_gets_nowhere_is_death_but_a_slow_one_is_not() {
        let t = Instant::now();
        let mut life = Keepalive::new(t);
        life.output(true, false, t);
        life.output(true, false, at(t, 10));
        assert_eq!(life.due(at(t, 29)), Due::Nothing);
        life.output(true, true, at(t, 20));
        assert_eq!(life.due(at(t, 49)), Due::Nothing);
        assert_eq!(life.due(at(t, 50)), Due::Stuck);
        life.output(false, true, at(t, 51));
        assert_eq!(life.due(at(t, 59)), Due::Nothing);
        assert_eq!(life.due(at(t, 60)), Due::Ping);
    }
}

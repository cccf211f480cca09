//! When a quiet connection is pinged, and when it is given up.
//!
//! Pure: it is told what happened and when, and says what is due.

use std::time::Duration;

use tokio::time::Instant;

/// How often the life signs are looked at.
pub const TICK: Duration = Duration::from_secs(1);

/// So long after a ping without an answer, the server is asked in ways that it cannot pass on.
pub const PROBE_AFTER: Duration = Duration::from_secs(5);

/// The same again and again, since each time another daemon of the same JID may be asked instead.
pub const PROBE_EVERY: Duration = Duration::from_secs(5);

/// So long after a ping without an answer to anything the connection is dead.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// After so long without the server's reading anything the connection is dead.
const READ_WITHIN: Duration = Duration::from_secs(30);

/// A look at the life signs that is so late says that this process was stopped, or its machine. What
/// was waited for in that time could not come.
const STOPPED: Duration = Duration::from_secs(5);

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
    /// How long it may be quiet; without end if there is none.
    interval: Option<Duration>,
    heard: Instant,
    /// When it was pinged since then, and when it is to be probed next.
    pinged: Option<(Instant, Instant)>,
    /// Since when output has been waiting without any of it being taken.
    waiting: Option<Instant>,
    looked: Instant,
}

impl Keepalive {
    /// A connection that is alive `now`, and is pinged after so long without input.
    pub fn new(interval: Option<Duration>, now: Instant) -> Self {
        Self { interval, heard: now, pinged: None, waiting: None, looked: now }
    }

    /// Input has come: any byte is a sign of life, also within a stanza that trickles in, unless that is
    /// too large already.
    pub fn heard(&mut self, now: Instant) {
        self.heard = now;
        self.pinged = None;
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
        self.forgive(now);
        if self.waiting.is_some_and(|since| since + READ_WITHIN <= now) {
            return Due::Stuck;
        }
        match &mut self.pinged {
            Some((pinged, _)) if *pinged + ANSWER_WITHIN <= now => Due::Silent,
            Some((_, probe)) if *probe <= now => {
                *probe = now + PROBE_EVERY;
                Due::Probe
            }
            // While output waits, what the server reads is judged, and a ping could not arrive.
            None if self.waiting.is_some() => Due::Nothing,
            None if self.interval.is_some_and(|interval| self.heard + interval <= now) => {
                self.pinged = Some((now, now + PROBE_AFTER));
                Due::Ping
            }
            _ => Due::Nothing,
        }
    }

    /// Lets no time count in which we could not have heard anything.
    fn forgive(&mut self, now: Instant) {
        let late = now.duration_since(std::mem::replace(&mut self.looked, now));
        if late > STOPPED {
            self.pinged = self.pinged.map(|(pinged, probe)| (pinged + late, probe + late));
            self.waiting = self.waiting.map(|since| since + late);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: Option<Duration> = Some(Duration::from_secs(25));

    /// What is due at each second up to `last`, but for nothing.
    fn due(
        life: &mut Keepalive,
        start: Instant,
        seconds: std::ops::RangeInclusive<u64>,
    ) -> Vec<(u64, Due)> {
        let due = seconds.map(|second| (second, life.due(start + Duration::from_secs(second))));
        due.filter(|(_, due)| *due != Due::Nothing).collect()
    }

    #[test]
    fn a_quiet_connection_is_pinged_probed_and_then_given_up() {
        let start = Instant::now();
        let mut life = Keepalive::new(QUIET, start);
        let expected = [(25, Due::Ping), (30, Due::Probe), (35, Due::Probe), (40, Due::Probe)];
        assert_eq!(due(&mut life, start, 1..=44), expected);
        assert_eq!(
            due(&mut life, start, 45..=55),
            [(45, Due::Probe), (50, Due::Probe), (55, Due::Silent)]
        );
    }

    #[test]
    fn any_input_is_life() {
        let start = Instant::now();
        let mut life = Keepalive::new(QUIET, start);
        assert_eq!(due(&mut life, start, 1..=29), [(25, Due::Ping)]);
        life.heard(start + Duration::from_secs(29));
        assert_eq!(due(&mut life, start, 30..=54), [(54, Due::Ping)]);
    }

    #[test]
    fn without_an_interval_silence_is_no_death() {
        let start = Instant::now();
        let mut life = Keepalive::new(None, start);
        assert_eq!(due(&mut life, start, 1..=100_000), []);
    }

    #[test]
    fn after_a_stop_of_the_process_a_ping_still_has_its_time() {
        for stopped_at in [1, 24, 26, 31, 54] {
            let start = Instant::now();
            let mut life = Keepalive::new(QUIET, start);
            due(&mut life, start, 1..=stopped_at);
            let after = stopped_at + 90;
            let asked = if stopped_at < 25 { after } else { 25 + 90 };
            let dead = due(&mut life, start, after..=after + 40)
                .into_iter()
                .find(|it| it.1 == Due::Silent);
            assert_eq!(dead, Some((asked + 30, Due::Silent)), "stopped after {stopped_at} s");
        }
    }

    #[test]
    fn a_write_that_gets_nowhere_is_death_but_a_slow_one_is_not() {
        let start = Instant::now();
        let at = |second| start + Duration::from_secs(second);
        let mut life = Keepalive::new(None, start);
        life.output(true, false, start);
        life.output(true, false, at(10));
        assert_eq!(due(&mut life, start, 1..=29), []);
        life.output(true, true, at(20));
        assert_eq!(due(&mut life, start, 30..=50), [(50, Due::Stuck)]);
        life.output(false, true, at(51));
        assert_eq!(due(&mut life, start, 51..=100), []);
        life.output(true, false, at(100));
        assert_eq!(life.due(at(190)), Due::Nothing, "it was we who were stopped");
    }
}

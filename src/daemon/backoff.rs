//! How long to wait between tries.
//!
//! It decides nothing and waits for nothing: it says how long.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

/// A session that has lasted so long was a good one. So was one that has answered something.
const GOOD: Duration = Duration::from_secs(10);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The pauses between tries: none at first, then 1 s doubling to 60 s, each up to half shorter by
/// chance, so that many components do not come back to a restarted server in one moment.
#[derive(Debug)]
pub struct Backoff {
    /// Whether the first pause, which is none, is still to come.
    at_once: bool,
    pauses: ExponentialBackoff,
}

impl Backoff {
    /// The pauses from the first on.
    pub fn new() -> Self {
        Self { at_once: true, pauses: pauses() }
    }

    /// The next pause.
    pub fn pause(&mut self) -> Duration {
        if std::mem::take(&mut self.at_once) {
            return Duration::ZERO;
        }
        self.pauses.next().unwrap_or(LONGEST_PAUSE)
    }

    /// A session has ended: after a good one the pauses begin again. After one that answered
    /// something and was short they do so with the second: a server that ends each session may
    /// have something answered in each.
    pub fn session(&mut self, lasted: Duration, answered: bool) {
        if lasted >= GOOD {
            *self = Self::new();
        } else if answered {
            self.pauses = pauses();
        }
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new()
    }
}

fn pauses() -> ExponentialBackoff {
    // backon's jitter makes a delay up to twice as long.
    ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(500))
        .with_max_delay(LONGEST_PAUSE / 2)
        .with_factor(2.0)
        .without_max_times()
        .with_jitter()
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn expect(backoff: &mut Backoff, pauses: &[f32]) {
        for nominal in pauses {
            let pause = backoff.pause().as_secs_f32();
            assert!((nominal / 2.0..=*nominal).contains(&pause), "{pause} for {nominal}");
        }
    }

    #[test]
    fn pauses_double_from_one_second_to_a_minute_with_jitter() {
        expect(&mut Backoff::new(), &[0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]);
    }

    #[test]
    fn a_session_that_lasted_or_answered_something_begins_them_again() {
        const SHORT: Duration = Duration::from_secs(9);
        for (lasted, answered, then) in [
            (GOOD, false, [0.0, 1.0]),
            (GOOD, true, [0.0, 1.0]),
            (SHORT, true, [1.0, 2.0]),
            (SHORT, false, [8.0, 16.0]),
        ] {
            let mut backoff = Backoff::new();
            expect(&mut backoff, &[0.0, 1.0, 2.0, 4.0]);
            backoff.session(lasted, answered);
            expect(&mut backoff, &then);
        }
    }

    #[test]
    fn sessions_that_end_at_once_are_never_followed_by_a_try_without_a_pause() {
        let mut backoff = Backoff::new();
        expect(&mut backoff, &[0.0]);
        for _ in 0..10 {
            backoff.session(Duration::ZERO, true);
            expect(&mut backoff, &[1.0]);
        }
    }
}

//! The flood and loop guard: how many messages a sender gets echoed.
//!
//! Ordinary use never meets it. It ends loops with other services that answer each echo, and keeps
//! one sender from taking all there is. What it remembers does not grow with the senders: each falls
//! into one of a fixed number of cells, by a hash that nobody outside can foresee. It knows no clock
//! but the time it is told.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::FakeRelativeClock;
use governor::state::{InMemoryState, StateStore};
use governor::{Quota, RateLimiter};

/// How many cells there are, of a few bytes each.
const CELLS: usize = 1 << 16;

/// How much a sender may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// So many messages at once.
    pub burst: NonZeroU32,
    /// And so many a second when those are used up.
    pub rate: NonZeroU32,
}

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is within the allowance.
    Echo,
    /// It is the first over the allowance, and its sender is to be told.
    Tell,
    /// Its sender has been told, and the allowance has not been full since.
    Ignore,
}

/// The allowances of all senders.
pub struct Flood {
    limiter: RateLimiter<usize, Cells, FakeRelativeClock>,
    clock: FakeRelativeClock,
    now: Duration,
    /// By cell, until when its senders have been told.
    told: Vec<Duration>,
    /// How long an empty allowance takes to be full again.
    refill: Duration,
    hashes: RandomState,
}

impl Flood {
    /// Everybody with a full allowance.
    pub fn new(allowance: Allowance) -> Self {
        let clock = FakeRelativeClock::default();
        let quota = Quota::per_second(allowance.rate).allow_burst(allowance.burst);
        let cells = Cells((0..CELLS).map(|_| InMemoryState::default()).collect());
        Self {
            limiter: RateLimiter::new(quota, cells, clock.clone()),
            clock,
            now: Duration::ZERO,
            told: vec![Duration::ZERO; CELLS],
            refill: quota.burst_size_replenished_in(),
            hashes: RandomState::new(),
        }
    }

    /// Takes note of the time, as it has passed since some beginning.
    pub fn is_now(&mut self, now: Duration) {
        self.clock.advance(now.saturating_sub(self.now));
        self.now = self.now.max(now);
    }

    /// Counts a message from a bare JID.
    pub fn judge(&mut self, sender: &[u8]) -> Verdict {
        let mut hash = self.hashes.build_hasher();
        hash.write(sender);
        let cell = usize::try_from(hash.finish() % CELLS as u64).unwrap_or_default();
        if self.limiter.check_key(&cell).is_ok() {
            return Verdict::Echo;
        }
        let told = self.told[cell] > self.now;
        self.told[cell] = self.now + self.refill;
        if told { Verdict::Ignore } else { Verdict::Tell }
    }
}

impl std::fmt::Debug for Flood {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_struct("Flood").field("refill", &self.refill).finish_non_exhaustive()
    }
}

/// governor's state, by cell.
struct Cells(Box<[InMemoryState]>);

impl StateStore for Cells {
    type Key = usize;

    fn measure_and_replace<T, F, E>(&self, cell: &usize, measure: F) -> Result<T, E>
    where
        F: Fn(Option<governor::nanos::Nanos>) -> Result<(T, governor::nanos::Nanos), E>,
    {
        self.0[*cell].measure_and_replace(&governor::state::NotKeyed::NonKey, measure)
    }
}

#[cfg(test)]
mod tests {
    use super::Verdict::{Echo, Ignore, Tell};
    use super::*;

    fn flood(burst: u32, rate: u32) -> Flood {
        let [burst, rate] = [burst, rate].map(|it| NonZeroU32::new(it).unwrap());
        Flood::new(Allowance { burst, rate })
    }

    #[test]
    fn ordinary_heavy_use_is_never_touched() {
        let mut flood = flood(10_000, 10);
        assert!((0..9_999).all(|_| flood.judge(b"u@x") == Verdict::Echo));
    }

    #[test]
    fn who_is_over_the_allowance_is_told_once_and_then_ignored() {
        let mut flood = flood(3, 1);
        let verdicts: Vec<Verdict> = (0..6).map(|_| flood.judge(b"u@x")).collect();
        assert_eq!(verdicts, [Echo, Echo, Echo, Tell, Ignore, Ignore]);
        assert_eq!(flood.judge(b"other@x"), Echo, "others are not concerned");
        flood.is_now(Duration::from_secs(1));
        assert_eq!([flood.judge(b"u@x"), flood.judge(b"u@x")], [Echo, Ignore], "a second later");
        flood.is_now(Duration::from_secs(100));
        let verdicts: Vec<Verdict> = (0..4).map(|_| flood.judge(b"u@x")).collect();
        assert_eq!(verdicts, [Echo, Echo, Echo, Tell], "when it has refilled");
    }

    #[test]
    fn a_million_senders_take_no_more_memory_than_one() {
        let mut flood = flood(10_000, 10);
        for sender in 0..1_000_000_u32 {
            assert_eq!(flood.judge(&sender.to_le_bytes()), Verdict::Echo);
        }
        assert_eq!((flood.told.len(), flood.limiter.into_state_store().0.len()), (CELLS, CELLS));
    }
}

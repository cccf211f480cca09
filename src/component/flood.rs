//! The flood and loop guard: how much a sender gets echoed.
//!
//! Ordinary use never meets it. It ends loops with other services that answer each echo, and keeps
//! one sender from taking all there is. What it remembers does not grow with the senders: each falls
//! into one of a fixed number of cells, by a hash that nobody outside can foresee. It knows no clock
//! but the time it is told.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::num::NonZeroU32;
use std::time::Duration;

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

/// The allowance that some senders share.
#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    /// When it will be full again.
    full: Duration,
    /// Until when its senders have been told.
    told: Duration,
}

/// The allowances of all senders.
#[derive(Debug)]
pub struct Flood {
    cells: Vec<Cell>,
    now: Duration,
    /// How long one message takes to be made good.
    each: Duration,
    /// How long an empty allowance takes to be full again.
    refill: Duration,
    hashes: RandomState,
}

impl Flood {
    /// Everybody with a full allowance.
    pub fn new(allowance: Allowance) -> Self {
        let each = Duration::from_secs(1) / allowance.rate.get();
        Self {
            cells: vec![Cell::default(); CELLS],
            now: Duration::ZERO,
            each,
            refill: each * allowance.burst.get(),
            hashes: RandomState::new(),
        }
    }

    /// Takes note of the time, as it has passed since some beginning.
    pub fn is_now(&mut self, now: Duration) {
        self.now = self.now.max(now);
    }

    /// Counts a message from a bare JID, by the generic cell rate algorithm (ITU-T I.371 annex A).
    pub fn judge(&mut self, sender: &[u8]) -> Verdict {
        let nth = usize::try_from(self.hashes.hash_one(sender) % CELLS as u64).unwrap_or_default();
        let cell = &mut self.cells[nth];
        let full = cell.full.max(self.now) + self.each;
        if full <= self.now + self.refill {
            cell.full = full;
            return Verdict::Echo;
        }
        let told = cell.told > self.now;
        cell.told = self.now + self.refill;
        if told { Verdict::Ignore } else { Verdict::Tell }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
        assert_eq!(flood.cells.len(), CELLS);
    }

    proptest! {
        /// Against a plain account: so many units, refilled as time goes on.
        #[test]
        fn as_many_are_echoed_as_an_account_of_whole_units_would_allow(
            burst in 1_u32..20,
            rate in prop::sample::select(vec![1_u32, 2, 4, 5, 10, 20]),
            pauses in prop::collection::vec(0_u64..3_000, 1..200),
        ) {
            let mut flood = flood(burst, rate);
            // In thousandths, of which a millisecond brings `rate`.
            let (full, mut account, mut now) = (u64::from(burst) * 1000, u64::from(burst) * 1000, 0);
            for pause in pauses {
                now += pause;
                flood.is_now(Duration::from_millis(now));
                account = full.min(account + pause * u64::from(rate));
                let enough = account >= 1000;
                account -= if enough { 1000 } else { 0 };
                prop_assert_eq!(flood.judge(b"u@x") == Echo, enough, "at {} ms", now);
            }
        }
    }
}

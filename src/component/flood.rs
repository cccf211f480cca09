//! The flood and loop guard: how much each sender gets answered.
//!
//! Ordinary use never meets it. It ends loops with other services that answer each echo, and keeps
//! one sender from taking all there is. What it remembers does not grow with the senders: each falls
//! into one of a fixed number of cells, by a hash that nobody outside can foresee. It knows no clock
//! but the time it is told.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::num::NonZeroU32;
use std::time::Duration;

/// How many cells there are, of a few bytes each.
const CELLS: usize = 1 << 16;

/// A message of at most so many bytes takes one unit of the allowance, and one more for each as many
/// again. Otherwise two services could pass a large message round for ever below any rate.
const UNIT_BYTES: usize = 2 << 10;

/// A request takes so many units, by what answering it costs.
const REQUEST_UNITS: u32 = 5;

/// Time since some beginning. They last for 500 years, and are counted for each message.
type Nanoseconds = u64;

/// How much a sender may send, in units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// So many at once.
    pub burst: NonZeroU32,
    /// So many come back each second.
    pub rate: NonZeroU32,
}

/// What a message of so many bytes takes.
pub fn message_units(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX)
}

/// What a request of so many bytes takes.
pub fn request_units(bytes: usize) -> u32 {
    message_units(bytes).saturating_mul(REQUEST_UNITS)
}

/// What becomes of a message or a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is within the allowance.
    Within,
    /// It is the first over the allowance, and its sender is to be told.
    First,
    /// Its sender has been told, and the allowance has not been full since.
    Over,
}

/// The allowance that some senders share.
#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    /// When it will be full again.
    full: Nanoseconds,
    /// Until when its senders have been told.
    told: Nanoseconds,
}

/// The allowances of all senders.
#[derive(Debug)]
pub struct Flood {
    cells: Vec<Cell>,
    now: Nanoseconds,
    /// How long one unit takes to be made good.
    each: Nanoseconds,
    /// How long an empty allowance takes to be full again.
    refill: Nanoseconds,
    hashes: RandomState,
}

impl Flood {
    /// Everybody with a full allowance.
    pub fn new(allowance: Allowance) -> Self {
        let each = Nanoseconds::from(1_000_000_000 / allowance.rate).max(1);
        Self {
            cells: vec![Cell::default(); CELLS],
            now: 0,
            each,
            refill: each * Nanoseconds::from(allowance.burst.get()),
            hashes: RandomState::new(),
        }
    }

    /// Takes note of the time, as it has passed since some beginning.
    pub fn set_now(&mut self, now: Duration) {
        self.now = self.now.max(Nanoseconds::try_from(now.as_nanos()).unwrap_or(self.now));
    }

    /// Takes so many units from the allowance of a bare JID, by the generic cell rate algorithm (ITU-T
    /// I.371 annex A). Whoever has a full allowance may do anything once.
    pub fn judge(&mut self, sender: &[u8], units: u32) -> Verdict {
        let mut hasher = self.hashes.build_hasher();
        hasher.write(sender);
        let nth = usize::try_from(hasher.finish() % CELLS as u64).unwrap_or_default();
        let cell = &mut self.cells[nth];
        let full = cell.full.max(self.now) + self.each * Nanoseconds::from(units);
        if full <= self.now + self.refill || cell.full <= self.now {
            cell.full = full;
            return Verdict::Within;
        }
        let told = cell.told > self.now;
        cell.told = self.now + self.refill;
        if told { Verdict::Over } else { Verdict::First }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Verdict::{First, Over, Within};
    use super::*;

    fn flood(burst: u32, rate: u32) -> Flood {
        let [burst, rate] = [burst, rate].map(|it| NonZeroU32::new(it).unwrap());
        Flood::new(Allowance { burst, rate })
    }

    #[test]
    fn ordinary_heavy_use_is_never_touched() {
        let mut flood = flood(10_000, 10);
        assert!((0..9_999).all(|_| flood.judge(b"u@x", 1) == Verdict::Within));
    }

    #[test]
    fn who_is_over_the_allowance_is_told_once_and_then_ignored() {
        let mut flood = flood(3, 1);
        let verdicts: Vec<Verdict> = (0..6).map(|_| flood.judge(b"u@x", 1)).collect();
        assert_eq!(verdicts, [Within, Within, Within, First, Over, Over]);
        assert_eq!(flood.judge(b"other@x", 1), Within, "others are not concerned");
        flood.set_now(Duration::from_secs(1));
        assert_eq!(
            [flood.judge(b"u@x", 1), flood.judge(b"u@x", 1)],
            [Within, Over],
            "a second later"
        );
        flood.set_now(Duration::from_secs(100));
        let verdicts: Vec<Verdict> = (0..4).map(|_| flood.judge(b"u@x", 1)).collect();
        assert_eq!(verdicts, [Within, Within, Within, First], "when it has refilled");
    }

    #[test]
    fn a_million_senders_take_no_more_memory_than_one() {
        let mut flood = flood(10_000, 10);
        for sender in 0..1_000_000_u32 {
            assert_eq!(flood.judge(&sender.to_le_bytes(), 1), Verdict::Within);
        }
        assert_eq!(flood.cells.len(), CELLS);
    }

    #[test]
    fn a_large_message_takes_as_much_as_several_small_ones() {
        assert_eq!([0, 1, 2_048, 2_049, 8_192].map(message_units), [0, 1, 1, 2, 4]);
        assert_eq!([1, 2_049].map(request_units), [5, 10]);
        let mut flood = flood(10, 1);
        let verdicts: Vec<Verdict> = (0..4).map(|_| flood.judge(b"u@x", 4)).collect();
        assert_eq!(verdicts, [Within, Within, First, Over]);
    }

    #[test]
    fn a_full_allowance_is_enough_for_anything_once() {
        let mut flood = flood(2, 1);
        assert_eq!([flood.judge(b"u@x", 7), flood.judge(b"u@x", 1)], [Within, First]);
        flood.set_now(Duration::from_secs(7));
        assert_eq!(flood.judge(b"u@x", 7), Within, "seven seconds later");
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
                flood.set_now(Duration::from_millis(now));
                account = full.min(account + pause * u64::from(rate));
                let enough = account >= 1000;
                account -= if enough { 1000 } else { 0 };
                prop_assert_eq!(flood.judge(b"u@x", 1) == Within, enough, "at {} ms", now);
            }
        }
    }
}

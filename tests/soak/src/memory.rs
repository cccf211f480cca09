//! How much memory a process takes, as the kernel tells it.

use std::fs;

/// The most that a daemon may ever take, in KiB.
const MOST: u64 = 32 << 10;

/// How much more it may take in the end than at first, in KiB.
const GROWTH: u64 = 1 << 10;

/// Fewer samples say nothing about growth.
const ENOUGH: usize = 60;

/// In KiB: now, and at most so far. Nothing if the process has ended.
pub fn of(pid: u32) -> Option<(u64, u64)> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse().ok()
    };
    Some((field("VmRSS:")?, field("VmHWM:")?))
}

/// What is wrong with the memory of a run: what the largest daemon took second by second, and the most
/// that one ever took. The first quarter is for it to get warm, with large messages too.
pub fn complaints(resident: &[u64], peak: u64) -> Vec<String> {
    let mut complaints = vec![];
    if peak >= MOST {
        complaints.push(format!("{peak} KiB at its peak, and {MOST} are too many"));
    }
    if resident.len() >= ENOUGH {
        let quarter = resident.len() / 4;
        // Large messages come and go, and what the allocator keeps of them does too: the most counts.
        let early = resident[quarter..2 * quarter].iter().max().copied().unwrap_or_default();
        let late = resident[resident.len() - quarter..].iter().max().copied().unwrap_or_default();
        if late > early + GROWTH {
            complaints.push(format!("{early} KiB early became {late} KiB late"));
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_that_grows_or_is_too_much_is_complained_of() {
        let steady: Vec<u64> = (0..100).map(|n| if n % 9 == 0 { 9000 } else { 6000 }).collect();
        let growing: Vec<u64> = (0..100).map(|n| 6000 + n * 40).collect();
        let warming: Vec<u64> = (0..100).map(|n| if n < 25 { 3000 } else { 6000 }).collect();
        for (resident, peak, complains) in [
            (&steady[..], 9000, 0),
            (&growing, 9000, 1),
            (&warming, 9000, 0),
            (&steady, MOST, 1),
            (&growing, MOST, 2),
            (&growing[..ENOUGH - 1], 9000, 0),
        ] {
            assert_eq!(complaints(resident, peak).len(), complains, "{resident:?}, {peak}");
        }
    }
}

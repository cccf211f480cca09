//! What processes have used of the processors, by the scheduler's own count of each thread.

use std::fs;
use std::time::Duration;

/// Processor time up to a moment.
#[derive(Clone, Copy)]
pub struct Cost(Duration);

impl Cost {
    /// That of these processes up to now. Threads that have ended do not count, but none does here.
    pub fn of(processes: &[u32]) -> Self {
        let threads = |id: &u32| fs::read_dir(format!("/proc/{id}/task")).into_iter().flatten();
        let nanoseconds = processes.iter().flat_map(threads).filter_map(|thread| {
            let counted = fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
            counted.split_whitespace().next()?.parse::<u64>().ok()
        });
        Self(Duration::from_nanos(nanoseconds.sum()))
    }

    /// What was used since `before`.
    pub fn since(self, before: &Self) -> Duration {
        self.0.saturating_sub(before.0)
    }
}

//! What processes have used of the processors, by the scheduler's own count of each thread.

use std::fs;
use std::time::Duration;

/// Processor time up to a moment.
#[derive(Clone, Copy)]
pub struct Cost(Duration);

impl Cost {
    /// That of these processes up to now. Threads that have ended do not count, but none does here.
    ///
    /// # Errors
    /// That a process is gone, or that the kernel does not count: its share would come out as nothing.
    pub fn of(processes: &[u32]) -> Result<Self, String> {
        let mut nanoseconds = 0;
        for id in processes {
            let threads = fs::read_dir(format!("/proc/{id}/task"))
                .map_err(|error| format!("process {id} is gone: {error}"))?;
            let counted = threads.filter_map(|thread| {
                let counted = fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
                counted.split_whitespace().next()?.parse::<u64>().ok()
            });
            match counted.sum::<u64>() {
                0 => return Err(format!("the kernel keeps no schedstat of process {id}")),
                used => nanoseconds += used,
            }
        }
        Ok(Self(Duration::from_nanos(nanoseconds)))
    }

    /// What was used since `before`.
    pub fn since(self, before: &Self) -> Duration {
        self.0.saturating_sub(before.0)
    }
}

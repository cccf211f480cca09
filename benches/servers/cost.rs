//! What processes have used of the processors, by the scheduler's own count of each thread, and what
//! the whole machine has.

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

/// What all processes of the machine have used, and how much there was to use, in the kernel's ticks.
#[derive(Clone, Copy)]
pub struct Machine {
    idle: u64,
    all: u64,
}

impl Machine {
    /// Up to now.
    ///
    /// # Errors
    /// That the kernel does not tell.
    pub fn now() -> Result<Self, String> {
        let counts = fs::read_to_string("/proc/stat").unwrap_or_default();
        let first = counts.lines().next().unwrap_or_default();
        // What guests use, after these eight, is in user's already; the fourth and fifth are idle's.
        let ticks = first.split_whitespace().skip(1).take(8).map(str::parse);
        match ticks.collect::<Result<Vec<u64>, _>>().as_deref() {
            Ok(ticks @ [_, _, _, idle, waiting, ..]) => {
                Ok(Self { idle: idle + waiting, all: ticks.iter().sum() })
            }
            _ => Err("/proc/stat does not tell what the machine does".to_owned()),
        }
    }

    /// What was used since `before`, of all cores together, from 0 to 1.
    #[allow(clippy::cast_precision_loss)] // Far below 2^52.
    pub fn busy_since(self, before: &Self) -> f64 {
        let all = self.all.saturating_sub(before.all).max(1);
        1.0 - self.idle.saturating_sub(before.idle) as f64 / all as f64
    }
}

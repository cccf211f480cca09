//! How long the daemon waits before it tries again, as its log says.

use std::time::Duration;

/// The pause that a line announces.
#[track_caller]
pub fn pause(line: &str) -> Duration {
    let said = line.split("retry_s=").nth(1).expect("a line about the next try");
    Duration::from_secs_f32(said.split(' ').next().unwrap_or(said).parse().expect("seconds"))
}

/// None, then 1 s doubling, each up to half shorter by chance.
#[track_caller]
pub fn grow(pauses: &[Duration]) {
    assert_eq!(pauses[0], Duration::ZERO);
    for (pause, nominal) in pauses[1..].iter().zip([1.0, 2.0, 4.0, 8.0]) {
        let seconds = pause.as_secs_f32();
        assert!((nominal / 2.0 - 0.1..=nominal + 0.1).contains(&seconds), "{pauses:?}");
    }
}

//! How long the daemon waits before it tries again, as its log says.

use std::time::Duration;

/// The pause that a line announces.
#[track_caller]
pub fn pause(line: &str) -> Duration {
    let said = line.split("next_try=").nth(1).expect("a line about the next try");
    match said.trim_matches('"').trim_start_matches("in ").split(' ').next() {
        Some("at") => Duration::ZERO,
        Some(seconds) => Duration::from_secs_f32(seconds.parse().expect("seconds")),
        None => unreachable!("split gives at least one part"),
    }
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

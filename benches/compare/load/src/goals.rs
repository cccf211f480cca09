//! What the daemon is meant to reach beside the others, and whether it does.

use crate::compare::{Cell, Results};
use crate::measure::Sample;
use crate::messages::{KINDS, LARGE, RICH, SMALL};
use crate::peers::{COMPONENT, FRAMER, OURS, PEERS, SLIXMPP, TCP, XMPPJS};
use crate::stats::{Spread, as_f64};
use crate::words::{figure, memory, spread, time};

pub struct Goal {
    pub what: String,
    pub wanted: String,
    pub measured: String,
    pub met: bool,
}

/// The goals for which there are figures.
pub fn goals(results: &Results) -> Vec<Goal> {
    let mut goals = Vec::new();
    for (kind, other, wanted) in [
        (SMALL, COMPONENT, 30.0),
        (RICH, COMPONENT, 30.0),
        (SMALL, XMPPJS, 15.0),
        (SMALL, SLIXMPP, 100.0),
        (SMALL, FRAMER, 0.75),
        (RICH, FRAMER, 0.75),
    ] {
        // As many messages in a CPU-second as the other takes more time for each.
        let ratio = ratio(&results[kind][other], &results[kind][OURS], |sample| sample.cpu);
        let what =
            format!("messages per CPU-second, {}, to {}", KINDS[kind].name, PEERS[other].what);
        goals.extend(ratio.map(|measured| Goal {
            what,
            wanted: format!("at least {wanted} times"),
            measured: spread(measured, figure),
            met: measured.median >= wanted,
        }));
    }
    let p50 = |sample: &Sample| sample.p50.as_secs_f64();
    let trip = ratio(&results[SMALL][OURS], &results[SMALL][TCP], p50);
    goals.extend(trip.map(|measured| Goal {
        what: "round-trip p50, small, to raw TCP echo".to_owned(),
        wanted: "at most 1.1 times".to_owned(),
        measured: spread(measured, figure),
        met: measured.median <= 1.1,
    }));
    let ours = || {
        results
            .iter()
            .enumerate()
            .flat_map(|(k, row)| row[OURS].samples.iter().map(move |sample| (k, sample)))
    };
    let peaks = ours().filter(|(k, _)| *k != LARGE).map(|(_, sample)| as_f64(sample.peak_kib));
    goals.extend(Spread::of(peaks).map(|peak| Goal {
        what: "peak memory, all kinds but large".to_owned(),
        wanted: "at most 8 MiB".to_owned(),
        measured: memory(peak.max),
        met: peak.max <= 8.0 * 1024.0,
    }));
    let starts = ours().map(|(_, sample)| sample.online.as_secs_f64() * 1e9);
    goals.extend(Spread::of(starts).map(|online| Goal {
        what: "start to online".to_owned(),
        wanted: "under 20 ms".to_owned(),
        measured: spread(online, time),
        met: online.median < 20e6,
    }));
    goals
}

/// How many times one cell's value is another's, round by round, since what slows one round slows
/// both.
pub fn ratio(one: &Cell, other: &Cell, value: impl Fn(&Sample) -> f64) -> Option<Spread> {
    let pairs = one.samples.iter().zip(&other.samples);
    Spread::of(pairs.map(|(one, other)| value(one) / value(other)))
}

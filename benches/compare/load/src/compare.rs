//! The rounds: for each kind of message every peer in turn, over and over, so that what else the
//! machine does falls on all alike.

use crate::measure::{Bench, Sample, Task};
use crate::messages::{KINDS, Ring};
use crate::options::Options;
use crate::peers::PEERS;

/// What one peer did with one kind of message.
#[derive(Clone, Default)]
pub struct Cell {
    /// One for each round.
    pub samples: Vec<Sample>,
    /// Why there are no more.
    pub failure: Option<String>,
}

/// The cells by kind and peer, both in the order of their tables.
pub type Results = Vec<Vec<Cell>>;

pub fn compare(bench: &Bench, options: &Options) -> Results {
    let rings: Vec<Ring> =
        KINDS.iter().map(|kind| Ring::new(kind.shape, kind.senders, kind.window)).collect();
    let mut results: Results = vec![vec![Cell::default(); PEERS.len()]; KINDS.len()];
    for round in 1..=options.rounds {
        for (k, kind) in KINDS.iter().enumerate() {
            for (p, peer) in PEERS.iter().enumerate() {
                let cell = &mut results[k][p];
                // Whoever dies of a message would only die of it again.
                if !options.wants(peer.name) || cell.failure.is_some() {
                    continue;
                }
                let task =
                    Task { peer, ring: &rings[k], window: kind.window, pace: options.pace() };
                let outcome = bench.run(&task);
                let place = format!("round {round}/{}  {:5}", options.rounds, kind.name);
                println!("{place}  {:14}  {}", peer.name, summary(&outcome));
                match outcome {
                    Ok(sample) => cell.samples.push(sample),
                    Err(reason) => cell.failure = Some(reason),
                }
            }
        }
    }
    results
}

fn summary(outcome: &Result<Sample, String>) -> String {
    match outcome {
        Ok(sample) => format!(
            "{:9.2} µs CPU a message, {:9.2} µs wall, p50 {:.1?}, peak {} KiB, online in {:.1?}",
            sample.cpu / 1e3,
            sample.wall / 1e3,
            sample.p50,
            sample.peak_kib,
            sample.online,
        ),
        Err(reason) => reason.clone(),
    }
}

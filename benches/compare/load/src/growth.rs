//! How the daemon's cost grows with the size, the depth and the number of senders.

use std::time::Duration;

use crate::measure::{Bench, Pace, Task};
use crate::messages::{Ring, Shape};
use crate::options::Options;
use crate::peers::{OURS, PEERS};
use crate::stats::as_f64;
use crate::words::time;

/// One thing that grows while all else stays as it is.
pub struct Series {
    pub grows: &'static str,
    /// Whether the cost is told for each byte, or for each message.
    pub by_byte: bool,
    pub points: Vec<Point>,
    pub failures: Vec<String>,
}

pub struct Point {
    pub x: u64,
    /// Bytes of one message.
    pub bytes: f64,
    /// CPU nanoseconds for each message, one for each round.
    pub cpu: Vec<f64>,
    pub peak_kib: u64,
}

const SMALL: Shape = Shape { body: 80, extensions: false, depth: 0 };
const SIZES: [usize; 9] = [100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 500_000];
const DEPTHS: [usize; 7] = [1, 10, 100, 1_000, 5_000, 20_000, 50_000];
const SENDERS: [usize; 7] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000];

pub fn grow(bench: &Bench, options: &Options) -> Vec<Series> {
    let size = |x| (Shape { body: x, ..SMALL }, 2_000.min(8_000_000 / x));
    let depth = |x| (Shape { depth: x, ..SMALL }, 2_000.min(1_000_000 / x).max(16));
    let senders = |x| (SMALL, x);
    vec![
        series(bench, options, "size of the body in bytes", &SIZES, size),
        series(bench, options, "nested elements", &DEPTHS, depth),
        series(bench, options, "senders", &SENDERS, senders),
    ]
}

fn series(
    bench: &Bench,
    options: &Options,
    grows: &'static str,
    xs: &[usize],
    message: impl Fn(usize) -> (Shape, usize),
) -> Series {
    let by_byte = grows != "senders";
    let mut series = Series { grows, by_byte, points: Vec::new(), failures: Vec::new() };
    let mut tasks = Vec::new();
    for &x in xs {
        let (shape, senders) = message(x);
        let (ring, window) = ring(shape, senders);
        let bytes = as_f64(ring.text.len() as u64) / as_f64(ring.len());
        tasks.push((ring, window));
        series.points.push(Point { x: x as u64, bytes, cpu: Vec::new(), peak_kib: 0 });
    }
    let pace = Pace { single: Duration::ZERO, ..options.pace() };
    let rounds = if options.quick { 1 } else { 3 };
    for round in 1..=rounds {
        for (point, (ring, window)) in series.points.iter_mut().zip(&tasks) {
            let task = Task { peer: &PEERS[OURS], ring, window: *window, pace };
            let outcome = bench.run(&task).map(|sample| {
                point.cpu.push(sample.cpu);
                point.peak_kib = point.peak_kib.max(sample.peak_kib);
                format!("{} CPU a message, peak {} KiB", time(sample.cpu), sample.peak_kib)
            });
            let words = outcome.as_ref().unwrap_or_else(|reason| reason);
            println!("growth {round}/{rounds}  {:8} {grows}: {words}", point.x);
            if let Err(reason) = outcome {
                series.failures.push(format!("{} {grows}: {reason}", point.x));
            }
        }
        // What fails here fails in every round, and would only take its time again.
        if !series.failures.is_empty() {
            break;
        }
    }
    series
}

/// A ring whose messages under way come to about the same bytes, whatever the size of one.
fn ring(shape: Shape, senders: usize) -> (Ring, u64) {
    const UNDER_WAY: usize = 400_000;
    let about = 150 + shape.body + 7 * shape.depth;
    let window = (UNDER_WAY / about).clamp(4, 1_000) as u64;
    (Ring::new(shape, senders, window), window)
}

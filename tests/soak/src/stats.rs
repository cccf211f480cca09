//! What is counted, and latencies as a histogram whose size does not grow.

use std::time::Duration;

use crate::stanza::Answer;

/// How finely each doubling of a latency is told apart.
const STEPS: u32 = 8;

/// The counts of one lane, or of all.
#[derive(Debug, Default, Clone)]
pub struct Counts {
    /// Messages and other stanzas sent.
    pub sent: u64,
    /// Echoes, exact to the byte.
    pub echoes: u64,
    /// Errors with the right id and condition.
    pub bounces: u64,
    /// Requests answered.
    pub results: u64,
    /// Stanzas rightly not answered.
    pub silences: u64,
    /// Stanzas whose answer a disconnect took along.
    pub taken: u64,
    /// Disconnects, by kind.
    pub disconnects: [u64; 5],
    /// Latencies since they were last asked for.
    pub latencies: Latencies,
}

impl Counts {
    /// Counts an answer that has come.
    pub fn file(&mut self, answer: &Answer, latency: Duration) {
        match answer {
            Answer::Echo(_) => self.echoes += 1,
            Answer::Bounce(..) => self.bounces += 1,
            Answer::Result(_) => self.results += 1,
            Answer::Silence => self.silences += 1,
        }
        if *answer != Answer::Silence {
            self.latencies.add(latency);
        }
    }

    /// Adds those of another lane, which begin again.
    pub fn take(&mut self, other: &mut Self) {
        let other = std::mem::take(other);
        self.sent += other.sent;
        self.echoes += other.echoes;
        self.bounces += other.bounces;
        self.results += other.results;
        self.silences += other.silences;
        self.taken += other.taken;
        for (own, other) in self.disconnects.iter_mut().zip(other.disconnects) {
            *own += other;
        }
        self.latencies.merge(&other.latencies);
    }
}

/// How often a latency of about so much was seen.
#[derive(Debug, Clone)]
pub struct Latencies([u64; 40 * STEPS as usize]);

impl Default for Latencies {
    fn default() -> Self {
        Self([0; 40 * STEPS as usize])
    }
}

impl Latencies {
    fn add(&mut self, latency: Duration) {
        let micros = latency.as_micros().clamp(1, 1 << 38) as f64;
        self.0[(micros.log2() * f64::from(STEPS)) as usize] += 1;
    }

    /// Adds those of another.
    pub fn merge(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(own, other)| *own += other);
    }

    /// The latency that such a part of all stays below, in milliseconds.
    pub fn quantile(&self, part: f64) -> f64 {
        let all: u64 = self.0.iter().sum();
        let mut seen = 0;
        for (step, count) in (1..).zip(self.0) {
            seen += count;
            if seen > 0 && seen as f64 >= all as f64 * part {
                return (f64::from(step) / f64::from(STEPS)).exp2() / 1000.0;
            }
        }
        0.0
    }
}

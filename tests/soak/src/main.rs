//! The soak test: plays the server for one or more daemons for as many messages as asked for, prints
//! throughput, latencies and memory as it goes, and draws them.

// Counts become coordinates and rates here, and none is anywhere near 2^52.
#![allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]

mod lane;
mod memory;
mod options;
mod peer;
mod plot;
mod stanza;
mod stats;

use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};
use std::{env, fs, io};

use lane::{Lane, Plan, WAYS};
use options::Options;
use plot::Panel;
use stats::{Counts, Latencies};

/// What one second was like.
struct Sample {
    seconds: f64,
    rate: f64,
    median: f64,
    p99: f64,
    /// In KiB.
    resident: u64,
    most: u64,
}

fn main() -> ExitCode {
    let options = match Options::read(env::args().skip(1)) {
        Ok(options) => options,
        Err(words) => {
            println!("{words}");
            return ExitCode::from(64);
        }
    };
    match soak(&options) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(faults) => {
            println!("{faults} faults");
            ExitCode::FAILURE
        }
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs all lanes and says how many failed.
fn soak(options: &Options) -> io::Result<usize> {
    let logs = env::temp_dir().join(format!("echo-component-soak-{}", std::process::id()));
    fs::create_dir(&logs)?;
    let share = options.messages.div_ceil(options.daemons);
    let plan = |lane: u64| Plan {
        first: lane * share,
        messages: share.min(options.messages.saturating_sub(lane * share)),
        disconnect_every: options.disconnect_every,
        senders: options.senders,
    };
    let plans: Vec<_> = (0..options.daemons).map(plan).filter(|plan| plan.messages > 0).collect();
    let log = |lane| logs.join(format!("{lane}.log"));
    let start = |(lane, plan)| Lane::start(&options.daemon, &log(lane), plan);
    let lanes = plans.iter().enumerate().map(start).collect::<io::Result<Vec<_>>>()?;
    let mut faults = 0;
    let mut table = Table::new(options, &lanes);
    thread::scope(|scope| {
        let running: Vec<_> =
            lanes.iter().zip(&plans).map(|(lane, plan)| scope.spawn(|| lane.run(plan))).collect();
        while running.iter().any(|lane| !lane.is_finished()) {
            thread::sleep(Duration::from_secs(1));
            table.second();
        }
        for (nth, lane) in running.into_iter().enumerate() {
            if let Err(fault) = lane.join().unwrap_or_else(|_| Err("panicked".into())) {
                println!("daemon {nth}: {fault}");
                faults += 1;
            }
        }
    });
    table.end();
    for lane in 0..plans.len() {
        let said = fs::read_to_string(log(lane))?;
        if said.contains("panicked") || said.contains("ERROR") {
            println!("daemon {lane} logged:\n{said}");
            faults += 1;
        }
    }
    for complaint in table.complaints() {
        println!("memory: {complaint}");
        faults += 1;
    }
    fs::remove_dir_all(&logs)?;
    fs::write(&options.plot, table.plot())?;
    println!("plot: {}", options.plot.display());
    Ok(faults)
}

fn daemons(options: &Options) -> String {
    if options.daemons == 1 { "one daemon".into() } else { format!("{} daemons", options.daemons) }
}

/// What is printed.
struct Table<'a> {
    options: &'a Options,
    lanes: &'a [Lane],
    start: Instant,
    total: Counts,
    row: Latencies,
    row_start: (f64, u64),
    samples: Vec<Sample>,
    ticks: u64,
}

impl<'a> Table<'a> {
    fn new(options: &'a Options, lanes: &'a [Lane]) -> Self {
        println!(
            "{} messages of {} senders, a disconnect every {}, {}\n\
             RSS and its peak are those of the largest daemon.\n",
            options.messages,
            options.senders,
            options.disconnect_every,
            daemons(options)
        );
        println!(
            "{:>6} {:>10} {:>8} {:>8} {:>8} {:>8} {:>9} {:>9} {:>11}",
            "s",
            "sent",
            "a second",
            "p50 ms",
            "p99 ms",
            "max ms",
            "RSS KiB",
            "peak KiB",
            "disconnects"
        );
        Self {
            options,
            lanes,
            start: Instant::now(),
            total: Counts::default(),
            row: Latencies::default(),
            row_start: (0.0, 0),
            samples: vec![],
            ticks: 0,
        }
    }

    /// Takes a sample, and prints a row if it is time.
    fn second(&mut self) {
        let sent = self.total.sent;
        self.total.latencies = Latencies::default();
        for lane in self.lanes {
            self.total.take(&mut lane.counts.lock().expect("no lane panics"));
        }
        let seconds = self.start.elapsed().as_secs_f64();
        let last = self.samples.last().map_or(0.0, |sample| sample.seconds);
        let memory = || self.lanes.iter().filter_map(|lane| memory::of(lane.pid()));
        let latencies = &self.total.latencies;
        let known = memory().next().is_some();
        let before = self.samples.last().map_or((0, 0), |s| (s.resident, s.most));
        let sample = Sample {
            seconds,
            rate: (self.total.sent - sent) as f64 / (seconds - last),
            median: latencies.quantile(0.5),
            p99: latencies.quantile(0.99),
            // Those that have ended take none, which would only mislead.
            resident: if known { memory().map(|m| m.0).max().unwrap_or(0) } else { before.0 },
            most: before.1.max(memory().map(|m| m.1).max().unwrap_or(0)),
        };
        self.samples.push(sample);
        self.row.merge(&self.total.latencies);
        self.ticks += 1;
        if self.ticks.is_multiple_of(self.options.every) {
            self.print_row();
        }
    }

    fn print_row(&mut self) {
        let Some(sample) = self.samples.last() else { return };
        let (since, sent) = self.row_start;
        println!(
            "{:>6.0} {:>10} {:>8.0} {:>8.2} {:>8.2} {:>8.2} {:>9} {:>9} {:>11}",
            sample.seconds,
            self.total.sent,
            (self.total.sent - sent) as f64 / (sample.seconds - since),
            self.row.quantile(0.5),
            self.row.quantile(0.99),
            self.row.quantile(1.0),
            sample.resident,
            sample.most,
            self.total.disconnects.iter().sum::<u64>()
        );
        self.row_start = (sample.seconds, self.total.sent);
        self.row = Latencies::default();
    }

    fn end(&mut self) {
        self.second();
        if self.total.sent > self.row_start.1 {
            self.print_row();
        }
        let Counts { sent, echoes, bounces, results, silences, taken, disconnects, .. } =
            &self.total;
        println!(
            "\nsent {sent}: echoed {echoes}, bounced {bounces}, requests answered {results}, \
             rightly not answered {silences}, taken by a disconnect {taken}, otherwise lost {}",
            sent - echoes - bounces - results - silences - taken
        );
        let ways: Vec<_> =
            WAYS.iter().zip(disconnects).map(|(way, count)| format!("{way} {count}")).collect();
        println!("disconnects: {}", ways.join(", "));
    }

    fn complaints(&self) -> Vec<String> {
        let resident: Vec<_> = self.samples.iter().map(|sample| sample.resident).collect();
        memory::complaints(&resident, self.samples.last().map_or(0, |sample| sample.most))
    }

    fn plot(&self) -> String {
        let line = |value: fn(&Sample) -> f64| {
            self.samples.iter().map(|sample| (sample.seconds, value(sample))).collect()
        };
        let heading = format!(
            "{} messages of {} senders, {} disconnects, {}",
            plot::grouped(self.total.sent),
            plot::grouped(self.options.senders),
            plot::grouped(self.total.disconnects.iter().sum::<u64>()),
            daemons(self.options)
        );
        let panels = [
            Panel { title: "Messages a second", series: vec![("all daemons", line(|s| s.rate))] },
            Panel {
                title: "Time to the answer, ms",
                series: vec![("median", line(|s| s.median)), ("99 %", line(|s| s.p99))],
            },
            Panel {
                title: "Memory of the largest daemon, MiB",
                series: vec![
                    ("resident", line(|s| s.resident as f64 / 1024.0)),
                    ("peak", line(|s| s.most as f64 / 1024.0)),
                ],
            },
        ];
        plot::svg(&heading, &panels)
    }
}

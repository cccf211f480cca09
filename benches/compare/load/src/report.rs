//! The report in Markdown.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use crate::compare::{Cell, Results};
use crate::goals::{goals, ratio};
use crate::growth::Series;
use crate::measure::{Bench, Sample};
use crate::messages::KINDS;
use crate::options::Options;
use crate::peers::{COMPONENT, PEERS, version};
use crate::stats::{Spread, as_f64};
use crate::words::{commas, figure, memory, spread, time};

const ABOUT: &str = "\
The load generator plays the server: it accepts each peer's login, sends it messages from many \
senders with a bounded number under way, and checks that every echo is the right one, in order, \
with the addresses traded, the same id and the whole body. The peers take turns, round after \
round; figures are medians over the rounds, with the smallest and the largest in brackets.

- **Messages per CPU-second**: for each second of processor time, in user and kernel mode, that \
all threads of the peer use.
- **Messages a second**: by the clock, on one core, with another for the load generator.
- **Round trip**: one message at a time; the largest is over all rounds.
- **Peak memory**: the most the process has had resident.
- **Comes back**: bytes echoed for bytes sent; less than 100 % where a library's echo returns the \
body only.
- **Bare framer** and **raw TCP echo** are bounds, no echoes one could use: the one looks for the \
ends of stanzas and trades two attributes without checking anything, the other returns bytes.
";

pub fn report(bench: &Bench, options: &Options, results: &Results, growth: &[Series]) -> String {
    let mut text = "# Echo components compared\n\n".to_owned();
    text +=
        "Written by `benches/compare/run`; a table and plots of your own are one command away.\n\n";
    text += ABOUT;
    text += "\n";
    text += &machine(bench, options);
    text += &goal_table(results);
    for (kind, row) in KINDS.iter().zip(results) {
        let _ = write!(text, "\n## {}: {}\n\n", capital(kind.name), kind.what);
        text += &kind_table(row);
    }
    text += &start_table(bench, results);
    for series in growth {
        text += &growth_table(series);
    }
    text
}

fn machine(bench: &Bench, options: &Options) -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let model = model.trim_start_matches([' ', '\t', ':']);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let cores = bench.core_count;
    let apart = if bench.cores.is_some() {
        "generator and peer on a core of their own"
    } else {
        "generator and peer not kept apart"
    };
    let quick = if options.quick { " (quick)" } else { "" };
    let kernel = kernel.trim();
    let load = &bench.load_before;
    let rounds = options.rounds;
    format!(
        "Machine: {model}, {cores} cores, Linux {kernel}; {apart}. Rounds: {rounds}{quick}. \
             Load average before the first: {load}.\n"
    )
}

fn goal_table(results: &Results) -> String {
    let goals = goals(results);
    if goals.is_empty() {
        return String::new();
    }
    let mut text = "\n## Goals\n\n| goal | wanted | measured | |\n|---|---|---|---|\n".to_owned();
    for goal in goals {
        let met = if goal.met { "met" } else { "**not met**" };
        let _ = writeln!(text, "| {} | {} | {} | {met} |", goal.what, goal.wanted, goal.measured);
    }
    text
}

fn kind_table(row: &[Cell]) -> String {
    let mut text = "| | messages per CPU-second | to `Component` | messages a second \
                    | round trip p50 | p99 | largest | peak memory | comes back |\n\
                    |---|--:|--:|--:|--:|--:|--:|--:|--:|\n"
        .to_owned();
    for (peer, cell) in PEERS.iter().zip(row) {
        if !cell.samples.is_empty() {
            let _ = writeln!(text, "| {} | {} |", peer.what, cells(cell, &row[COMPONENT]));
        } else if let Some(failure) = &cell.failure {
            let failure = failure.replace('|', "\\|");
            let _ = writeln!(text, "| {} | {failure} | | | | | | | |", peer.what);
        }
    }
    for (peer, cell) in PEERS.iter().zip(row).filter(|(_, cell)| !cell.samples.is_empty()) {
        if let Some(failure) = &cell.failure {
            let rounds = cell.samples.len();
            let _ = writeln!(text, "\n{} failed after {rounds} rounds: {failure}.", peer.what);
        }
    }
    text
}

fn cells(cell: &Cell, component: &Cell) -> String {
    let of = |value: &dyn Fn(&Sample) -> f64, word: fn(f64) -> String| {
        Spread::of(cell.samples.iter().map(value)).map_or_else(String::new, |s| spread(s, word))
    };
    let middle = |value: &dyn Fn(&Sample) -> f64| {
        Spread::of(cell.samples.iter().map(value)).map_or(0.0, |spread| spread.median)
    };
    let slowest = cell.samples.iter().map(|sample| sample.slowest).max().unwrap_or_default();
    let faster = ratio(component, cell, |sample| sample.cpu);
    [
        of(&|sample| 1e9 / sample.cpu, figure),
        faster.map_or_else(String::new, |ratio| format!("{} ×", figure(ratio.median))),
        of(&|sample| 1e9 / sample.wall, figure),
        of(&|sample| sample.p50.as_secs_f64() * 1e9, time),
        time(middle(&|sample| sample.p99.as_secs_f64() * 1e9)),
        time(slowest.as_secs_f64() * 1e9),
        memory(middle(&|sample| as_f64(sample.peak_kib))),
        format!("{:.0} %", 100.0 * middle(&|sample| sample.returned)),
    ]
    .join(" | ")
}

fn start_table(bench: &Bench, results: &Results) -> String {
    let mut text = "\n## From start to online\n\nFrom the start of the process until its \
                    handshake is accepted.\n\n| | time | version |\n|---|--:|---|\n"
        .to_owned();
    for (p, peer) in PEERS.iter().enumerate() {
        let samples = results.iter().flat_map(|row| &row[p].samples);
        let starts = samples.map(|sample| sample.online.as_secs_f64() * 1e9);
        if let Some(starts) = Spread::of(starts) {
            let (what, version) = (peer.what, version(&bench.peers, peer.name));
            let _ = writeln!(text, "| {what} | {} | {version} |", spread(starts, time));
        }
    }
    text
}

fn growth_table(series: &Series) -> String {
    let mut text = format!(
        "\n## Growth: {}\n\n| {} | bytes of a message | CPU time a message | a byte | peak memory |\n\
         |--:|--:|--:|--:|--:|\n",
        series.grows, series.grows
    );
    for point in &series.points {
        if let Some(cpu) = Spread::of(point.cpu.iter().copied()) {
            let (x, bytes) = (commas(&point.x.to_string()), figure(point.bytes));
            let (cpu, each) = (spread(cpu, time), time(cpu.median / point.bytes));
            let memory = memory(as_f64(point.peak_kib));
            let _ = writeln!(text, "| {x} | {bytes} | {cpu} | {each} | {memory} |");
        }
    }
    for failure in &series.failures {
        let _ = writeln!(text, "\nFailed: {failure}.");
    }
    text
}

fn capital(word: &str) -> String {
    word[..1].to_uppercase() + &word[1..]
}

/// Writes a file of the report.
pub fn write(folder: &Path, name: &str, text: &str) -> std::io::Result<()> {
    let path = folder.join(name);
    fs::write(&path, text)?;
    println!("wrote {}", path.display());
    Ok(())
}

//! Runs XMPP echo components one after the other against a load generator that plays the server,
//! and writes what it measured as a table and as plots.

mod check;
mod compare;
mod goals;
mod growth;
mod load;
mod measure;
mod messages;
mod options;
mod peers;
mod plot;
mod process;
mod report;
mod stats;
mod svg;
mod words;

use std::process::ExitCode;
use std::{env, io};

use measure::Bench;
use options::Options;
use peers::{OURS, PEERS};

fn main() -> ExitCode {
    let options = match Options::parse(env::args().skip(1)) {
        Ok(options) => options,
        Err(fault) => {
            eprintln!("compare: {fault}\n\n{}", options::USAGE);
            return ExitCode::from(64);
        }
    };
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("compare: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> io::Result<()> {
    let bench = Bench::new(options.peers.clone())?;
    let results = compare::compare(&bench, options);
    let grown = if options.growth && options.wants(PEERS[OURS].name) {
        growth::grow(&bench, options)
    } else {
        Vec::new()
    };
    let text = report::report(&bench, options, &results, &grown);
    println!("\n{text}");
    report::write(&options.out, "results.md", &text)?;
    report::write(&options.out, "compare.svg", &plot::compare(&results))?;
    if !grown.is_empty() {
        report::write(&options.out, "growth.svg", &plot::growth(&grown))?;
    }
    Ok(())
}

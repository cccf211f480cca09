//! The program: command line, logging, signals and exit codes around [`supervisor::run`].

use std::io::{IsTerminal, stderr};
use std::pin::pin;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use clap::error::ErrorKind;
use echo_component::cli::Args;
use echo_component::config::{Checked, Config};
use echo_component::supervisor::{self, End, at};
use tokio::signal::unix::{SignalKind, signal};
use tracing::{error, info, level_filters::LevelFilter, warn};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;

/// Exit codes, from sysexits.h, which admins and systemd know.
const USAGE: u8 = 64;
const SOFTWARE: u8 = 70;
const REFUSED: u8 = 77;
const CONFIGURATION: u8 = 78;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return usage(&error),
    };
    if let Err(error) = log(&args) {
        return failed(CONFIGURATION, &error);
    }
    let Checked { config, warnings } = match Config::new(args) {
        Ok(checked) => checked,
        Err(error) => return failed(CONFIGURATION, &error),
    };
    for warning in warnings {
        warn!("{warning}");
    }
    match run(&config) {
        Ok(End::Stopped) => ExitCode::SUCCESS,
        Ok(End::Refused(ending)) => {
            error!(jid = config.domain.as_str(), server = %at(&config), "refused: {ending}");
            ExitCode::from(REFUSED)
        }
        Err(error) => failed(SOFTWARE, &error),
    }
}

fn run(config: &Config) -> Result<End> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let end = runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
        let mut interrupt = signal(SignalKind::interrupt()).context("cannot wait for SIGINT")?;
        let stop = async move {
            tokio::select! {
                _ = terminate.recv() => info!("stopping on SIGTERM"),
                _ = interrupt.recv() => info!("stopping on SIGINT"),
            }
            tokio::spawn(async move {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                std::process::exit(0); // A second signal does not wait for the stream's end.
            });
        };
        Ok(supervisor::run(config, pin!(stop)).await)
    });
    // A name that is still being looked up must not hold the exit.
    runtime.shutdown_background();
    end
}

/// Logs go to standard error; the options come before `RUST_LOG`.
fn log(args: &Args) -> Result<()> {
    let asked = match (args.quiet, args.verbose) {
        (true, _) => Some(LevelFilter::WARN),
        (_, 0) => None,
        (_, 1) => Some(LevelFilter::DEBUG),
        _ => Some(LevelFilter::TRACE),
    };
    let filter = match (asked, std::env::var("RUST_LOG")) {
        (Some(level), _) => Targets::new().with_default(level),
        (None, Ok(filter)) if !filter.is_empty() => filter
            .parse()
            .with_context(|| format!("RUST_LOG={filter:?} is not a filter such as debug"))?,
        _ => Targets::new().with_default(LevelFilter::INFO),
    };
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal())
        .with_target(false);
    tracing_subscriber::registry().with(lines.with_filter(filter)).init();
    Ok(())
}

fn failed(code: u8, error: &anyhow::Error) -> ExitCode {
    eprintln!("echo-component: {error:#}");
    ExitCode::from(code)
}

/// What clap says: help and version as they are, errors as one sentence.
fn usage(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        // Nobody is there to be told that standard output is closed.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let text = error.to_string();
    let sentence = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
    eprintln!("echo-component: {sentence} (see --help)");
    ExitCode::from(USAGE)
}

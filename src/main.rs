//! The program: command line, logging, signals and exit codes around [`supervisor::run`].

use std::pin::pin;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use clap::error::ErrorKind;
use echo_component::cli::Args;
use echo_component::config::{Checked, Config};
use echo_component::logging;
use echo_component::service::{self, Service};
use echo_component::supervisor::{self, End, at};
use tokio::signal::unix::{SignalKind, signal};
use tracing::{error, info, level_filters::LevelFilter, warn};

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
    if let Err(error) = logging::start(level(&args)) {
        return failed(CONFIGURATION, &error);
    }
    let Checked { config, warnings } = match Config::check(args) {
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
            service::stopping();
            tokio::spawn(async move {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                std::process::exit(0); // A second signal does not wait for the stream's end.
            });
        };
        let mut service = Service::from_environment();
        Ok(supervisor::run(config, &mut service, pin!(stop)).await)
    });
    // A name that is still being looked up must not hold the exit.
    runtime.shutdown_background();
    end
}

/// The level that the options ask for.
fn level(args: &Args) -> Option<LevelFilter> {
    match (args.quiet, args.verbose) {
        (true, _) => Some(LevelFilter::WARN),
        (_, 0) => None,
        (_, 1) => Some(LevelFilter::DEBUG),
        _ => Some(LevelFilter::TRACE),
    }
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

//! From a command line that has been read to the end of the program.
//!
//! It puts together what the rooms below do, and decides nothing but the exit code.

use std::io::{self, Write, stdout};
use std::net::SocketAddr;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use tokio::runtime::{Builder, Runtime};
use tracing::level_filters::LevelFilter;
use tracing::{info, warn};

use crate::cli::args::{Args, LogFormat};
use crate::cli::check::{self, Passed};
use crate::cli::config::{self, Config};
use crate::cli::exit::{Code, Failure};
use crate::cli::{healthy, pages};
use crate::daemon::logging::Log;
use crate::daemon::offline;
use crate::daemon::supervisor::{self, End};
use crate::daemon::systemd::Service;
use crate::daemon::{http, signals};
use crate::metrics::Metrics;
use crate::net::error::words;

/// What `--check` says of a ping that did not come back from a server that answers.
const ROUTED_AWAY: &str =
    "the server answers, but the ping went elsewhere, perhaps to another daemon of the same JID";

/// Does what the command line asks for.
///
/// # Errors
/// What could not be done, and the exit code for it.
pub fn run(mut args: Args, log: &mut Log) -> Result<ExitCode, Failure> {
    if let Some(page) = args.print {
        return Ok(say(&pages::text(page)));
    }
    if let (true, Some(address)) = (args.healthy, args.metrics) {
        let asked = healthy::ask(address);
        asked.map_err(|error| Failure::new(Code::Unavailable, error))?;
        return Ok(say("online\n"));
    }
    let hidden = signals::no_core_dump();
    let json = args.log_format == LogFormat::Json;
    log.start(level(&args), json).map_err(Failure::configuration)?;
    for sentence in std::mem::take(&mut args.passed_over) {
        warn!("{sentence}");
    }
    let (check, metrics) = (args.check, args.metrics);
    let config::Checked { config, warnings } =
        Config::check(args).map_err(Failure::configuration)?;
    for warning in warnings {
        warn!("{warning}");
    }
    if let Err(error) = hidden {
        warn!(%error, "a crash could leave a core dump with the secret in it");
    }
    if check { once(&config) } else { daemon(&config, metrics) }
}

/// Runs the daemon until it is stopped or refused.
fn daemon(config: &Config, metrics_at: Option<SocketAddr>) -> Result<ExitCode, Failure> {
    let runtime = runtime()?;
    let metrics = Arc::new(Metrics::new().context("the metrics cannot be set up")?);
    metrics.expect(offline::conditions());
    let stop = signals::stop()?;
    let end = runtime.block_on(async {
        if let Some(address) = metrics_at {
            let listening = http::listen(address).await;
            let listener = listening.map_err(|error| cannot_listen(address, &error))?;
            // Port 0 is any that is free: this is the one.
            let address = listener.local_addr().unwrap_or(address);
            info!("metrics are served at http://{address}/metrics");
            tokio::spawn(http::serve(listener, metrics.clone()));
        }
        let mut service = Service::from_environment();
        let (settings, echo) = (config.supervision(), config.component());
        let (connect, stop) = (config.connector(), pin!(stop));
        let online =
            supervisor::keep_online(&settings, echo, connect, &mut service, &metrics, stop);
        Ok(Box::pin(online).await)
    });
    // A name that is still being looked up must not hold the exit.
    runtime.shutdown_background();
    match end {
        Ok(End::Stopped) => Ok(ExitCode::SUCCESS),
        Ok(End::Refused(_)) => Ok(Code::Refused.into()),
        Err(failure) => Err(failure),
    }
}

/// An address may not be up yet when the machine starts, and a port may be busy for a moment: systemd
/// is to try again, as it does not with wrong configuration.
fn cannot_listen(address: SocketAddr, error: &io::Error) -> Failure {
    let (code, why) = match error.kind() {
        io::ErrorKind::AddrInUse => {
            (Code::Unavailable, "another program does; choose another port".into())
        }
        io::ErrorKind::AddrNotAvailable => (
            Code::Unavailable,
            "this machine does not have that address; choose one that it has".into(),
        ),
        io::ErrorKind::PermissionDenied => (
            Code::Configuration,
            "the daemon may not use that port; choose one from 1024 on".into(),
        ),
        _ => (Code::Configuration, words(error)),
    };
    Failure::new(code, anyhow!("--metrics cannot listen at {address}: {why}"))
}

/// `--check`.
fn once(config: &Config) -> Result<ExitCode, Failure> {
    let metrics = Metrics::new().context("the metrics cannot be set up")?;
    let runtime = runtime()?;
    let checked = runtime.block_on(check::check(config, &metrics));
    runtime.shutdown_background();
    let (jid, server) = (config.target.domain.as_str(), &config.target);
    match checked {
        Ok(Passed { login, ping }) => {
            let ping = ping.map_or_else(|| ROUTED_AWAY.into(), |ping| format!("ping {ping:.1?}"));
            Ok(say(&format!("{jid} is accepted at {server}: login {login:.1?}, {ping}\n")))
        }
        Err(why) => {
            let code = if why.is_refusal() { Code::Refused } else { Code::Unavailable };
            Err(Failure::new(code, anyhow!("{jid} at {server}: {why}")))
        }
    }
}

/// Prints it. A closed pipe is no error, as it is with `println!`: the exit code says the same.
fn say(text: &str) -> ExitCode {
    let _ = stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

fn runtime() -> Result<Runtime> {
    Ok(Builder::new_current_thread().enable_all().build()?)
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

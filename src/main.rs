//! The program: command line, logging, signals and exit codes around [`supervisor::run`].

use std::io::{self, IsTerminal, Write, stdin, stdout};
use std::net::SocketAddr;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use echo_component::cli::args::{Args, Unread};
use echo_component::cli::check;
use echo_component::cli::config::{Checked, Config};
use echo_component::daemon::http;
use echo_component::daemon::logging;
use echo_component::daemon::supervisor::{self, End, at};
use echo_component::daemon::systemd::{self, Service};
use echo_component::metrics::Metrics;
use echo_component::stream::ending::Ending;
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{error, info, level_filters::LevelFilter, warn};

/// Exit codes, from sysexits.h, which admins and systemd know.
const USAGE: u8 = 64;
const UNAVAILABLE: u8 = 69;
const SOFTWARE: u8 = 70;
const REFUSED: u8 = 77;
const CONFIGURATION: u8 = 78;

fn main() -> ExitCode {
    let hidden = no_core_dump();
    let args = match Args::read() {
        Ok(args) => args,
        Err(unread) => return usage(&unread),
    };
    if let Err(error) = logging::start(level(&args)) {
        return failed(CONFIGURATION, &error);
    }
    let (check, metrics) = (args.check, args.metrics);
    let Checked { config, warnings } = match Config::check(args) {
        Ok(checked) => checked,
        Err(error) => return failed(CONFIGURATION, &error),
    };
    for warning in warnings {
        warn!("{warning}");
    }
    if let Err(error) = hidden {
        warn!(%error, "a crash could leave a core dump with the secret in it");
    }
    let ended = if check { checked(&config) } else { run(&config, metrics) };
    ended.unwrap_or_else(|error| failed(error.code, &error.error))
}

/// Runs the daemon until it is stopped or refused.
fn run(config: &Config, metrics_at: Option<SocketAddr>) -> Result<ExitCode, Failure> {
    let runtime = runtime()?;
    let metrics = Arc::new(Metrics::new().context("the figures cannot be set up")?);
    let end: Result<End, Failure> = runtime.block_on(async {
        let stop = stop_signal()?;
        if let Some(address) = metrics_at {
            let listener = http::listen(address).await.map_err(|error| Failure {
                code: cannot_listen(&error),
                error: anyhow!("--metrics cannot listen at {address} ({error})"),
            })?;
            tokio::spawn(http::serve(listener, metrics.clone()));
        }
        let mut service = Service::from_environment();
        Ok(Box::pin(supervisor::run(config, &mut service, &metrics, pin!(stop))).await)
    });
    // A name that is still being looked up must not hold the exit.
    runtime.shutdown_background();
    Ok(match end? {
        End::Stopped => ExitCode::SUCCESS,
        End::Refused(ending) => {
            error!(jid = config.domain.as_str(), server = %at(config), "refused: {ending}");
            ExitCode::from(REFUSED)
        }
    })
}

/// An address may not be up yet when the machine starts, and a port may be busy for a moment: systemd
/// is to try again, as it does not with wrong configuration.
fn cannot_listen(error: &io::Error) -> u8 {
    match error.kind() {
        io::ErrorKind::AddrInUse | io::ErrorKind::AddrNotAvailable => UNAVAILABLE,
        _ => CONFIGURATION,
    }
}

/// Done on the first SIGTERM or SIGINT; a second one does not wait for the stream's end. SIGHUP is
/// how admins ask daemons to read their settings again, unless it tells that the terminal is gone.
fn stop_signal() -> Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot wait for SIGINT")?;
    let mut hangup = signal(SignalKind::hangup()).context("cannot wait for SIGHUP")?;
    let has_terminal = stdin().is_terminal();
    Ok(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => break info!("stopping on SIGTERM"),
                _ = interrupt.recv() => break info!("stopping on SIGINT"),
                _ = hangup.recv() => {
                    if has_terminal {
                        break info!("stopping on SIGHUP");
                    }
                    warn!("SIGHUP: settings are read only at a start: restart to change them");
                }
            }
        }
        systemd::stopping();
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            std::process::exit(0);
        });
    })
}

/// `--check`.
fn checked(config: &Config) -> Result<ExitCode, Failure> {
    let metrics = Metrics::new().context("the figures cannot be set up")?;
    let runtime = runtime()?;
    let checked = runtime.block_on(check::run(config, &metrics));
    runtime.shutdown_background();
    let (jid, server) = (config.domain.as_str(), at(config));
    match checked {
        Ok(check::Checked { login, ping }) => {
            let ping = ping.map_or_else(|| ROUTED_AWAY.into(), |ping| format!("ping {ping:.1?}"));
            let line = format!("{jid} is accepted at {server}: login {login:.1?}, {ping}");
            // The exit code says the same to whoever does not read, unlike `println!` to a closed pipe.
            let _ = writeln!(stdout(), "{line}");
            Ok(ExitCode::SUCCESS)
        }
        Err(ending) => Err(Failure {
            code: if ending.is_refusal() { REFUSED } else { UNAVAILABLE },
            error: anyhow!("{jid} at {server}: {ending}{}", also(&ending)),
        }),
    }
}

/// What `--check` says of a ping that did not come back from a server that answers.
const ROUTED_AWAY: &str =
    "the server answers, but the ping went elsewhere, perhaps to another daemon of the same JID";

/// What `--check` can add: a conflict is likely the daemon itself.
fn also(ending: &Ending) -> &'static str {
    match ending.condition() {
        "conflict" if !ending.is_refusal() => {
            ", likely by the daemon itself, and that means secret and port are right"
        }
        _ => "",
    }
}

fn runtime() -> Result<Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

/// The secret and people's words are not to be found in a core dump. Where the kernel pipes dumps to
/// a program, only the second of these counts.
fn no_core_dump() -> rustix::io::Result<()> {
    let nothing = Rlimit { current: Some(0), maximum: Some(0) };
    let limited = setrlimit(Resource::Core, nothing);
    let hidden = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    limited.and(hidden)
}

/// What the program could not do, and the exit code that says so.
struct Failure {
    code: u8,
    error: anyhow::Error,
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self { code: SOFTWARE, error }
    }
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
    logging::fatal(error);
    ExitCode::from(code)
}

/// What clap says: help and version as they are, errors as one sentence.
fn usage(unread: &Unread) -> ExitCode {
    match unread {
        Unread::Asked(page) => {
            // Nobody is there to be told that standard output is closed.
            let _ = page.print();
            ExitCode::SUCCESS
        }
        Unread::Usage(sentence) => failed(USAGE, &anyhow!("{sentence} (see --help)")),
        Unread::Variable(sentence) => failed(CONFIGURATION, &anyhow!("{sentence}")),
    }
}

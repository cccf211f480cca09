//! The signals that stop the daemon, and what the kernel may keep of its memory.
//!
//! A thread of its own waits for signals, so that they count whatever the rest of the program does.

use std::io::{IsTerminal, stdin};
use std::thread;

use anyhow::{Context, Result};
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use rustix::process::{Resource, Rlimit, setrlimit};
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;
use tracing::{info, warn};

use crate::daemon::systemd;

/// Done on the first SIGTERM or SIGINT. A second one ends the process, which does not wait for the
/// stream's end then. SIGHUP is how admins ask daemons to read their settings again, unless it tells
/// that the terminal is gone.
///
/// # Errors
/// If signals cannot be waited for.
pub fn stop() -> Result<impl Future<Output = ()>> {
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let signals = {
        let _inside = runtime.enter();
        Signals::taken()?
    };
    let (first, asked) = oneshot::channel();
    let wait = async move {
        let mut signals = signals;
        signals.until_stop().await;
        systemd::stopping();
        // Without a listener the program is ending anyway.
        let _ = first.send(());
        signals.until_stop_again().await;
        std::process::exit(0);
    };
    thread::Builder::new().name("signals".into()).spawn(move || runtime.block_on(wait))?;
    Ok(async {
        // The thread never ends before it has sent.
        let _ = asked.await;
    })
}

/// The signals that are waited for. Those that whoever started the daemon had it ignore, as nohup
/// does SIGHUP, stay ignored.
struct Signals {
    terminate: Option<Signal>,
    interrupt: Option<Signal>,
    hangup: Option<Signal>,
    /// Whether the daemon was started on a terminal. Asked at the start: one that is gone is none.
    has_terminal: bool,
}

impl Signals {
    fn taken() -> Result<Self> {
        let ignored = ignored();
        let take = |kind: SignalKind, name| {
            let is_ignored = ignored >> (kind.as_raw_value() - 1) & 1 == 1;
            let taken = (!is_ignored).then(|| signal(kind)).transpose();
            taken.with_context(|| format!("cannot wait for {name}"))
        };
        Ok(Self {
            terminate: take(SignalKind::terminate(), "SIGTERM")?,
            interrupt: take(SignalKind::interrupt(), "SIGINT")?,
            hangup: take(SignalKind::hangup(), "SIGHUP")?,
            has_terminal: stdin().is_terminal(),
        })
    }

    async fn until_stop(&mut self) {
        loop {
            tokio::select! {
                () = next(&mut self.terminate) => return info!("stopping on SIGTERM"),
                () = next(&mut self.interrupt) => return info!("stopping on SIGINT"),
                () = next(&mut self.hangup) => {
                    if self.has_terminal {
                        return info!("stopping on SIGHUP");
                    }
                    warn!("SIGHUP: settings are read only at a start: restart to change them");
                }
            }
        }
    }

    async fn until_stop_again(&mut self) {
        tokio::select! {
            () = next(&mut self.terminate) => {}
            () = next(&mut self.interrupt) => {}
        }
    }
}

/// The next signal of a kind; never if that is ignored.
async fn next(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}

/// The signals that are ignored, a bit for each (proc(5)). None where that cannot be read.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default()
}

/// Keeps the secret and people's words out of core dumps. Where the kernel pipes dumps to a program,
/// only the second of these counts.
///
/// # Errors
/// If the kernel refuses one of the two.
pub fn no_core_dump() -> rustix::io::Result<()> {
    let nothing = Rlimit { current: Some(0), maximum: Some(0) };
    let limited = setrlimit(Resource::Core, nothing);
    limited.and(hidden())
}

#[cfg(target_os = "linux")]
fn hidden() -> rustix::io::Result<()> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
}

#[cfg(target_os = "freebsd")]
fn hidden() -> rustix::io::Result<()> {
    set_dumpable_behavior(None, DumpableBehavior::NotDumpable)
}

/// Other systems have the limit alone.
#[cfg(not(any(target_os = "linux", target_os = "freebsd")))]
fn hidden() -> rustix::io::Result<()> {
    Ok(())
}

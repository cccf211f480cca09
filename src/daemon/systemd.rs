//! What systemd is told (sd_notify(3)): ready, status, watchdog, stopping.
//!
//! Without `NOTIFY_SOCKET` none of it does anything. Nothing here decides anything.

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::task::unconstrained;
use tokio::time::{MissedTickBehavior, interval};

/// The daemon as a service.
#[derive(Debug)]
pub struct Service {
    ready: bool,
    /// How often the watchdog wants a sign of life.
    pulse: Option<Duration>,
}

impl Service {
    /// The service that the environment describes.
    pub fn from_environment() -> Self {
        // Twice as often as it is due, as sd_watchdog_enabled(3) recommends.
        Self { ready: false, pulse: sd_notify::watchdog_enabled().map(|due| due / 2) }
    }

    /// The first attempt to connect has an outcome, or a later one has; `status` tells it.
    pub fn outcome(&mut self, status: &str) {
        if std::mem::replace(&mut self.ready, true) {
            self.status(status);
        } else {
            tell(&[NotifyState::Ready, NotifyState::Status(status)]);
        }
    }

    /// What the daemon is doing.
    pub fn status(&self, status: &str) {
        tell(&[NotifyState::Status(status)]);
    }

    /// Does `work`, with signs of life from the very task that does it: if that hangs, they stop.
    pub async fn watch<F: Future>(&self, work: F) -> F::Output {
        let Some(pulse) = self.pulse else {
            return work.await;
        };
        let mut pulse = interval(pulse);
        pulse.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                biased;
                done = work.as_mut() => return done,
                // A busy stream uses up what tokio lets a task do at a time; the pulse must not wait.
                _ = unconstrained(pulse.tick()) => tell(&[NotifyState::Watchdog]),
            }
        }
    }
}

/// The daemon has been asked to stop.
pub fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("stopping")]);
}

fn tell(states: &[NotifyState]) {
    let told = match std::env::var("NOTIFY_SOCKET") {
        Ok(socket) if socket.starts_with('@') => tell_abstract(&socket[1..], states),
        _ => sd_notify::notify(states),
    };
    if let Err(error) = told {
        tracing::debug!(%error, "systemd could not be told");
    }
}

/// The sd-notify crate knows sockets in the file system only; container managers use others too.
fn tell_abstract(name: &str, states: &[NotifyState]) -> io::Result<()> {
    let address = SocketAddr::from_abstract_name(name)?;
    let lines: Vec<String> = states.iter().map(ToString::to_string).collect();
    UnixDatagram::unbound()?.send_to_addr(lines.join("\n").as_bytes(), &address).map(drop)
}

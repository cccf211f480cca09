//! What systemd is told (sd_notify(3)): ready, status, watchdog, stopping.
//!
//! Without `NOTIFY_SOCKET` none of it does anything. Nothing here decides anything.

use std::time::Duration;

use sd_notify::NotifyState;
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
                _ = pulse.tick() => tell(&[NotifyState::Watchdog]),
            }
        }
    }
}

/// The daemon has been asked to stop.
pub fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("stopping")]);
}

fn tell(states: &[NotifyState]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "systemd could not be told");
    }
}

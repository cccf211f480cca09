//! What systemd is told (sd_notify(3)): ready, status, watchdog, stopping.
//!
//! Without `NOTIFY_SOCKET` none of it does anything. Nothing here decides anything, and nothing waits
//! for whoever reads the socket.

use std::cell::{Cell, RefCell};
use std::ffi::OsString;
use std::future::pending;
use std::io;
#[cfg(target_os = "linux")]
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use tokio::task::unconstrained;
use tokio::time::{MissedTickBehavior, interval, sleep};

/// After how long what the socket did not take is sent again.
const AGAIN: Duration = Duration::from_secs(1);

/// The daemon as a service.
#[derive(Debug)]
pub struct Service {
    /// Whether the first attempt to connect has an outcome.
    has_outcome: bool,
    /// Whether systemd knows that.
    told_ready: Cell<bool>,
    /// A status that the socket did not take.
    untold: RefCell<Option<String>>,
    /// How often the watchdog wants a sign of life.
    pulse: Option<Duration>,
}

impl Service {
    /// The service that the environment describes.
    pub fn from_environment() -> Self {
        Self {
            has_outcome: false,
            told_ready: Cell::new(false),
            untold: RefCell::default(),
            pulse: pulse(),
        }
    }

    /// An attempt to connect has an outcome, which `status` tells. With the first the daemon is ready.
    pub fn outcome(&mut self, status: &str) {
        self.has_outcome = true;
        self.status(status);
    }

    /// What the daemon is doing.
    pub fn status(&self, status: &str) {
        let ready = self.has_outcome && !self.told_ready.get();
        // A line break would make what follows an assignment of its own.
        let status = status.replace(char::is_control, " ");
        let taken = tell(&format!("{}STATUS={status}", if ready { "READY=1\n" } else { "" }));
        if taken && ready {
            self.told_ready.set(true);
        }
        *self.untold.borrow_mut() = (!taken).then_some(status);
    }

    /// Does `work`, with signs of life from the very task that does it: if that hangs, they stop.
    pub async fn watch<F: Future>(&self, work: F) -> F::Output {
        let mut pulse = self.pulse.map(interval);
        if let Some(pulse) = &mut pulse {
            pulse.set_missed_tick_behavior(MissedTickBehavior::Delay);
        }
        let mut work = std::pin::pin!(work);
        loop {
            let beat = async {
                match &mut pulse {
                    Some(pulse) => pulse.tick().await,
                    None => pending().await,
                };
            };
            let untold = self.untold.borrow().clone();
            tokio::select! {
                biased;
                done = work.as_mut() => return done,
                // A busy stream uses up what tokio lets a task do at a time; the pulse must not wait.
                () = unconstrained(beat) => {
                    // One that is not taken is made up for by the next.
                    tell("WATCHDOG=1");
                }
                () = unconstrained(sleep(AGAIN)), if untold.is_some() => {
                    self.status(&untold.unwrap_or_default());
                }
            }
        }
    }
}

/// The daemon has been asked to stop.
pub fn stopping() {
    tell("STOPPING=1\nSTATUS=stopping");
}

/// How often the watchdog is to be told: twice as often as it is due, as sd_watchdog_enabled(3)
/// recommends. Not at all if it is for another process, or off, which 0 says too.
fn pulse() -> Option<Duration> {
    let variable = |name| std::env::var(name).ok();
    let ours = variable("WATCHDOG_PID").is_none_or(|pid| pid == std::process::id().to_string());
    let due = variable("WATCHDOG_USEC")?.parse().ok().filter(|due| *due > 1 && ours)?;
    Some(Duration::from_micros(due) / 2)
}

/// Whether the socket took it, if there is one.
fn tell(state: &str) -> bool {
    let Some(socket) = std::env::var_os("NOTIFY_SOCKET").filter(|it| !it.is_empty()) else {
        return true;
    };
    match send(&socket, state) {
        Ok(()) => true,
        // It is full: its reader is slow, or hangs.
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => false,
        Err(error) => {
            tracing::debug!(%error, "systemd could not be told");
            true
        }
    }
}

/// An `@` stands for the zero byte of an abstract socket, which container managers use. Linux alone has
/// these.
fn send(socket: &OsString, state: &str) -> io::Result<()> {
    let address = match socket.as_bytes().strip_prefix(b"@") {
        #[cfg(target_os = "linux")]
        Some(name) => SocketAddr::from_abstract_name(name)?,
        _ => SocketAddr::from_pathname(socket)?,
    };
    let from = UnixDatagram::unbound()?;
    from.set_nonblocking(true)?;
    from.send_to_addr(state.as_bytes(), &address).map(drop)
}

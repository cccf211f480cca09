//! Real XMPP servers, real users on them, and the daemon beside them.
//!
//! A scenario opens a [`Stage`]: one server of a [`Kind`], started for this test alone on
//! free loopback ports in a folder of its own, the daemon joined to it, and a [`Tap`] on
//! the wire between the two. It then logs [`User`]s in and lets them talk. Everything is
//! ended and removed on drop. Nothing here knows what the daemon ought to answer: that is
//! the scenarios' business.
//!
//! Not every test file uses all of it.
#![allow(dead_code, unused_imports)]

mod daemon;
mod ejabberd;
mod jabberd2;
mod place;
mod ports;
mod process;
mod prosody;
pub mod python;
mod server;
mod splitter;
mod stanza;
mod tally;
mod tap;
mod user;

use std::thread;
use std::time::{Duration, Instant};

pub use daemon::{Daemon, ONLINE};
pub use process::Process;
pub use server::{Federated, Kind, Server};
pub use stanza::Stanza;
pub use tally::{Tally, WhereLost};
pub use tap::Tap;
pub use user::User;

/// The component's JID on every server.
pub const COMPONENT: &str = "echo.localhost";

/// The secret every server expects of it.
pub const SECRET: &str = "s3cret";

/// How long anything may take. Only a failing test waits this long, so it is generous.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// A server with the daemon online, seen through a tap.
pub struct Stage {
    /// The daemon, dropped first, while its server still runs.
    pub daemon: Daemon,
    /// All that went over the component's connection.
    pub tap: Tap,
    /// The server.
    pub server: Server,
}

impl Stage {
    /// Starts all three and waits until the daemon is online.
    pub fn start(kind: Kind) -> Self {
        Self::with(Server::start(kind))
    }

    /// The same with a server that runs.
    pub fn with(server: Server) -> Self {
        let tap = Tap::before(server.component_port());
        let mut daemon = Daemon::start(tap.port());
        daemon.wait_until_online();
        Self { daemon, tap, server }
    }

    /// Logs alice or bob in.
    pub fn user(&self, name: &str) -> User {
        User::login(&self.server, name)
    }

    /// Fails unless messages are still echoed, on the connection the daemon began with.
    #[track_caller]
    pub fn assert_still_echoing(&mut self, user: &mut User) {
        user.assert_echoed("still-there");
        assert_eq!(self.tap.connections(), 1, "the daemon connected again");
        assert!(!self.daemon.has_logged(ONLINE), "the daemon went online again");
    }
}

/// Asks again and again until there is an answer; `what` says what was missing.
#[track_caller]
pub fn wait_until<T>(what: &str, mut answer: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = answer() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

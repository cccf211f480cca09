//! What networks and servers do wrong, and what the daemon does about it, in which time. Faults that
//! a clock alone can tell are in `clock.rs`, others in `life.rs` and `login.rs`.
//!
//! Some of these take as long as the daemon's own deadlines do, side by side: 30 s, and more than a
//! minute if slow tests are asked for.

mod support;

#[path = "faults/addresses.rs"]
mod addresses;
#[path = "faults/black_hole.rs"]
mod black_hole;
#[path = "faults/connecting.rs"]
mod connecting;
#[path = "faults/established.rs"]
mod established;
#[path = "faults/names.rs"]
mod names;
#[path = "faults/namespace.rs"]
mod namespace;
#[path = "support/slow.rs"]
mod slow;
#[path = "faults/stopping.rs"]
mod stopping;

use std::time::Duration;

use support::COMPONENT;
use support::pauses::pause;
use support::scripted::{Daemon, Server};

/// Waits for the daemon to say that it is offline, and why.
#[track_caller]
fn offline(daemon: &mut Daemon, why: &str) -> Duration {
    let line = daemon.logs("offline");
    assert!(line.contains(why), "{why:?} is not in {line}");
    pause(&line)
}

/// The next connection works: the daemon is as it was.
#[track_caller]
fn is_back(server: &Server) {
    server.online().echoes("back");
}

//! `--check`: one login and one ping, and how long they took.

use std::time::Duration;

use tokio::time::Instant;
use tracing::{Instrument, warn};

use crate::cli::config::Config;
use crate::daemon::offline::Offline;
use crate::metrics::Metrics;
use crate::net::connect::{Connected, EXPOSED};
use crate::stream::{notices, once};

/// A component port that works.
#[derive(Debug)]
pub struct Passed {
    /// From the first packet to the accepted handshake.
    pub login: Duration,
    /// A ping's way through the server and back. Without, the server answers, but the ping was lost,
    /// perhaps to another daemon of the same JID.
    pub ping: Option<Duration>,
}

/// Connects, authenticates, pings itself, and leaves.
///
/// # Errors
/// How it ended instead.
pub async fn check(config: &Config, metrics: &Metrics) -> Result<Passed, Offline> {
    let start = Instant::now();
    let Connected { connection, peer, early, exposed } =
        config.connector()().await.map_err(Offline::NoLogin)?;
    let login = start.elapsed();
    let lines = notices::of_connection(1, peer);
    if exposed {
        lines.in_scope(|| warn!("{EXPOSED}"));
    }
    let settings = config.supervision().stream;
    let mut echo = config.component();
    let pinged =
        once::ping(connection, &early, &mut echo, metrics, &settings).instrument(lines).await;
    Ok(Passed { login, ping: pinged.map_err(Offline::Ended)? })
}

//! `--check`: one login and one ping, and a line that says how it went.

use std::time::Duration;

use tokio::time::Instant;
use tracing::warn;

use crate::cli::config::Config;
use crate::metrics::Metrics;
use crate::net::login::{Connected, EXPOSED, login};
use crate::stream::ending::Ending;
use crate::stream::session;

/// A component port that works.
#[derive(Debug)]
pub struct Checked {
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
pub async fn run(config: &Config, metrics: &Metrics) -> Result<Checked, Ending> {
    let start = Instant::now();
    let Connected { connection, early, exposed } = login(config).await?;
    let login = start.elapsed();
    if exposed {
        warn!("{EXPOSED}");
    }
    let mut echo = config.component();
    let ping = session::ping_once(connection, &early, &mut echo, metrics).await?;
    Ok(Checked { login, ping })
}

//! `--check`: one login and one ping, and a line that says how it went.

use std::time::Duration;

use tokio::time::{Instant, timeout};
use tracing::warn;

use crate::config::Config;
use crate::connect::{Connected, EXPOSED, login};
use crate::ending::Ending;
use crate::metrics::Metrics;
use crate::session;

/// How long the server may take to route a ping back.
const ANSWER: Duration = Duration::from_secs(15);

/// A component port that works.
#[derive(Debug)]
pub struct Checked {
    /// From the first packet to the accepted handshake.
    pub login: Duration,
    /// A ping's way through the server and back.
    pub ping: Duration,
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
    let pinged = timeout(ANSWER, session::ping_once(connection, &early, &mut echo, metrics)).await;
    let ping = pinged.unwrap_or(Err(Ending::Silent))?;
    Ok(Checked { login, ping })
}

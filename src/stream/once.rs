//! One ping, for `--check`: whether stanzas go through the server and come back.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, interval_at, sleep_until};

use crate::component::Echo;
use crate::metrics::Metrics;
use crate::stream::ending::Ending;
use crate::stream::keepalive::{ANSWER_WITHIN, PROBE_AFTER, PROBE_EVERY};
use crate::stream::session::{Session, Settings};

/// Pings ourselves through the server, says how long that took, and closes the stream. `None` says
/// that the server lives, but the ping did not come back at once: another daemon of the same JID may
/// have got it.
///
/// # Errors
/// How it ended instead.
pub async fn ping<S: AsyncRead + AsyncWrite>(
    connection: S,
    early: &[u8],
    echo: &mut Echo,
    metrics: &Metrics,
    settings: &Settings,
) -> Result<Option<Duration>, Ending> {
    let mut session = Session::new(connection, early, echo, metrics, settings);
    match session.until_pinged().await {
        Ok(round_trip) => {
            let ending = session.take_what_has_arrived().await;
            session.close(ending).await;
            Ok(round_trip)
        }
        Err(ending) => Err(session.close(ending).await),
    }
}

impl<S: AsyncRead + AsyncWrite> Session<'_, S> {
    /// Pings ourselves until there is an answer, and says how long it took; asks the server itself if
    /// there is none for too long.
    async fn until_pinged(&mut self) -> Result<Option<Duration>, Ending> {
        self.answer()?;
        let start = Instant::now();
        self.ping();
        let mut probed = false;
        let mut probe = interval_at(start + PROBE_AFTER, PROBE_EVERY);
        while !self.happened.pong {
            tokio::select! {
                biased;
                moved = self.transfer() => {
                    moved?;
                }
                () = sleep_until(start + ANSWER_WITHIN) => return Err(Ending::Silent),
                _ = probe.tick() => {
                    probed = true;
                    self.probe();
                }
            }
        }
        Ok((!probed).then(|| start.elapsed()))
    }
}

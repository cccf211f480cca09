//! Connects, runs the session, judges how it ended, waits, and connects again.
//!
//! Here are the only decisions to try again or to give up, and the only waiting between tries.

use std::pin::Pin;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tokio::time::{Instant, sleep};
use tracing::{info, warn};

use crate::cli::config::Config;
use crate::daemon::systemd::Service;
use crate::metrics::Metrics;
use crate::net::login::{Connected, EXPOSED, login};
use crate::stream::ending::Ending;
use crate::stream::session;

/// A session that has lasted so long was a good one, and the pauses start from the beginning.
const GOOD: Duration = Duration::from_secs(60);

/// How the daemon ended.
#[derive(Debug)]
pub enum End {
    /// It was asked to.
    Stopped,
    /// The server refused it before it was ever online.
    Refused(Ending),
}

/// Keeps the component online until `stop` is done.
pub async fn run<F: Future<Output = ()>>(
    config: &Config,
    service: &mut Service,
    metrics: &Metrics,
    mut stop: Pin<&mut F>,
) -> End {
    let started = Instant::now();
    let mut pauses = Pauses::new();
    let mut was_online = false;
    let mut warned = false;
    let mut echo = config.component();
    let (jid, server) = (config.domain.as_str(), at(config));
    service.status(&format!("connecting to {server}"));
    loop {
        let connected = tokio::select! {
            biased;
            () = stop.as_mut() => return End::Stopped,
            connected = service.watch(login(config)) => connected,
        };
        let ending = match connected {
            Ok(Connected { connection, early, exposed }) => {
                if exposed && !std::mem::replace(&mut warned, true) {
                    warn!("{EXPOSED}");
                }
                metrics.connected();
                info!(jid, %server, "online");
                service.outcome(&format!("online as {jid} at {server}"));
                was_online = true;
                let online = Instant::now();
                echo.start_stream();
                let session =
                    session::run(connection, &early, &mut echo, metrics, started, stop.as_mut());
                let ending = service.watch(session).await;
                if online.elapsed() >= GOOD {
                    pauses = Pauses::new();
                }
                ending
            }
            Err(ending) => ending,
        };
        metrics.disconnected(ending.condition());
        if let Ending::Stopped = ending {
            info!("offline, stopped as asked");
            return End::Stopped;
        }
        if ending.is_refusal() && !was_online {
            service.status(&format!("refused: {ending}"));
            return End::Refused(ending);
        }
        let pause = pauses.next();
        let next_try = in_seconds(pause);
        warn!(jid, %server, %next_try, "offline: {ending}");
        service.outcome(&format!("offline: {ending}; next try {next_try}"));
        tokio::select! {
            biased;
            () = stop.as_mut() => return End::Stopped,
            () = service.watch(sleep(pause)) => {}
        }
    }
}

/// The server as an admin writes it.
pub fn at(config: &Config) -> String {
    if config.server.contains(':') {
        format!("[{}]:{}", config.server, config.port)
    } else {
        format!("{}:{}", config.server, config.port)
    }
}

fn in_seconds(pause: Duration) -> String {
    if pause.is_zero() { "at once".into() } else { format!("in {:.1} s", pause.as_secs_f32()) }
}

/// The pauses between tries: none at first, then 1 s doubling to 60 s, each up to half shorter by
/// chance, so that many components do not come back to a restarted server in one moment.
struct Pauses {
    tried: bool,
    later: ExponentialBackoff,
}

impl Pauses {
    fn new() -> Self {
        // backon's jitter makes a delay up to twice as long.
        let later = ExponentialBuilder::new()
            .with_min_delay(Duration::from_millis(500))
            .with_max_delay(Duration::from_secs(30))
            .with_factor(2.0)
            .without_max_times()
            .with_jitter()
            .build();
        Self { tried: false, later }
    }

    fn next(&mut self) -> Duration {
        if !std::mem::replace(&mut self.tried, true) {
            return Duration::ZERO;
        }
        self.later.next().unwrap_or(Duration::from_secs(60))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_from_one_second_to_a_minute_with_jitter() {
        let mut pauses = Pauses::new();
        assert_eq!(pauses.next(), Duration::ZERO);
        for nominal in [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0] {
            let pause = pauses.next().as_secs_f32();
            assert!((nominal / 2.0..=nominal).contains(&pause), "{pause} for {nominal}");
        }
    }
}

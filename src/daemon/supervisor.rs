//! Connects, serves the stream, judges how it ended, waits, and connects again.
//!
//! Here are the only decisions to try again or to give up, and the only waiting between tries. How a
//! connection is made is an argument: no socket is known here.

use std::mem::replace;
use std::pin::Pin;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep};
use tracing::{debug, info, warn};

use crate::component::Echo;
use crate::daemon::backoff::Backoff;
use crate::daemon::offline::Offline;
use crate::daemon::systemd::Service;
use crate::daemon::told::Told;
use crate::metrics::Metrics;
use crate::net::connect::{Connected, EXPOSED};
use crate::net::error::NoLogin;
use crate::stream::ending::Ending;
use crate::stream::notices;
use crate::stream::session::{self, Served};

/// A refusal that lasts for so long will not go away by itself.
const LASTING: Duration = Duration::from_secs(60);

/// What there is to know of the component and its server.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The component's JID, for the log.
    pub jid: String,
    /// The server as the admin gave it, for the log.
    pub server: String,
    /// Whether the secret is one that only a start of the daemon renews, as systemd's credentials
    /// are.
    pub start_renews_secret: bool,
    /// What is the same for all streams.
    pub stream: session::Settings,
}

/// How the daemon ended.
#[derive(Debug)]
pub enum End {
    /// It was asked to.
    Stopped,
    /// The server refuses it.
    Refused(Offline),
}

/// Keeps the component online until `stop` is done.
pub async fn keep_online<S, C, F>(
    settings: &Settings,
    echo: Echo,
    mut connect: C,
    service: &mut Service,
    metrics: &Metrics,
    mut stop: Pin<&mut F>,
) -> End
where
    S: AsyncRead + AsyncWrite,
    C: AsyncFnMut() -> Result<Connected<S>, NoLogin>,
    F: Future<Output = ()>,
{
    service.status(&format!("connecting to {}", settings.server));
    let mut supervisor = Supervisor::new(settings, echo, service, metrics);
    loop {
        let connected = tokio::select! {
            biased;
            () = stop.as_mut() => return End::Stopped,
            connected = supervisor.service.watch(connect()) => connected,
        };
        let offline = match connected {
            Ok(connected) => Offline::Ended(supervisor.serve(connected, stop.as_mut()).await),
            Err(why) => Offline::NoLogin(why),
        };
        let pause = match supervisor.judge(offline) {
            Ok(pause) => pause,
            Err(end) => return end,
        };
        tokio::select! {
            biased;
            () = stop.as_mut() => return End::Stopped,
            () = supervisor.service.watch(sleep(pause)) => {}
        }
    }
}

/// What is known from one try to the next.
struct Supervisor<'a> {
    settings: &'a Settings,
    echo: Echo,
    service: &'a mut Service,
    metrics: &'a Metrics,
    backoff: Backoff,
    told: Told,
    was_online: bool,
    /// Since when each try has been refused.
    refused: Option<Instant>,
    /// Whether the admin has been told that the connection can be read.
    warned: bool,
}

impl<'a> Supervisor<'a> {
    fn new(
        settings: &'a Settings,
        echo: Echo,
        service: &'a mut Service,
        metrics: &'a Metrics,
    ) -> Self {
        let (backoff, told) = (Backoff::new(), Told::default());
        let (was_online, refused, warned) = (false, None, false);
        Self { settings, echo, service, metrics, backoff, told, was_online, refused, warned }
    }

    /// The component is online, until it is not.
    async fn serve<S, F>(&mut self, connected: Connected<S>, stop: Pin<&mut F>) -> Ending
    where
        S: AsyncRead + AsyncWrite,
        F: Future<Output = ()>,
    {
        let Connected { connection, early, exposed } = connected;
        let Settings { jid, server, stream, .. } = self.settings;
        if exposed && !replace(&mut self.warned, true) {
            warn!("{EXPOSED}");
        }
        self.metrics.connected();
        info!(jid, %server, "online");
        self.service.outcome(&format!("online as {jid} at {server}"));
        self.was_online = true;
        self.told = Told::default();
        self.echo.start_stream(notices::detail());
        let since = Instant::now();
        let (echo, metrics) = (&mut self.echo, self.metrics);
        let served = session::serve(connection, &early, echo, metrics, stream, stop);
        let Served { ending, answered } = self.service.watch(served).await;
        self.backoff.session(since.elapsed(), answered);
        ending
    }

    /// How long to wait before the next try, if there is to be one.
    fn judge(&mut self, offline: Offline) -> Result<Duration, End> {
        self.metrics.disconnected(offline.condition());
        if let Offline::Ended(Ending::Stopped) = offline {
            info!("offline, stopped as asked");
            return Err(End::Stopped);
        }
        if self.is_final(&offline) {
            self.service.status(&format!("refused: {offline}"));
            return Err(End::Refused(offline));
        }
        let pause = self.backoff.pause();
        self.metrics.waits(pause);
        let Settings { jid, server, .. } = self.settings;
        let why = offline.to_string();
        let retry_s = (pause.as_secs_f64() * 10.0).round() / 10.0;
        if self.told.is_news(&why) {
            warn!(jid, %server, retry_s, "offline: {why}");
        } else {
            debug!(jid, %server, retry_s, "still offline: {why}");
        }
        self.service.outcome(&format!("offline: {why}; next try {}", in_seconds(pause)));
        Ok(pause)
    }

    /// Whether this is a refusal that only a change of the settings will end, which whoever starts
    /// the daemon again may bring.
    fn is_final(&mut self, offline: &Offline) -> bool {
        if !offline.is_refusal() {
            self.refused = None;
            return false;
        }
        let since = *self.refused.get_or_insert_with(Instant::now);
        let lasts = since.elapsed() >= LASTING;
        !self.was_online || (self.settings.start_renews_secret && lasts)
    }
}

fn in_seconds(pause: Duration) -> String {
    if pause.is_zero() { "at once".into() } else { format!("in {:.1} s", pause.as_secs_f32()) }
}

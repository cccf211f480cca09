//! Connects, serves the stream, judges how it ended, waits, and connects again.
//!
//! Here are the only decisions to try again or to give up, and the only waiting between tries. How a
//! connection is made is an argument: no socket is known here.

use std::mem::replace;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep};
use tracing::{Instrument, Span, debug, error, info, warn};

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
    /// Whether the admin has been told that the connection is not encrypted.
    warned: bool,
    /// How many connections there have been.
    connections: u64,
    /// What the lines about the last one carry.
    connection: Span,
}

impl<'a> Supervisor<'a> {
    fn new(
        settings: &'a Settings,
        echo: Echo,
        service: &'a mut Service,
        metrics: &'a Metrics,
    ) -> Self {
        let (backoff, told) = (Backoff::new(), Told::default());
        Self {
            settings,
            echo,
            service,
            metrics,
            backoff,
            told,
            was_online: false,
            refused: None,
            warned: false,
            connections: 0,
            connection: Span::none(),
        }
    }

    /// A connection was made to this address.
    fn connected_to(&mut self, peer: SocketAddr) {
        self.connections += 1;
        self.connection = notices::of_connection(self.connections, peer);
    }

    /// The component is online, until it is not.
    async fn serve<S, F>(&mut self, connected: Connected<S>, stop: Pin<&mut F>) -> Ending
    where
        S: AsyncRead + AsyncWrite,
        F: Future<Output = ()>,
    {
        let Connected { connection, peer, early, exposed } = connected;
        let Settings { jid, server, stream, .. } = self.settings;
        self.connected_to(peer);
        let entered = self.connection.clone().entered();
        if exposed && !replace(&mut self.warned, true) {
            warn!("{EXPOSED}");
        }
        self.metrics.connected();
        info!(jid, %server, "online");
        drop(entered);
        self.service.outcome(&format!("online as {jid} at {server}"));
        self.was_online = true;
        self.told = Told::default();
        self.echo.start_stream(notices::detail());
        let since = Instant::now();
        let (echo, metrics) = (&mut self.echo, self.metrics);
        let served = session::serve(connection, &early, echo, metrics, stream, stop)
            .instrument(self.connection.clone());
        let Served { ending, answered } = self.service.watch(served).await;
        self.backoff.session(since.elapsed(), answered);
        ending
    }

    /// How long to wait before the next try, if there is to be one.
    fn judge(&mut self, offline: Offline) -> Result<Duration, End> {
        self.metrics.disconnected(offline.condition());
        if let Offline::NoLogin(_) = offline {
            self.connection = Span::none();
            offline.peer().into_iter().for_each(|peer| self.connected_to(peer));
        }
        let _entered = self.connection.clone().entered();
        if let Offline::Ended(Ending::Stopped) = offline {
            info!("offline, stopped as asked");
            return Err(End::Stopped);
        }
        let Settings { jid, server, .. } = self.settings;
        let why = offline.to_string();
        if self.is_final(&offline) {
            error!(jid, %server, "refused: {why}");
            self.service.status(&format!("refused: {why}"));
            return Err(End::Refused(offline));
        }
        let pause = self.backoff.pause();
        self.metrics.waits(pause);
        let retry_s = (pause.as_secs_f64() * 10.0).round() / 10.0;
        if self.told.is_news(&offline.reason()) {
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

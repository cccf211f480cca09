//! One authenticated stream, from the first stanza to the end.
//!
//! Moves bytes between a connection and [`Echo`], both ways at once, and keeps time for them; the
//! child module takes its leave. It returns how the stream ended and never connects again: that is the
//! supervisor's.

use std::io;
use std::pin::Pin;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadHalf, WriteHalf};
use tokio::time::{Instant, sleep_until, timeout};

use crate::component::echo::{Echo, Event};
use crate::component::outbox::Output;
use crate::component::requests::Now;
use crate::metrics::Metrics;
use crate::stream::ending::Ending;
use crate::stream::io::{forget, read_some, write_some};
use crate::stream::keepalive::{ANSWER, Due, Keepalive, ROUTED};

/// While so much waits to be written, nothing is read, and TCP tells the server.
const BACKLOG: usize = 1 << 20;

/// How often the life signs are looked at.
const TICK: Duration = Duration::from_secs(1);

/// What a transfer has done.
enum Moved {
    In,
    Out,
}

/// A stream in progress.
pub(super) struct Session<'a, S> {
    pub(super) reader: ReadHalf<S>,
    pub(super) writer: WriteHalf<S>,
    /// What has been read and not been answered yet.
    pub(super) input: Vec<u8>,
    pub(super) output: Output,
    pub(super) echo: &'a mut Echo,
    pub(super) metrics: &'a Metrics,
    /// When the daemon was started.
    pub(super) started: Instant,
    /// When a ping was sent that has not come back yet.
    pub(super) pinged: Option<Instant>,
    /// Whether any ping or probe has come back.
    pub(super) answered: bool,
    /// Whether the connection may hold back some of what it has taken, as TLS does.
    pub(super) unflushed: bool,
    pub(super) stopping: bool,
}

/// Runs a stream until it ends or `stop` is done. `early` is what the server sent right behind its
/// handshake, `started` when the daemon was.
pub async fn run<S, F>(
    connection: S,
    early: &[u8],
    echo: &mut Echo,
    metrics: &Metrics,
    started: Instant,
    stop: Pin<&mut F>,
) -> Ending
where
    S: AsyncRead + AsyncWrite,
    F: Future<Output = ()>,
{
    let mut session = Session::new(connection, early, echo, metrics, started);
    let ending = match session.answer() {
        Ok(()) => session.pump(stop).await,
        Err(ending) => ending,
    };
    session.close(ending).await
}

/// Pings ourselves through the server, says how long that took, and closes the stream. `None` says
/// that only what the server answers itself has been answered: another daemon of the same JID may
/// have got the ping.
///
/// # Errors
/// How it ended instead.
pub async fn ping_once<S: AsyncRead + AsyncWrite>(
    connection: S,
    early: &[u8],
    echo: &mut Echo,
    metrics: &Metrics,
) -> Result<Option<Duration>, Ending> {
    let mut session = Session::new(connection, early, echo, metrics, Instant::now());
    let pinged = timeout(ANSWER, session.until_pinged()).await;
    match pinged.unwrap_or(Err(Ending::Silent)) {
        Ok(round_trip) => {
            let ending = session.take_what_has_arrived().await;
            session.close(ending).await;
            Ok(round_trip)
        }
        Err(ending) => Err(session.close(ending).await),
    }
}

impl<'a, S: AsyncRead + AsyncWrite> Session<'a, S> {
    fn new(
        connection: S,
        early: &[u8],
        echo: &'a mut Echo,
        metrics: &'a Metrics,
        started: Instant,
    ) -> Self {
        let (reader, writer) = tokio::io::split(connection);
        metrics.received(early.len());
        Self {
            reader,
            writer,
            input: early.to_vec(),
            output: Output::default(),
            echo,
            metrics,
            started,
            pinged: None,
            answered: false,
            unflushed: false,
            stopping: false,
        }
    }

    /// Reads and writes until something ends it.
    async fn pump<F: Future<Output = ()>>(&mut self, mut stop: Pin<&mut F>) -> Ending {
        let mut life = Keepalive::new(Instant::now());
        let mut alarm = std::pin::pin!(sleep_until(Instant::now() + TICK));
        loop {
            tokio::select! {
                biased;
                () = stop.as_mut() => return self.take_what_has_arrived().await,
                moved = self.transfer() => match moved {
                    Ok(Moved::In) => life.heard(Instant::now()),
                    Ok(Moved::Out) => life.output(self.is_waiting(), true, Instant::now()),
                    Err(ending) => return ending,
                },
                () = alarm.as_mut() => {
                    let now = Instant::now();
                    if !self.has_room() {
                        life.heard(now); // It is we who do not listen.
                    }
                    life.output(self.is_waiting(), false, now);
                    match life.due(now) {
                        Due::Nothing => {}
                        Due::Ping => self.ping(),
                        Due::Probe => self.probe(),
                        Due::Silent => return Ending::Silent,
                        Due::Stuck => return Ending::Stuck,
                    }
                    alarm.as_mut().reset(now + TICK);
                }
            }
        }
    }

    /// Pings ourselves until there is an answer, and says how long it took; asks the server itself if
    /// there is none for too long.
    async fn until_pinged(&mut self) -> Result<Option<Duration>, Ending> {
        self.answer()?;
        let start = Instant::now();
        self.ping();
        let mut probed = false;
        while !self.answered {
            tokio::select! {
                moved = self.transfer() => {
                    moved?;
                }
                () = sleep_until(start + ROUTED), if !probed => {
                    probed = true;
                    self.probe();
                }
            }
        }
        Ok((!probed).then(|| start.elapsed()))
    }

    /// Writes or reads what can be. Nothing is lost if this is cancelled.
    async fn transfer(&mut self) -> Result<Moved, Ending> {
        let (waiting, room) = (self.is_waiting(), self.has_room());
        tokio::select! {
            biased;
            wrote = write_some(&mut self.writer, self.output.pending()), if waiting => {
                self.wrote(wrote.map_err(unwritable)?);
                Ok(Moved::Out)
            }
            read = read_some(&mut self.reader, &mut self.input), if room => {
                self.read(read)?;
                Ok(Moved::In)
            }
        }
    }

    /// Whether more answers may be made.
    fn has_room(&self) -> bool {
        self.output.pending().len() < BACKLOG
    }

    /// Whether there is something to write or to flush.
    pub(super) fn is_waiting(&self) -> bool {
        self.unflushed || !self.output.pending().is_empty()
    }

    /// Notes what [`write_some`] has done.
    pub(super) fn wrote(&mut self, wrote: Option<usize>) {
        self.unflushed = wrote.is_some();
        if let Some(count) = wrote {
            self.output.wrote(count);
            self.metrics.sent(count, self.output.pending().len());
        }
    }

    pub(super) fn read(&mut self, read: io::Result<usize>) -> Result<(), Ending> {
        match read {
            Ok(0) => Err(Ending::Lost),
            Ok(count) => {
                self.metrics.received(count);
                self.answer()
            }
            Err(error) => Err(Ending::Broken(error)),
        }
    }

    /// Answers what is whole of the input.
    fn answer(&mut self) -> Result<(), Ending> {
        let now = self.now();
        let fed = self.echo.feed(&self.input, &mut self.output, now);
        let tally = self.echo.take_tally();
        self.metrics.add(&tally);
        self.metrics.waiting(self.output.pending().len());
        self.answered |= tally.pinged;
        if let Some(pinged) = self.pinged.take_if(|_| tally.pinged) {
            self.metrics.ping(pinged.elapsed());
        }
        let (used, event) = fed.map_err(Ending::Faulty)?;
        forget(&mut self.input, used);
        match event {
            Event::Hungry => Ok(()),
            Event::Footer => Err(Ending::Closed),
            Event::StreamError(error) => Err(Ending::StreamError(error)),
        }
    }

    pub(super) fn now(&self) -> Now {
        Now { utc: chrono::Utc::now(), uptime: self.started.elapsed() }
    }

    fn ping(&mut self) {
        self.pinged = Some(Instant::now());
        self.echo.ping(&mut self.output);
    }

    /// The answer to a probe looks as that to a ping, but it says nothing of the way through the
    /// server, and the ping's may come late: no round trip is counted any more.
    fn probe(&mut self) {
        self.pinged = None;
        self.echo.probe(&mut self.output);
    }
}

/// How a stream ends that cannot be written to any more.
fn unwritable(error: io::Error) -> Ending {
    match error.kind() {
        io::ErrorKind::WriteZero => Ending::Lost,
        _ => Ending::Broken(error),
    }
}

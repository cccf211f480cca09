//! One authenticated stream, from the first stanza to the end.
//!
//! Moves bytes between a connection and [`Echo`], both ways at once, and keeps time for them; `close`
//! ends it. It returns how the stream ended and never connects again: that is the supervisor's.

use std::io;
use std::pin::Pin;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadHalf, WriteHalf};
use tokio::time::{Instant, sleep_until};

use crate::component::counts::Counts;
use crate::component::outbox::Outbox;
use crate::component::requests::Now;
use crate::component::{Echo, Event};
use crate::metrics::Metrics;
use crate::stream::ending::Ending;
use crate::stream::io::{forget, read_some, write_some};
use crate::stream::keepalive::{Due, Keepalive, TICK};
use crate::stream::notices;

/// While so many bytes wait to be written, nothing is read, and TCP tells the server.
const BACKLOG_BYTES: usize = 1 << 20;

/// What is the same for all streams.
#[derive(Debug, Clone)]
pub struct Settings {
    /// After how long without input the server is pinged, if at all.
    pub ping_interval: Option<Duration>,
    /// When the daemon was started.
    pub started: Instant,
}

/// A stream that is over.
#[derive(Debug)]
pub struct Served {
    /// How it ended.
    pub ending: Ending,
    /// Whether anything was answered on it.
    pub answered: bool,
}

/// What a transfer has done.
pub(super) enum Moved {
    In,
    Out,
}

/// What there has been on a stream.
#[derive(Default)]
pub(super) struct Happened {
    /// Any ping or probe came back, or an answer to one.
    pub(super) pong: bool,
    /// Anything was answered.
    answer: bool,
    /// The last input was a sign of life.
    life: bool,
}

/// A stream in progress.
pub(super) struct Session<'a, S> {
    pub(super) reader: ReadHalf<S>,
    pub(super) writer: WriteHalf<S>,
    /// What has been read and not been answered yet.
    pub(super) input: Vec<u8>,
    pub(super) output: Outbox,
    pub(super) echo: &'a mut Echo,
    pub(super) metrics: &'a Metrics,
    settings: &'a Settings,
    /// When a ping was sent that has not come back yet.
    pinged: Option<Instant>,
    pub(super) happened: Happened,
    /// When the first of the echoes was read that are still to be written.
    echoing: Option<Instant>,
    /// Whether the connection may hold back some of what it has taken, as TLS does.
    unflushed: bool,
    pub(super) stopping: bool,
    /// Whether the server has ended its side of the stream.
    pub(super) is_over: bool,
}

/// Serves a stream until it ends or `stop` is done. `early` is what the server sent right behind its
/// handshake.
pub async fn serve<S, F>(
    connection: S,
    early: &[u8],
    echo: &mut Echo,
    metrics: &Metrics,
    settings: &Settings,
    stop: Pin<&mut F>,
) -> Served
where
    S: AsyncRead + AsyncWrite,
    F: Future<Output = ()>,
{
    let mut session = Session::new(connection, early, echo, metrics, settings);
    let ending = match session.answer() {
        Ok(()) => session.pump(stop).await,
        Err(ending) => ending,
    };
    let answered = session.happened.answer;
    Served { ending: session.close(ending).await, answered }
}

impl<'a, S: AsyncRead + AsyncWrite> Session<'a, S> {
    pub(super) fn new(
        connection: S,
        early: &[u8],
        echo: &'a mut Echo,
        metrics: &'a Metrics,
        settings: &'a Settings,
    ) -> Self {
        let (reader, writer) = tokio::io::split(connection);
        metrics.received(early.len());
        Self {
            reader,
            writer,
            input: early.to_vec(),
            output: Outbox::default(),
            echo,
            metrics,
            settings,
            pinged: None,
            happened: Happened::default(),
            echoing: None,
            unflushed: false,
            stopping: false,
            is_over: false,
        }
    }

    /// Reads and writes until something ends it.
    async fn pump<F: Future<Output = ()>>(&mut self, mut stop: Pin<&mut F>) -> Ending {
        let mut life = Keepalive::new(self.settings.ping_interval, Instant::now());
        let mut alarm = std::pin::pin!(sleep_until(Instant::now() + TICK));
        loop {
            tokio::select! {
                biased;
                () = stop.as_mut() => return self.take_what_has_arrived().await,
                moved = self.transfer() => match moved {
                    Ok(Moved::In) if self.happened.life => life.heard(Instant::now()),
                    Ok(Moved::In) => {}
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

    /// Writes or reads what can be. Nothing is lost if this is cancelled.
    pub(super) async fn transfer(&mut self) -> Result<Moved, Ending> {
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
        self.output.pending().len() < BACKLOG_BYTES
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
        if let Some(read_at) = self.echoing.take_if(|_| self.output.pending().is_empty()) {
            self.metrics.echoed_after(read_at.elapsed());
        }
    }

    pub(super) fn read(&mut self, read: io::Result<usize>) -> Result<(), Ending> {
        match read {
            Ok(0) => Err(self.over(Ending::Lost)),
            Ok(count) => {
                self.metrics.received(count);
                self.answer()
            }
            // TLS calls it that when a connection ends without its own word for it.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(self.over(Ending::Lost))
            }
            Err(error) => Err(self.over(Ending::Broken(error))),
        }
    }

    /// Answers what is whole of the input.
    pub(super) fn answer(&mut self) -> Result<(), Ending> {
        let (now, read_at) = (self.now(), Instant::now());
        let fed = self.echo.feed(&self.input, &mut self.output, now);
        let counts = self.echo.take_counts();
        self.metrics.add(&counts);
        notices::log(self.echo.take_notices());
        self.metrics.waiting(self.output.pending().len());
        if counts.echoed > 0 {
            self.echoing.get_or_insert(read_at);
        }
        self.happened.pong |= counts.pinged;
        self.happened.answer |= counts.has_answer();
        // A stanza that was cut off on the way never ends: what others send would be a part of it.
        self.happened.life = !self.echo.is_passing_over() || counts != Counts::default();
        if let Some(pinged) = self.pinged.take_if(|_| counts.pinged) {
            self.metrics.ping(pinged.elapsed());
        }
        let (used, event) = fed.map_err(Ending::Faulty)?;
        forget(&mut self.input, used);
        match event {
            Event::Hungry => Ok(()),
            Event::Footer => Err(self.over(Ending::Closed)),
            Event::StreamError(error) => Err(self.over(Ending::StreamError(error))),
        }
    }

    /// The server has ended its side: nothing more is to be expected of it.
    fn over(&mut self, ending: Ending) -> Ending {
        self.is_over = true;
        ending
    }

    pub(super) fn now(&self) -> Now {
        Now { utc: chrono::Utc::now(), uptime: self.settings.started.elapsed() }
    }

    pub(super) fn ping(&mut self) {
        self.pinged = Some(Instant::now());
        self.echo.ping(&mut self.output);
    }

    /// The answer to a probe looks as that to a ping, but it says nothing of the way through the
    /// server, and the ping's may come late: no round trip is counted any more.
    pub(super) fn probe(&mut self) {
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

//! The server's side of one connection: login, batches of stanzas, and the answers checked in order.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use crate::stanza::{Answer, COMPONENT};
use crate::stats::Counts;

/// The daemon's pauses grow to a minute; nothing else takes long, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A connection, and what is due on it.
pub struct Peer {
    connection: TcpStream,
    received: Vec<u8>,
    /// How much of that has been checked.
    checked: usize,
    due: VecDeque<(Answer, Instant)>,
}

impl Peer {
    /// Waits for the daemon and lets it in.
    ///
    /// # Errors
    /// If it does not come.
    pub fn accept(listener: &TcpListener) -> Result<Self, String> {
        listener.set_nonblocking(true).map_err(said)?;
        let deadline = Instant::now() + PATIENCE;
        let connection = loop {
            match listener.accept() {
                Ok((connection, _)) => break connection,
                Err(error) if Instant::now() > deadline => {
                    return Err(format!("the daemon did not come back: {error}"));
                }
                Err(_) => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        connection.set_nonblocking(false).map_err(said)?;
        connection.set_nodelay(true).map_err(said)?;
        connection.set_read_timeout(Some(PATIENCE)).map_err(said)?;
        connection.set_write_timeout(Some(PATIENCE)).map_err(said)?;
        let mut peer = Self { connection, received: vec![], checked: 0, due: VecDeque::new() };
        peer.until("'>")?;
        let header = format!(
            "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' \
             xmlns:stream='http://etherx.jabber.org/streams' from='{COMPONENT}' id='42'>"
        );
        peer.write(header.as_bytes())?;
        peer.until("</handshake>")?;
        peer.write(b"<handshake/>")?;
        Ok(peer)
    }

    /// Sends bytes.
    ///
    /// # Errors
    /// If the daemon does not take them.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.connection.write_all(bytes).map_err(|error| format!("not taken: {error}"))
    }

    /// Sends stanzas and keeps what is due for them.
    ///
    /// # Errors
    /// If the daemon does not take them.
    pub fn send(&mut self, bytes: &[u8], due: Vec<Answer>) -> Result<(), String> {
        let now = Instant::now();
        self.due.extend(due.into_iter().map(|answer| (answer, now)));
        self.write(bytes)
    }

    /// Reads until no more than so many answers are due.
    ///
    /// # Errors
    /// If another answer comes, or none.
    pub fn settle(&mut self, due: usize, counts: &mut Counts) -> Result<(), String> {
        loop {
            self.check(counts)?;
            if self.due.len() <= due {
                return Ok(());
            }
            if self.read()? == 0 {
                return Err(format!("the daemon closed with {} answers due", self.due.len()));
            }
        }
    }

    /// Reads to the end; the answers that have not come until then were taken by the disconnect.
    ///
    /// # Errors
    /// If another answer comes.
    pub fn read_to_end(mut self, counts: &mut Counts) -> Result<(), String> {
        self.connection.shutdown(Shutdown::Write).map_err(said)?;
        while self.read()? > 0 {
            self.check(counts)?;
        }
        counts.taken += self.due.len() as u64;
        Ok(())
    }

    /// All answers that are due, and then these words.
    ///
    /// # Errors
    /// If anything else comes.
    pub fn settle_and_expect(&mut self, words: &str, counts: &mut Counts) -> Result<(), String> {
        self.settle(0, counts)?;
        self.until(words).map(|_| ())
    }

    /// Resets the connection while an answer is arriving: the kernel does so when what has come is
    /// not read.
    ///
    /// # Errors
    /// If nothing arrives.
    pub fn reset(self, counts: &mut Counts) -> Result<(), String> {
        let answered = |due: &(Answer, Instant)| due.0 != Answer::Silence;
        if self.due.iter().any(answered) && self.received.len() == self.checked {
            self.connection.peek(&mut [0]).map_err(said)?;
        }
        counts.taken += self.due.len() as u64;
        Ok(())
    }

    fn check(&mut self, counts: &mut Counts) -> Result<(), String> {
        let now = Instant::now();
        while let Some((answer, since)) = self.due.front() {
            let Some(size) = answer.take(&self.received[self.checked..])? else {
                break;
            };
            self.checked += size;
            counts.file(answer, now - *since);
            self.due.pop_front();
        }
        if self.due.is_empty() || self.checked > 1 << 20 {
            self.received.drain(..self.checked);
            self.checked = 0;
        }
        Ok(())
    }

    fn until(&mut self, words: &str) -> Result<String, String> {
        loop {
            let rest = String::from_utf8_lossy(&self.received[self.checked..]);
            if let Some(at) = rest.find(words) {
                let text = rest[..at + words.len()].to_owned();
                self.checked += text.len();
                return Ok(text);
            }
            if self.read()? == 0 {
                return Err(format!("the daemon closed before {words:?}"));
            }
        }
    }

    fn read(&mut self) -> Result<usize, String> {
        let mut piece = vec![0; 1 << 16];
        match self.connection.read(&mut piece) {
            Ok(count) => {
                self.received.extend_from_slice(&piece[..count]);
                Ok(count)
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(0),
            Err(error) => Err(format!("{} answers are due: {error}", self.due.len())),
        }
    }
}

fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}

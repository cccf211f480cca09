//! Drives a peer that has logged in: many messages at once, or one at a time.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::check::{Checker, Wrong};
use crate::messages::Ring;
use crate::stats::as_f64;

/// A peer that sends nothing for so long while echoes are due has hung.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Why the load came to an end before its time.
#[derive(Debug)]
pub enum Failure {
    Wrong(Wrong),
    /// The peer closed its connection, or it broke.
    Closed,
    /// Nothing came for [`PATIENCE`], or not all within the time given.
    Hung,
}

/// One peer's connection: what was sent, and the check of what comes back.
pub struct Load<'a> {
    stream: &'a TcpStream,
    ring: &'a Ring,
    pub checker: Checker<'a>,
    buffer: Vec<u8>,
    filled: usize,
    bytes_back: u64,
}

impl<'a> Load<'a> {
    pub fn new(stream: &'a TcpStream, ring: &'a Ring, checker: Checker<'a>) -> io::Result<Self> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream, ring, checker, buffer: vec![0; 256 * 1024], filled: 0, bytes_back: 0 })
    }

    /// Sends `count` messages, never more than `window` under way, and waits for all the echoes.
    ///
    /// A thread of its own does the writing: one that did both could wait for room to write while
    /// the peer waits for room to write, too.
    pub fn many(&mut self, count: u64, window: u64, limit: Duration) -> Result<Duration, Failure> {
        let start = Instant::now();
        let first = self.checker.count;
        let flow = Flow::new(first, first + count, window);
        let (stream, ring) = (self.stream, self.ring);
        thread::scope(|scope| {
            let writer = scope.spawn(|| flow.write(stream, ring));
            let outcome = self.read_until(&flow, start + limit, writer.thread());
            if outcome.is_err() {
                // Whatever the writer waits for, it must not wait any longer.
                flow.stopped.store(true, SeqCst);
                let _ = stream.shutdown(Shutdown::Both);
                writer.thread().unpark();
            }
            outcome
        })?;
        Ok(start.elapsed())
    }

    fn read_until(&mut self, flow: &Flow, end: Instant, writer: &Thread) -> Result<(), Failure> {
        while self.checker.count < flow.end {
            self.read()?;
            flow.echoed.store(self.checker.count, SeqCst);
            if flow.room() > 0 {
                writer.unpark();
            }
            if Instant::now() > end {
                return Err(Failure::Hung);
            }
        }
        Ok(())
    }

    /// Sends one message at a time, and returns how long each took to come back.
    pub fn single(&mut self, most: usize, limit: Duration) -> Result<Vec<Duration>, Failure> {
        let start = Instant::now();
        let mut times = Vec::with_capacity(most);
        while times.len() < most && start.elapsed() < limit {
            let (bytes, _) = self.ring.piece(self.checker.count, 1);
            let due = self.checker.count + 1;
            let sent = Instant::now();
            (&mut &*self.stream).write_all(bytes).map_err(|error| broken(&error))?;
            while self.checker.count < due {
                self.read()?;
            }
            times.push(sent.elapsed());
        }
        Ok(times)
    }

    /// Reads once and checks the echoes that are now complete.
    fn read(&mut self) -> Result<(), Failure> {
        if self.filled == self.buffer.len() {
            self.buffer.resize(2 * self.filled, 0);
        }
        let n = (&mut &*self.stream).read(&mut self.buffer[self.filled..]);
        match n.map_err(|error| broken(&error))? {
            0 => return Err(Failure::Closed),
            n => self.filled += n,
        }
        let taken = self.checker.take(&self.buffer[..self.filled]).map_err(Failure::Wrong)?;
        self.buffer.copy_within(taken..self.filled, 0);
        self.filled -= taken;
        self.bytes_back += taken as u64;
        Ok(())
    }

    /// How many bytes have come back for each byte sent, so that it shows who echoes only bodies.
    pub fn returned(&self) -> f64 {
        let each = as_f64(self.ring.text.len() as u64) / as_f64(self.ring.len());
        as_f64(self.bytes_back) / (each * as_f64(self.checker.count))
    }
}

fn broken(error: &io::Error) -> Failure {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => Failure::Hung,
        _ => Failure::Closed,
    }
}

/// What the reading and the writing thread know of each other.
struct Flow {
    sent: AtomicU64,
    echoed: AtomicU64,
    stopped: AtomicBool,
    end: u64,
    window: u64,
}

impl Flow {
    fn new(first: u64, end: u64, window: u64) -> Self {
        let (sent, echoed) = (AtomicU64::new(first), AtomicU64::new(first));
        Self { sent, echoed, stopped: AtomicBool::new(false), end, window }
    }

    /// How many messages may be sent now: none until half the window is free, since waking the
    /// writer for each would make it the bottleneck.
    fn room(&self) -> u64 {
        let sent = self.sent.load(SeqCst);
        let free = self.window - (sent - self.echoed.load(SeqCst));
        let left = self.end - sent;
        if free >= left || free >= self.window.div_ceil(2) { free.min(left) } else { 0 }
    }

    fn write(&self, mut stream: &TcpStream, ring: &Ring) {
        let mut sent = self.sent.load(SeqCst);
        while sent < self.end && !self.stopped.load(SeqCst) {
            let room = self.room();
            if room == 0 {
                thread::park();
                continue;
            }
            let (bytes, count) = ring.piece(sent, room);
            sent += count;
            // First counted, then sent: an echo must never come before its message.
            self.sent.store(sent, SeqCst);
            if stream.write_all(bytes).is_err() {
                // The reading thread sees the same and says so.
                let _ = stream.shutdown(Shutdown::Both);
                return;
            }
        }
    }
}

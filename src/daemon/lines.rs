//! Log lines on their way to standard error, which may be a pipe that nobody reads.
//!
//! A thread of its own writes them. Whoever has a line never waits: when the queue is full, the line
//! is dropped and counted, and the count is logged once there is room again.

use std::collections::VecDeque;
use std::io::{self, Write, stderr};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tracing::warn;

/// How many bytes may wait to be written.
const LONGEST_QUEUE: usize = 1 << 20;

/// After how long standard error is tried again that takes nothing at the moment.
const AGAIN: Duration = Duration::from_millis(10);

/// The way into the queue. Each write is a whole line, or several.
#[derive(Clone, Default)]
pub struct Lines(Arc<Queue>);

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Vec<u8>>,
    /// How many bytes are waiting.
    bytes: usize,
    /// How many writes were dropped and have not been told of.
    dropped: u64,
    /// Whether something is being written at the moment.
    writing: bool,
}

impl Lines {
    /// A queue, and the thread that empties it.
    ///
    /// # Errors
    /// If there is no such thread to be had.
    pub fn open() -> io::Result<Self> {
        let lines = Self::default();
        let writer = lines.clone();
        thread::Builder::new().name("log".into()).spawn(move || writer.write_for_ever())?;
        Ok(lines)
    }

    /// Waits until all has been written, but no longer than that.
    pub fn flush_within(&self, patience: Duration) {
        let unwritten = |state: &mut State| state.writing || !state.waiting.is_empty();
        let waited = self.0.changed.wait_timeout_while(self.state(), patience, unwritten);
        drop(waited);
    }

    fn write_for_ever(&self) {
        loop {
            let idle = |state: &mut State| state.waiting.is_empty();
            let state = self.0.changed.wait_while(self.state(), idle);
            let mut state = state.unwrap_or_else(PoisonError::into_inner);
            let Some(line) = state.waiting.pop_front() else { continue };
            state.writing = true;
            drop(state);
            // Nobody is there to be told that standard error is closed.
            let _ = write_whole(&line);
            let mut state = self.state();
            state.writing = false;
            state.bytes -= line.len();
            let dropped = if state.bytes < LONGEST_QUEUE / 2 { state.dropped } else { 0 };
            state.dropped -= dropped;
            drop(state);
            if dropped > 0 {
                warn!(dropped, "log lines were dropped, since nobody read them in time");
            }
            self.0.changed.notify_all();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes all of it and waits for that, also where standard error does not block: a program that shares it
/// may have said so, and then it holds for all.
fn write_whole(mut line: &[u8]) -> io::Result<()> {
    while !line.is_empty() {
        match stderr().write(line) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => line = &line[count..],
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock => thread::sleep(AGAIN),
                io::ErrorKind::Interrupted => {}
                _ => return Err(error),
            },
        }
    }
    Ok(())
}

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut state = self.state();
        if state.bytes + line.len() > LONGEST_QUEUE {
            state.dropped += 1;
        } else {
            state.bytes += line.len();
            state.waiting.push_back(line.to_vec());
            self.0.changed.notify_all();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

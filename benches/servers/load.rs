//! Users who have so many messages on their way to the component at all times, and look whether each
//! comes back right, once, and in order. Plain sockets and no parser, so that they cost little.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use memchr::memmem;

use crate::real::COMPONENT;

/// How many messages of a user are on their way at once.
pub const WINDOW: u64 = 100;

/// The rest of a body of 80 bytes behind the message's number.
const FILLER: &str = "All work and no play makes Jack a dull boy. All work and no play makes J";

/// From where the messages are numbered that wait for the component, not those of the load, and how
/// their bodies begin.
const BEFORE: u64 = 90_000_000;
const BEFORE_BODY: &[u8] = b"<body>900";

/// How long any echo may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What all users together have got back.
#[derive(Default)]
pub struct Load {
    echoes: AtomicU64,
    stopped: AtomicBool,
}

impl Load {
    /// How many echoes have come so far.
    pub fn echoes(&self) -> u64 {
        self.echoes.load(Ordering::Relaxed)
    }

    /// Has all users send nothing more.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Sends and receives until told to stop and all is back.
    pub fn talk(&self, user: &mut TcpStream) -> Result<(), String> {
        let (mut sent, mut echoed, mut received) = (0, 0, Vec::new());
        loop {
            if !self.stopped.load(Ordering::Relaxed) {
                let next: String = (sent..echoed + WINDOW).map(message).collect();
                user.write_all(next.as_bytes()).map_err(|error| format!("sending: {error}"))?;
                sent = echoed + WINDOW;
            } else if sent == echoed {
                return Ok(());
            }
            if !read(user, &mut received)? {
                return Err(format!("an echo did not come within {PATIENCE:?}"));
            }
            while let Some(stanza) = take(&mut received) {
                if memmem::find(&stanza, BEFORE_BODY).is_some() {
                    continue;
                }
                if !is_echo(&stanza, echoed) {
                    let stanza = String::from_utf8_lossy(&stanza);
                    return Err(format!("instead of the echo {echoed} came {stanza}"));
                }
                echoed += 1;
                self.echoes.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// Has small writes go out at once, as those of every user must, and bounds each wait.
pub fn prepare(user: &TcpStream) -> Result<(), String> {
    user.set_nodelay(true)
        .and_then(|()| user.set_read_timeout(Some(PATIENCE)))
        .map_err(|error| format!("a user's socket: {error}"))
}

/// Waits until the component is there, which is when a message comes back and not an error. One that
/// goes to the component before it is lost with that one's connection, and ejabberd's errors may come
/// late.
pub fn wait_for_echo(user: &mut TcpStream) -> Result<(), String> {
    let socket = |error: io::Error| format!("a user's socket: {error}");
    user.set_read_timeout(Some(Duration::from_millis(100))).map_err(socket)?;
    let (deadline, mut received, mut number) = (Instant::now() + PATIENCE, Vec::new(), BEFORE);
    while Instant::now() < deadline {
        number += 1;
        user.write_all(message(number).as_bytes()).map_err(socket)?;
        while read(user, &mut received)? {
            while let Some(stanza) = take(&mut received) {
                if is_echo(&stanza, number) {
                    return prepare(user);
                }
            }
        }
    }
    Err(format!("the component was not online within {PATIENCE:?}"))
}

fn body(number: u64) -> String {
    format!("{number:08}{FILLER}")
}

fn message(number: u64) -> String {
    let body = body(number);
    format!(
        "<message to='bot@{COMPONENT}' type='chat' id='m{number}'><body>{body}</body></message>"
    )
}

/// Reads once; false if nothing came in time.
fn read(user: &mut TcpStream, received: &mut Vec<u8>) -> Result<bool, String> {
    let mut piece = [0; 16 << 10];
    match user.read(&mut piece) {
        Ok(0) => Err("the server closed a user's connection".to_owned()),
        Ok(count) => {
            received.extend_from_slice(&piece[..count]);
            Ok(true)
        }
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
        Err(error) => Err(format!("receiving: {error}")),
    }
}

/// The next message that is whole, and what came before it.
fn take(received: &mut Vec<u8>) -> Option<Vec<u8>> {
    const END: &[u8] = b"</message>";
    let end = memmem::find(received, END)? + END.len();
    Some(received.drain(..end).collect())
}

/// Whether this is the echo of that message: no error, from whom it was for, with its id and its text.
fn is_echo(stanza: &[u8], number: u64) -> bool {
    let has = |part: &str| memmem::find(stanza, part.as_bytes()).is_some();
    // Servers write attributes anew, each with the quotes it likes.
    let says = |name: &str, value: &str| {
        has(&format!(" {name}='{value}'")) || has(&format!(" {name}=\"{value}\""))
    };
    has(&format!("<body>{}</body>", body(number)))
        && says("id", &format!("m{number}"))
        && says("from", &format!("bot@{COMPONENT}"))
        && !says("type", "error")
}

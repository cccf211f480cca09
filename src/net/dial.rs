//! From a host name to a TCP connection, trying all its addresses.
//!
//! The next address is tried when the one before has failed or has been silent for a moment, so that
//! one dead address costs little (RFC 8305 §5).

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{sleep, timeout};
use tokio_xmpp::connect::ServerConnectorError;

use crate::net::tls::Untrusted;

/// How long an address may be silent before the next is tried too.
const HEAD_START: Duration = Duration::from_millis(250);

/// How long looking a name up may take, and how long an address may take to answer. With the time
/// for the stream's negotiation this must fit into a login.
const ANSWER: Duration = Duration::from_secs(5);

/// Why there is no connection.
#[derive(Debug)]
pub enum DialError {
    /// The name has no address, or looking it up failed.
    NoAddress(io::Error),
    /// The server is not who it should be.
    Untrusted(Untrusted),
    /// None of its addresses could be connected to; each with its reason.
    Unreachable(Vec<(SocketAddr, io::Error)>),
}

impl DialError {
    /// The error that `dial` gave to tokio-xmpp, taken out of its box again.
    pub fn from_connector(error: Box<dyn ServerConnectorError>) -> Option<Self> {
        let error: Box<dyn std::error::Error> = error;
        error.downcast::<Self>().ok().map(|error| *error)
    }
}

impl fmt::Display for DialError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("no connection")
    }
}

impl std::error::Error for DialError {}

/// Connects to the first address of `server` that answers.
///
/// # Errors
/// See [`DialError`].
pub async fn dial(server: &str, port: u16) -> Result<TcpStream, DialError> {
    let found = timeout(ANSWER, lookup_host((server, port))).await.unwrap_or_else(|_| late());
    let mut addresses = found.map_err(DialError::NoAddress)?.peekable();
    let (mut attempts, mut failures) = (FuturesUnordered::new(), Vec::new());
    loop {
        if let Some(address) = addresses.next() {
            attempts.push(async move { (address, connect(address).await) });
        }
        let more = addresses.peek().is_some();
        let attempt = tokio::select! {
            attempt = attempts.next() => attempt,
            () = sleep(HEAD_START), if more => continue,
        };
        match attempt {
            Some((_, Ok(connection))) => return Ok(connection),
            Some((address, Err(error))) => failures.push((address, error)),
            None if failures.is_empty() => {
                return Err(DialError::NoAddress(io::ErrorKind::NotFound.into()));
            }
            None => return Err(DialError::Unreachable(failures)),
        }
    }
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let connection =
        timeout(ANSWER, TcpStream::connect(address)).await.unwrap_or_else(|_| late())?;
    // An echo is one small write, which must not wait for the acknowledgement of the one before.
    connection.set_nodelay(true)?;
    Ok(connection)
}

fn late<T>() -> io::Result<T> {
    Err(io::Error::new(io::ErrorKind::TimedOut, "no answer within 5 s"))
}

//! From a server's addresses to a TCP connection.
//!
//! The next address is tried when the one before has failed or has been silent for a moment, so that
//! one dead address costs little (RFC 8305 §5).

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::net::error::Cause;

/// How long an address may be silent before the next is tried too.
const HEAD_START: Duration = Duration::from_millis(250);

/// How long an address may take to answer: the kernel asks it at 0, 1 and 3 s.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// Connects to the first that answers. Those before it have `failed`; those behind it are left, also
/// if they were being tried.
pub async fn dial(
    left: &mut VecDeque<SocketAddr>,
    failed: &mut Vec<(SocketAddr, Cause)>,
) -> Option<(SocketAddr, TcpStream)> {
    let (mut attempts, mut begun) = (FuturesUnordered::new(), vec![]);
    loop {
        if let Some(address) = left.pop_front() {
            begun.push(address);
            attempts.push(async move { (address, connect(address).await) });
        }
        let attempt = tokio::select! {
            attempt = attempts.next() => attempt,
            () = sleep(HEAD_START), if !left.is_empty() => continue,
        };
        let (address, connected) = attempt?;
        begun.retain(|it| *it != address);
        match connected {
            Ok(connection) => {
                begun.into_iter().rev().for_each(|address| left.push_front(address));
                return Some((address, connection));
            }
            Err(error) => failed.push((address, Cause::Unreachable(error))),
        }
    }
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let late = |_| Err(io::Error::new(io::ErrorKind::TimedOut, "no answer within 5 s"));
    let connection =
        timeout(CONNECT_WITHIN, TcpStream::connect(address)).await.unwrap_or_else(late)?;
    // An echo is one small write, which must not wait for the acknowledgement of the one before.
    connection.set_nodelay(true)?;
    Ok(connection)
}

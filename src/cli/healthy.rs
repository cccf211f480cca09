//! `--healthy`: asks the daemon that is running whether it is online, at its own `/readyz`.
//!
//! It connects to no XMPP server: beside a running daemon that one would be told `conflict`.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Error, Result, anyhow, bail};

use crate::net::error::words;

/// How long connecting, asking or an answer may take.
const ANSWER: Duration = Duration::from_secs(5);

/// Succeeds if the daemon whose metrics are at `address` is online.
///
/// # Errors
/// A sentence that says whether it is offline, or is not there at all.
pub fn ask(address: SocketAddr) -> Result<()> {
    let connection = TcpStream::connect_timeout(&reachable(address), ANSWER);
    let mut connection = connection.map_err(|error| unreachable(address, &error))?;
    let mut answer = Vec::new();
    let asked = exchange(&mut connection, address, &mut answer);
    if asked.is_err_and(|error| is_late(&error)) && answer.is_empty() {
        return Err(late(address));
    }
    let answer = String::from_utf8_lossy(&answer);
    match answer.split_once("\r\n\r\n") {
        Some((head, "online\n")) if head.starts_with("HTTP/1.1 200 ") => Ok(()),
        Some((head, "offline\n")) if head.starts_with("HTTP/1.1 503 ") => {
            bail!("the daemon at --metrics {address} is not online: its log says why")
        }
        _ => bail!(
            "what listens at --metrics {address} is not echo-component: give the daemon's --metrics \
             address"
        ),
    }
}

/// What comes before an error is in `answer`, too: it tells who is there.
fn exchange(
    connection: &mut TcpStream,
    address: SocketAddr,
    answer: &mut Vec<u8>,
) -> io::Result<()> {
    connection.set_read_timeout(Some(ANSWER))?;
    connection.set_write_timeout(Some(ANSWER))?;
    write!(connection, "GET /readyz HTTP/1.1\r\nHost: {address}\r\n\r\n")?;
    connection.take(4096).read_to_end(answer)?;
    Ok(())
}

fn unreachable(address: SocketAddr, error: &io::Error) -> Error {
    let hint = match error.kind() {
        _ if is_late(error) => return late(address),
        ErrorKind::ConnectionRefused => ": is the daemon running, with this --metrics?",
        _ => "",
    };
    anyhow!("no echo-component answers at --metrics {address}: {}{hint}", words(error))
}

/// A socket's time limit is told in either way (socket(7)).
fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock)
}

fn late(address: SocketAddr) -> Error {
    anyhow!("no answer at --metrics {address} within 5 s: does another program listen there?")
}

/// A daemon that listens at all addresses is asked at loopback.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

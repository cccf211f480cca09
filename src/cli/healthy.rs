//! `--healthy`: asks the daemon that is running whether it is online, at its own `/readyz`.
//!
//! It connects to no XMPP server: beside a running daemon that one would be told `conflict`.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

/// How long connecting, asking or an answer may take.
const ANSWER: Duration = Duration::from_secs(5);

/// Succeeds if the daemon whose metrics are at `address` is online.
///
/// # Errors
/// A sentence that says whether it is offline, or is not there at all.
pub fn ask(address: SocketAddr) -> Result<()> {
    let answer = answer(address)
        .with_context(|| format!("no echo-component answers at --metrics {address}"))?;
    let (status, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    ensure!(status.starts_with("HTTP/1.1 200 "), "{}", body.trim().escape_debug());
    Ok(())
}

fn answer(address: SocketAddr) -> Result<String> {
    let mut connection = TcpStream::connect_timeout(&reachable(address), ANSWER)?;
    connection.set_read_timeout(Some(ANSWER))?;
    connection.set_write_timeout(Some(ANSWER))?;
    write!(connection, "GET /readyz HTTP/1.1\r\nHost: {address}\r\n\r\n")?;
    let mut answer = String::new();
    connection.take(4096).read_to_string(&mut answer)?;
    ensure!(answer.contains("\r\n\r\n"), "what it says is no HTTP");
    Ok(answer)
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

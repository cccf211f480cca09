//! One try: all of a server's addresses, until one of them lets the component in.
//!
//! Here is the time that a try may take, in all and for each address.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::client::TlsStream;
use tokio_util::either::Either;

use crate::component::address::Domain;
use crate::net::dial::dial;
use crate::net::error::{Cause, NoLogin};
use crate::net::login::login;
use crate::net::lookup::Lookup;
use crate::net::secret::Secret;
use crate::net::tls::Trust;
use crate::net::untrusted::Untrusted;

/// How long a try may take in all, from the name to the accepted handshake.
const LOGIN_WITHIN: Duration = Duration::from_secs(30);

/// What to tell of a connection that is exposed.
pub const EXPOSED: &str = "the connection is not encrypted: everybody on the way can read \
    messages, and the secret can be guessed from it; use --tls if the server can";

/// Where to log in, and as whom.
#[derive(Debug, Clone)]
pub struct Target {
    /// The server's name or address, as the admin gave it.
    pub server: String,
    /// The server's port.
    pub port: u16,
    /// Whom to trust, if the connection is to be encrypted.
    pub trust: Option<Trust>,
    /// The component's domain.
    pub domain: Domain,
    /// What is shared with the server.
    pub secret: Secret,
}

/// The server as an admin writes it.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        if self.server.contains(':') {
            write!(f, "[{}]:{}", self.server, self.port)
        } else {
            write!(f, "{}:{}", self.server, self.port)
        }
    }
}

/// An authenticated stream.
#[derive(Debug)]
pub struct Connected<S> {
    /// The connection.
    pub connection: S,
    /// The address at the server's end.
    pub peer: SocketAddr,
    /// Whether everybody on the way can read it.
    pub exposed: bool,
    /// What the server sent right behind its handshake.
    pub early: Vec<u8>,
}

/// TCP, or TLS on it.
pub type Connection = Either<TcpStream, TlsStream<TcpStream>>;

/// Connects and logs in at the first address that lets us.
///
/// # Errors
/// Why there is no such address.
pub async fn connect(
    target: &Target,
    lookup: &mut Lookup,
) -> Result<Connected<Connection>, NoLogin> {
    let deadline = Instant::now() + LOGIN_WITHIN;
    let addresses = lookup.addresses(&target.server, target.port, deadline).await?;
    let (mut left, mut failed) = (VecDeque::from(addresses.clone()), vec![]);
    while let Ok(Some((address, connection))) =
        timeout_at(deadline, dial(&mut left, &mut failed)).await
    {
        let logged_in = log_in(connection, address, target);
        match timeout_at(share(deadline, left.len()), logged_in).await {
            Ok(Ok(connected)) => return Ok(connected),
            Ok(Err(cause)) => failed.push((address, cause)),
            Err(_) => failed.push((address, Cause::Late)),
        }
    }
    add_untried(addresses, &mut failed);
    Err(NoLogin::Failed(failed))
}

/// Until when an address may take, so that as much is left for each of the others.
fn share(deadline: Instant, others: usize) -> Instant {
    let now = Instant::now();
    let others = u32::try_from(others).unwrap_or(u32::MAX);
    now + (deadline - now) / others.saturating_add(1)
}

/// There was no time for some.
fn add_untried(addresses: Vec<SocketAddr>, failed: &mut Vec<(SocketAddr, Cause)>) {
    for address in addresses {
        if !failed.iter().any(|(tried, _)| *tried == address) {
            failed.push((address, Cause::Late));
        }
    }
}

async fn log_in(
    connection: TcpStream,
    peer: SocketAddr,
    target: &Target,
) -> Result<Connected<Connection>, Cause> {
    let exposed = target.trust.is_none() && is_exposed(&connection);
    let connection = match &target.trust {
        None => Either::Left(connection),
        Some(trust) => {
            Either::Right(trust.secure(&target.server, connection).await.map_err(Cause::Untrusted)?)
        }
    };
    let logged_in = login(connection, &target.domain, &target.secret).await;
    let (connection, early) = logged_in.map_err(|cause| match cause {
        Cause::ClosedWordless if target.trust.is_some() => Cause::Closed,
        Cause::NoStream(error) => told_late(error, target),
        cause => cause,
    })?;
    Ok(Connected { connection, peer, exposed, early })
}

/// With TLS 1.3 a server says only after the handshake what it does not like in ours.
fn told_late(error: io::Error, target: &Target) -> Cause {
    match Untrusted::from(error, &target.server) {
        Untrusted::Other(error) => Cause::NoStream(error),
        why => Cause::Untrusted(why),
    }
}

fn is_exposed(connection: &TcpStream) -> bool {
    match (connection.local_addr(), connection.peer_addr()) {
        (Ok(local), Ok(peer)) => leaves_the_machine(local.ip(), peer.ip()),
        // It is broken, which will be told.
        _ => false,
    }
}

/// Whether a connection between these two goes to another machine. One to this machine's own
/// address comes from that very address.
fn leaves_the_machine(local: IpAddr, peer: IpAddr) -> bool {
    !peer.to_canonical().is_loopback() && local != peer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_leaves_the_machine_can_be_read_on_the_way() {
        for (local, peer, leaves) in [
            ("127.0.0.1", "127.0.0.1", false),
            ("127.0.0.1", "127.0.0.2", false),
            ("::1", "::1", false),
            ("::ffff:127.0.0.1", "::ffff:127.0.0.1", false),
            ("192.0.2.1", "192.0.2.1", false),
            ("2001:db8::1", "2001:db8::1", false),
            ("192.0.2.1", "192.0.2.2", true),
            ("2001:db8::1", "2001:db8::2", true),
        ] {
            let [from, to] = [local, peer].map(|it| it.parse().unwrap());
            assert_eq!(leaves_the_machine(from, to), leaves, "{local} to {peer}");
        }
    }
}

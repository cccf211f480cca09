//! From a configuration to an authenticated stream: name, address, TCP, stream header, handshake.
//!
//! tokio-xmpp does the protocol; the connector, the deadline and the reading of what went wrong are
//! ours. Nothing is tried again here.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use minidom::{Element, rxml};
use sasl::common::ChannelBinding;
use tokio::io::BufReader;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use tokio_util::either::Either;
use tokio_xmpp::Error;
use tokio_xmpp::connect::{ServerConnector, ServerConnectorError};
use tokio_xmpp::xmlstream::{
    PendingFeaturesRecv, ReadError, StreamHeader, Timeouts, XmlStream, initiate_stream,
};
use xmpp_parsers::component::Handshake;
use xmpp_parsers::jid::Jid;
use xmpp_parsers::ns;

use crate::cli::config::Config;
use crate::component::stream_error::StreamError;
use crate::net::dial::{DialError, dial};
use crate::net::sniff::{Heard, Overheard};
use crate::net::tls::Trust;
use crate::stream::ending::Ending;

/// How long a login may take in all. tokio-xmpp's own timeouts start again at every event, so that
/// white space would hold a login for ever.
const LOGIN: Duration = Duration::from_secs(15);

/// What to tell of a connection that is exposed.
pub const EXPOSED: &str = "the connection is not encrypted: everybody on the way can read \
    messages, and the secret can be guessed from it; use --tls if the server can";

/// An authenticated stream.
pub struct Connected {
    /// The connection.
    pub connection: Connection,
    /// Whether everybody on the way can read it.
    pub exposed: bool,
    /// What the server sent right behind its handshake.
    pub early: Vec<u8>,
}

/// What tokio-xmpp reads and writes on.
type Link = BufReader<Overheard<Connection>>;

/// TCP, or TLS on it.
pub type Connection = Either<TcpStream, TlsStream<TcpStream>>;

/// Makes the connection for tokio-xmpp.
#[derive(Debug, Clone)]
struct Connector {
    server: String,
    port: u16,
    trust: Option<Trust>,
    heard: Heard,
}

impl ServerConnectorError for DialError {}

impl ServerConnector for Connector {
    type Stream = Link;

    async fn connect(
        &self,
        jid: &Jid,
        ns: &'static str,
        timeouts: Timeouts,
    ) -> Result<(PendingFeaturesRecv<Link>, ChannelBinding), Error> {
        let connection = dial(&self.server, self.port).await?;
        let connection = match &self.trust {
            None => Either::Left(connection),
            Some(trust) => Either::Right(
                trust.secure(&self.server, connection).await.map_err(DialError::Untrusted)?,
            ),
        };
        let link = BufReader::new(Overheard::new(connection, self.heard.clone()));
        let header = StreamHeader { to: Some(jid.domain().as_str().into()), from: None, id: None };
        let stream = initiate_stream(link, ns, header, timeouts).await?;
        Ok((stream, ChannelBinding::None))
    }
}

/// Connects and authenticates.
///
/// # Errors
/// How it ended instead.
pub async fn login(config: &Config) -> Result<Connected, Ending> {
    let heard = Heard::default();
    let connector = Connector {
        server: config.server.clone(),
        port: config.port,
        trust: config.trust.clone(),
        heard: heard.clone(),
    };
    let login = timeout(LOGIN, negotiate(config, connector)).await;
    let ending = match login {
        Ok(Ok(connected)) => return Ok(connected),
        Ok(Err(ending)) => ending,
        Err(_) => Ending::Late,
    };
    Err(match (heard.other_service(), ending) {
        // Whatever went wrong, a port that speaks something else is why.
        (Some(service), _) => Ending::OtherService(service),
        (None, Ending::ClosedAtLogin) if config.trust.is_none() && heard.is_nothing() => {
            Ending::ClosedWordless
        }
        (None, ending) => ending,
    })
}

async fn negotiate(config: &Config, connector: Connector) -> Result<Connected, Ending> {
    let jid = config.domain.jid();
    let connected = connector.connect(&jid, ns::COMPONENT, Timeouts::tight()).await;
    let (mut pending, _) = connected.map_err(no_stream)?;
    let id = pending.take_header().id;
    let mut stream = pending.skip_features::<Element>();
    if let Some(id) = &id {
        let handshake =
            Handshake::from_stream_id_and_password(id.to_string(), config.secret.reveal());
        // A server that has said no by now may have closed its side: what it said is still to be
        // read.
        let _ = stream.send(&handshake).await;
    }
    accepted(&mut stream).await.map_err(|ending| match ending {
        Ending::StreamError(_) => ending,
        _ if id.is_none() => Ending::NoStreamId,
        _ => ending,
    })?;
    let link = stream.into_inner();
    let early = link.buffer().to_vec();
    let connection = link.into_inner().into_inner();
    Ok(Connected { exposed: is_exposed(&connection), connection, early })
}

fn is_exposed(connection: &Connection) -> bool {
    match connection {
        Either::Left(tcp) => match (tcp.local_addr(), tcp.peer_addr()) {
            (Ok(local), Ok(peer)) => leaves_the_machine(local.ip(), peer.ip()),
            // It is broken, which will be told.
            _ => false,
        },
        Either::Right(_) => false,
    }
}

/// Whether a connection between these two goes to another machine. One to this machine's own
/// address comes from that very address.
fn leaves_the_machine(local: IpAddr, peer: IpAddr) -> bool {
    !peer.to_canonical().is_loopback() && local != peer
}

/// Waits for the server's answer to the handshake.
async fn accepted(stream: &mut XmlStream<Link, Element>) -> Result<(), Ending> {
    loop {
        match stream.next().await {
            Some(Ok(element)) if element.is("handshake", ns::COMPONENT) => return Ok(()),
            Some(Ok(element)) if StreamError::is(&element) => {
                return Err(Ending::StreamError(StreamError::from(&element)));
            }
            // jabberd2 offers features, since tokio-xmpp's header has a version; the handshake is
            // what it waits for all the same. Silence is for the deadline to judge.
            Some(Ok(_) | Err(ReadError::SoftTimeout | ReadError::ParseError(_))) => {}
            Some(Err(ReadError::HardError(error))) => return Err(broken(error)),
            Some(Err(ReadError::StreamFooterReceived)) | None => return Err(Ending::ClosedAtLogin),
        }
    }
}

fn no_stream(error: Error) -> Ending {
    match error {
        Error::Io(error) => broken(error),
        Error::Connection(error) => match DialError::from_connector(error) {
            Some(DialError::Untrusted(why)) => Ending::Untrusted(why),
            Some(DialError::NoAddress(error)) => Ending::NoAddress(error),
            Some(DialError::Unreachable(causes)) => Ending::Unreachable(causes),
            None => Ending::ClosedAtLogin,
        },
        other => Ending::NoStream(io::Error::other(other)),
    }
}

fn broken(error: io::Error) -> Ending {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, InvalidData, UnexpectedEof};
    match error.kind() {
        UnexpectedEof | ConnectionReset | BrokenPipe => Ending::ClosedAtLogin,
        InvalidData if is_end(&error) => Ending::ClosedAtLogin,
        InvalidData => Ending::NoStream(error),
        _ => Ending::Broken(error),
    }
}

/// Whether XML is malformed only in that it ends.
fn is_end(error: &io::Error) -> bool {
    let error = error.get_ref().and_then(|error| error.downcast_ref());
    matches!(error, Some(rxml::Error::InvalidEof(_)))
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

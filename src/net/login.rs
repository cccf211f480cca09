//! The login of a component on any stream: header, handshake, answer (XEP-0114 §3).
//!
//! tokio-xmpp does the protocol. There is no clock here: how long it may take is the caller's affair,
//! since tokio-xmpp's own timeouts start again at every event.

use std::io;

use futures_util::{SinkExt, StreamExt};
use minidom::{Element, rxml};
use tokio::io::{AsyncRead, AsyncWrite, BufReader};
use tokio_xmpp::xmlstream::{ReadError, StreamHeader, Timeouts, XmlStream, initiate_stream};
use xmpp_parsers::component::Handshake;
use xmpp_parsers::ns;

use crate::component::address::Domain;
use crate::component::stream_error::StreamError;
use crate::net::error::Cause;
use crate::net::secret::Secret;
use crate::net::sniff::{Beginning, READ_AHEAD, Sniffed, is_end};

/// What tokio-xmpp reads and writes on.
type Link<S> = BufReader<Sniffed<S>>;

/// Logs `domain` in on a stream that nothing was said on yet. Returns the stream and what the server
/// sent right behind its answer.
///
/// # Errors
/// Why it did not succeed.
pub async fn login<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    domain: &Domain,
    secret: &Secret,
) -> Result<(S, Vec<u8>), Cause> {
    let beginning = Beginning::default();
    let link = Sniffed::new(stream, beginning.clone());
    let link = BufReader::with_capacity(READ_AHEAD, link);
    match negotiate(link, &beginning, domain, secret).await {
        Ok(link) => {
            let early = link.buffer().to_vec();
            Ok((link.into_inner().into_inner(), early))
        }
        Err(cause) => Err(match (beginning.service(), cause) {
            // Whatever went wrong, a port that speaks something else is why.
            (Some(service), _) => Cause::OtherService(service),
            (None, Cause::Closed) if beginning.is_nothing() => Cause::ClosedWordless,
            (None, cause) => cause,
        }),
    }
}

async fn negotiate<S: AsyncRead + AsyncWrite + Unpin>(
    link: Link<S>,
    beginning: &Beginning,
    domain: &Domain,
    secret: &Secret,
) -> Result<Link<S>, Cause> {
    let header = StreamHeader { to: Some(domain.as_str().into()), from: None, id: None };
    let begun = initiate_stream(link, ns::COMPONENT, header, Timeouts::default()).await;
    let mut begun = begun.map_err(broken)?;
    if let Some(service) = beginning.service() {
        // It may wait for something else than a handshake.
        return Err(Cause::OtherService(service));
    }
    let id = begun.take_header().id;
    let mut stream = begun.skip_features::<Element>();
    if let Some(id) = &id {
        let handshake = Handshake::from_stream_id_and_password(id.to_string(), secret.reveal());
        stream.send(&handshake).await.map_err(broken)?;
    }
    accepted(&mut stream).await.map_err(|cause| match cause {
        Cause::StreamError(_) => cause,
        _ if id.is_none() => Cause::NoStreamId,
        _ => cause,
    })?;
    Ok(stream.into_inner())
}

/// Waits for the server's answer to the handshake.
async fn accepted<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut XmlStream<Link<S>, Element>,
) -> Result<(), Cause> {
    loop {
        match stream.next().await {
            Some(Ok(element)) if element.is("handshake", ns::COMPONENT) => return Ok(()),
            Some(Ok(element)) if StreamError::is(&element) => {
                return Err(Cause::StreamError(StreamError::from(&element)));
            }
            // jabberd2 offers features, since tokio-xmpp's header has a version; the handshake is
            // what it waits for all the same. Silence is for the caller to judge.
            Some(Ok(_) | Err(ReadError::SoftTimeout | ReadError::ParseError(_))) => {}
            Some(Err(ReadError::HardError(error))) => return Err(broken(error)),
            Some(Err(ReadError::StreamFooterReceived)) | None => return Err(Cause::Closed),
        }
    }
}

fn broken(error: io::Error) -> Cause {
    match error.kind() {
        _ if is_end(&error) || is_cut(&error) => Cause::Closed,
        io::ErrorKind::InvalidData => Cause::NoStream(error),
        _ => Cause::Broken(error),
    }
}

/// Whether XML is malformed only in that it ends.
fn is_cut(error: &io::Error) -> bool {
    let error = error.get_ref().and_then(|error| error.downcast_ref());
    matches!(error, Some(rxml::Error::InvalidEof(_)))
}

//! A server that speaks TLS, for one test. Not every test file uses all of it.
#![allow(dead_code)]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{
    RootCertStore, ServerConfig, ServerConnection, Stream, SupportedProtocolVersion,
};

use super::certificates::Identity;
use super::support::scripted::SOON;

/// A server's side of TLS.
pub fn config(identity: &Identity) -> Arc<ServerConfig> {
    let key = PrivateKeyDer::try_from(identity.key.serialize_der()).unwrap();
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    Arc::new(builder.with_single_cert(vec![identity.certificate.der().clone()], key).unwrap())
}

/// The same of one that lets in only who shows a certificate.
pub fn config_that_wants_a_certificate(
    identity: &Identity,
    version: &'static SupportedProtocolVersion,
) -> Arc<ServerConfig> {
    let key = PrivateKeyDer::try_from(identity.key.serialize_der()).unwrap();
    let provider = Arc::new(ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(identity.certificate.der().clone()).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone());
    let builder = ServerConfig::builder_with_provider(provider);
    let builder = builder.with_protocol_versions(&[version]).unwrap();
    let builder = builder.with_client_cert_verifier(verifier.build().unwrap());
    Arc::new(builder.with_single_cert(vec![identity.certificate.der().clone()], key).unwrap())
}

/// Serves each connection TLS by `config`: the login, then one message, of which the echo is
/// returned.
pub fn serve_one(listener: &TcpListener, config: &Arc<ServerConfig>) -> std::io::Result<String> {
    let (mut socket, _) = listener.accept()?;
    socket.set_read_timeout(Some(SOON))?;
    let mut tls = ServerConnection::new(config.clone()).map_err(std::io::Error::other)?;
    let mut stream = Stream::new(&mut tls, &mut socket);
    let until = |stream: &mut Stream<_, _>, end: &str| {
        let mut received = String::new();
        let mut byte = [0];
        while !received.ends_with(end) {
            stream.read_exact(&mut byte)?;
            received.push(char::from(byte[0]));
        }
        Ok::<_, std::io::Error>(received)
    };
    until(&mut stream, "'>")?;
    stream.write_all(
        b"<stream:stream xmlns='jabber:component:accept' id='42' \
          xmlns:stream='http://etherx.jabber.org/streams' from='echo.example'>",
    )?;
    until(&mut stream, "</handshake>")?;
    stream.write_all(b"<handshake/><message from='u@x' to='echo.example'>secure</message>")?;
    until(&mut stream, "</message>")
}

//! Remembers how the other side began, to tell what a port speaks that is no component port.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use memchr::memmem;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream header fits into so many bytes.
const BEGINNING: usize = 1024;

/// The first bytes that came in.
#[derive(Debug, Clone, Default)]
pub struct Heard(Arc<Mutex<Vec<u8>>>);

impl Heard {
    /// What speaks there, if it is known and no component port.
    pub fn other_service(&self) -> Option<&'static str> {
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let has = |needle: &[u8]| memmem::find(&heard, needle).is_some();
        match &heard[..] {
            [b'H', b'T', b'T', b'P', b'/', ..] => Some("a web server (HTTP)"),
            [b'S', b'S', b'H', b'-', ..] => Some("an SSH server"),
            [b'2', b'2', b'0', b' ' | b'-', ..] => Some("a mail or FTP server"),
            // A handshake or alert record of TLS (RFC 8446 §5.1).
            [0x15 | 0x16, 3, ..] => Some("a service that wants TLS (see --tls)"),
            _ if has(b"jabber:client") && !has(b"jabber:component:accept") => {
                Some("XMPP clients (c2s)")
            }
            _ if has(b"jabber:server") && !has(b"jabber:component:accept") => {
                Some("other XMPP servers (s2s)")
            }
            _ => None,
        }
    }

    /// Whether nothing has come in at all.
    pub fn is_nothing(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    fn hear(&self, bytes: &[u8]) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = BEGINNING.saturating_sub(heard.len()).min(bytes.len());
        heard.extend_from_slice(&bytes[..room]);
    }
}

/// A connection whose beginning is remembered.
#[derive(Debug)]
pub struct Overheard<S> {
    connection: S,
    heard: Heard,
}

impl<S> Overheard<S> {
    /// Remembers in `heard` how `connection` begins.
    pub fn new(connection: S, heard: Heard) -> Self {
        Self { connection, heard }
    }

    /// The connection alone.
    pub fn into_inner(self) -> S {
        self.connection
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Overheard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context,
        buf: &mut ReadBuf,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.connection).poll_read(cx, buf))?;
        self.heard.hear(&buf.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Overheard<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.connection).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(cx)
    }
}

//! Remembers how the other side began, to tell what a port speaks that is no component port, and ends
//! what is no login.
//!
//! It parses nothing, and knows nothing of what comes after the login.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use memchr::memmem;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream header fits into so many bytes.
const BEGINNING_BYTES: usize = 1024;

/// A login is far shorter: a header, features, an answer or a stream error with its text. Whoever sends
/// more is not known yet, and all of it is kept.
const LOGIN_BYTES: usize = 16 << 10;

/// A login has far fewer `<`: jabberd2's features have some thirty. No element without one, so no
/// nesting is deeper. tokio-xmpp and minidom take up to 3 KiB of stack for each level, in a debug build,
/// and time by the square of the depth.
const LOGIN_TAGS: usize = 256;

/// How much to read at once. So much of what comes behind the login is read with it, and does not count;
/// so much may also be read over the two limits above.
pub const READ_AHEAD: usize = 512;

/// The first bytes that came in.
#[derive(Debug, Clone, Default)]
pub struct Beginning(Arc<Mutex<Vec<u8>>>);

/// What speaks at a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// TLS, to a component that speaks none.
    Tls,
    /// Any other, as an admin knows it.
    Other(&'static str),
}

impl Beginning {
    /// What speaks there, if it is known and no component port.
    pub fn service(&self) -> Option<Service> {
        let bytes = self.bytes();
        let has = |needle: &[u8]| memmem::find(&bytes, needle).is_some();
        let for_components = || has(b"jabber:component:accept");
        let other = match &bytes[..] {
            // A handshake or alert record of TLS (RFC 8446 §5.1).
            [0x15 | 0x16, 3, ..] => return Some(Service::Tls),
            [b'H', b'T', b'T', b'P', b'/', ..] => "a web server (HTTP)",
            [b'S', b'S', b'H', b'-', ..] => "an SSH server",
            [b'2', b'2', b'0', b' ' | b'-', ..] => "a mail or FTP server",
            [b'+', b'O', b'K', ..] => "a mail server (POP3)",
            [b'*', b' ', b'O', b'K', ..] => "a mail server (IMAP)",
            _ if has(b"jabber:client") && !for_components() => "XMPP clients (c2s)",
            // jabberd2 answers there in whatever namespace it was asked, but with what it has for
            // clients alone.
            _ if has(b"xep-0198.html#ns") => "XMPP clients (c2s)",
            _ if has(b"jabber:server") && !for_components() => "other XMPP servers (s2s)",
            _ => return None,
        };
        Some(Service::Other(other))
    }

    /// Whether nothing has come in at all.
    pub fn is_nothing(&self) -> bool {
        self.bytes().is_empty()
    }

    /// Whether it cannot become an XML document any more: those who greet first wait for an answer
    /// to what they said, and none will come.
    fn is_no_xml(&self) -> bool {
        let bytes = self.bytes();
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
        first.is_some_and(|byte| !matches!(byte, b'<' | 0xef))
    }

    fn add(&self, more: &[u8]) {
        let mut bytes = self.bytes();
        let room = BEGINNING_BYTES.saturating_sub(bytes.len()).min(more.len());
        bytes.extend_from_slice(&more[..room]);
    }

    fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection whose beginning is remembered. It breaks at once if that is no XML, and when more is
/// read than a login has. It breaks only when it is read from: what the other side said before it closed
/// is still there then, and says why.
#[derive(Debug)]
pub struct Sniffed<S> {
    connection: S,
    beginning: Beginning,
    bytes: usize,
    tags: usize,
}

impl<S> Sniffed<S> {
    /// Remembers in `beginning` how `connection` begins.
    pub fn new(connection: S, beginning: Beginning) -> Self {
        Self { connection, beginning, bytes: 0, tags: 0 }
    }

    /// The connection alone.
    pub fn into_inner(self) -> S {
        self.connection
    }

    /// Counts and remembers what has come in.
    fn note(&mut self, more: &[u8]) {
        self.beginning.add(more);
        self.bytes += more.len();
        self.tags += memchr::memchr_iter(b'<', more).count();
    }

    /// Whether more may be read. Who asks is still without a whole login.
    fn check_length(&self) -> io::Result<()> {
        let (most, what) = if self.tags > LOGIN_TAGS {
            (LOGIN_TAGS, "tags")
        } else if self.bytes > LOGIN_BYTES {
            (LOGIN_BYTES, "bytes")
        } else {
            return Ok(());
        };
        Err(no_login(format!("it has more than {most} {what} before its answer to the login")))
    }
}

fn no_login(why: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.into())
}

impl<S: AsyncRead + Unpin> AsyncRead for Sniffed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context,
        buf: &mut ReadBuf,
    ) -> Poll<io::Result<()>> {
        self.check_length()?;
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.connection).poll_read(cx, buf))?;
        self.note(&buf.filled()[before..]);
        if self.beginning.is_no_xml() {
            return Poll::Ready(Err(no_login("it is not XML")));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Sniffed<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match ready!(Pin::new(&mut self.connection).poll_write(cx, buf)) {
            Err(error) if is_end(&error) => Poll::Ready(Ok(buf.len())),
            wrote => Poll::Ready(wrote),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context) -> Poll<io::Result<()>> {
        match ready!(Pin::new(&mut self.connection).poll_flush(cx)) {
            Err(error) if is_end(&error) => Poll::Ready(Ok(())),
            flushed => Poll::Ready(flushed),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(cx)
    }
}

/// Whether the other side has closed or reset a connection.
pub(super) fn is_end(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), UnexpectedEof | ConnectionReset | BrokenPipe)
}

//! The component login, from the component's side and from the server's, on blocking sockets.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use std::{env, fmt};

use xmpp_parsers::component::Handshake;

/// Every peer that is slower than this to log in is taken for dead.
const PATIENCE: Duration = Duration::from_secs(10);
const STREAM: &str =
    "xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:component:accept'";

/// Connects with the arguments every peer takes, HOST PORT JID SECRET, and logs in.
///
/// # Errors
/// When an argument is missing, or the server cannot be reached or does not accept the login.
pub fn log_in_from_arguments() -> io::Result<TcpStream> {
    let [host, port, jid, secret] = peer_arguments()?;
    let mut stream = TcpStream::connect(format!("{host}:{port}"))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "<?xml version='1.0'?><stream:stream {STREAM} to='{jid}'>")?;
    let header = read_past(&mut stream, "<stream:stream", ">")?;
    let id = attribute(&header, "id").ok_or_else(|| invalid("the stream header has no id"))?;
    write!(stream, "<handshake>{}</handshake>", digest(id, &secret))?;
    read_past(&mut stream, "<handshake", ">")?;
    stream.set_read_timeout(None)?;
    Ok(stream)
}

/// The arguments every peer takes: HOST PORT JID SECRET.
///
/// # Errors
/// When there are not exactly four.
pub fn peer_arguments() -> io::Result<[String; 4]> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    arguments.try_into().map_err(|_| invalid("the arguments are HOST PORT JID SECRET"))
}

/// Takes the login of the component that has just connected, as a server does.
///
/// # Errors
/// When the other end says something else, says nothing, or does not know the secret.
pub fn accept(stream: &mut TcpStream, jid: &str, secret: &str) -> io::Result<()> {
    const ID: &str = "compare-1";
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    read_past(stream, "<stream:stream", ">")?;
    write!(stream, "<?xml version='1.0'?><stream:stream {STREAM} id='{ID}' from='{jid}'>")?;
    let handshake = read_past(stream, "<handshake", "</handshake>")?;
    if !handshake.to_lowercase().contains(&digest(ID, secret)) {
        return Err(invalid("the handshake does not fit the secret"));
    }
    stream.write_all(b"<handshake/>")
}

/// Reads up to and including `end` after `start`, and not a byte more: what follows is the peer's.
fn read_past(stream: &mut TcpStream, start: &str, end: &str) -> io::Result<String> {
    let mut text = String::new();
    let mut byte = [0];
    while text.len() < 4096 {
        stream.read_exact(&mut byte)?;
        text.push(char::from(byte[0]));
        if let Some(at) = text.find(start)
            && text[at..].ends_with(end)
        {
            return Ok(text.split_off(at));
        }
    }
    Err(invalid("the login does not look like XEP-0114"))
}

/// The value of an attribute in a start tag of a peer we trust.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    ['\'', '"'].into_iter().find_map(|quote| {
        let (_, rest) = tag.split_once(&format!(" {name}={quote}"))?;
        Some(rest.split_once(quote)?.0)
    })
}

/// The handshake's proof in lower-case hexadecimal.
fn digest(id: &str, secret: &str) -> String {
    let proof = Handshake::from_stream_id_and_password(id.to_owned(), secret).data;
    let mut text = String::new();
    for byte in proof.unwrap_or_default() {
        // Writing to a string cannot fail.
        let _ = fmt::Write::write_fmt(&mut text, format_args!("{byte:02x}"));
    }
    text
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

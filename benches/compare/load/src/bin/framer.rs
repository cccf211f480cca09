//! The bound for an echo that looks at its input at all: it finds where stanzas end and trades
//! `from` and `to`. It checks nothing, so no real echo may be built like this.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use echo_compare::login;
use memchr::memchr;

fn main() -> io::Result<()> {
    echo(&mut login::log_in_from_arguments()?)
}

fn echo(stream: &mut TcpStream) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    let mut filled = 0;
    let mut framer = Framer::default();
    let mut output = Vec::new();
    loop {
        if filled == buffer.len() {
            buffer.resize(2 * filled, 0);
        }
        let n = stream.read(&mut buffer[filled..])?;
        if n == 0 {
            return Ok(());
        }
        filled += n;
        let mut done = 0;
        while let Some(end) = framer.stanza_end(&buffer[done..filled]) {
            swap(&buffer[done..done + end], &mut output);
            done += end;
        }
        stream.write_all(&output)?;
        output.clear();
        buffer.copy_within(done..filled, 0);
        filled -= done;
    }
}

/// Where the search for the end of the current stanza stands, so that no byte is looked at twice.
#[derive(Default)]
struct Framer {
    at: usize,
    depth: usize,
}

impl Framer {
    /// The length of the stanza at the start of `bytes`, once all of it is there.
    fn stanza_end(&mut self, bytes: &[u8]) -> Option<usize> {
        loop {
            let open = self.at + memchr(b'<', &bytes[self.at..])?;
            self.at = open;
            let close = tag_end(bytes, open + 1)?;
            self.at = close + 1;
            if bytes[open + 1] == b'/' {
                self.depth -= 1;
            } else if bytes[close - 1] != b'/' {
                self.depth += 1;
            }
            if self.depth == 0 {
                return Some(std::mem::take(&mut self.at));
            }
        }
    }
}

/// Where the tag's `>` is: the first that is not inside quotes.
fn tag_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *bytes.get(at)? {
            b'>' => return Some(at),
            quote @ (b'\'' | b'"') => at += 2 + memchr(quote, &bytes[at + 1..])?,
            _ => at += 1,
        }
    }
}

/// Copies a stanza with the names of its `from` and `to` attributes traded.
fn swap(stanza: &[u8], output: &mut Vec<u8>) {
    let mut copied = 0;
    let mut at = 0;
    // The attributes follow the element's name, each a space, a name, an equals sign and a value.
    while let Some(&byte) = stanza.get(at)
        && byte != b'>'
    {
        at += 1;
        if byte == b' ' {
            let other = match &stanza[at..] {
                [b'f', b'r', b'o', b'm', b'=', ..] => Some(("from", "to")),
                [b't', b'o', b'=', ..] => Some(("to", "from")),
                _ => None,
            };
            if let Some((name, other)) = other {
                output.extend_from_slice(&stanza[copied..at]);
                output.extend_from_slice(other.as_bytes());
                at += name.len();
                copied = at;
            }
        } else if byte == b'\'' || byte == b'"' {
            let Some(rest) = memchr(byte, &stanza[at..]) else { break };
            at += rest + 1;
        }
    }
    output.extend_from_slice(&stanza[copied..]);
}

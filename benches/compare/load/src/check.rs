//! Checks every echo: that it is the next one due, with the addresses traded (or as they were, for
//! a peer that returns bytes), the same id, and the whole body.

use std::fmt;

use memchr::memmem;

use crate::messages::{COMPONENT, Message, Ring};

/// What a peer does with the addresses.
#[derive(Clone, Copy, PartialEq)]
pub enum Addresses {
    Traded,
    AsSent,
}

/// What is wrong with the bytes that came back.
#[derive(Debug)]
pub enum Wrong {
    /// The peer ended the stream, with these words.
    Ended(String),
    /// This is not the echo that is due.
    Echo(String),
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Ended(words) => write!(f, "ended the stream: {words}"),
            Self::Echo(found) => write!(f, "wrong echo: {found}"),
        }
    }
}

/// Above this many messages the ring is gone through about once, so learning is of no use.
const LEARNABLE: usize = 100_000;

pub struct Checker<'a> {
    ring: &'a Ring,
    addresses: Addresses,
    /// How many echoes have been right so far.
    pub count: u64,
    /// The echo of each message as it was when it was found right, attribute by attribute. The
    /// same bytes are right again, and comparing them costs next to nothing: the load generator
    /// must not be what is measured.
    known: Vec<Vec<u8>>,
}

impl<'a> Checker<'a> {
    pub fn new(ring: &'a Ring, addresses: Addresses) -> Self {
        let known = if ring.messages.len() > LEARNABLE { 0 } else { ring.messages.len() };
        Self { ring, addresses, count: 0, known: vec![Vec::new(); known] }
    }

    /// Takes the echoes that `bytes` starts with, and returns how many bytes they are.
    pub fn take(&mut self, bytes: &[u8]) -> Result<usize, Wrong> {
        let mut taken = 0;
        while let Some(length) = self.take_one(&bytes[taken..])? {
            taken += length;
            self.count += 1;
        }
        Ok(taken)
    }

    fn take_one(&mut self, bytes: &[u8]) -> Result<Option<usize>, Wrong> {
        let (index, message) = self.ring.nth(self.count);
        if let Some(known) = self.known.get(index)
            && !known.is_empty()
        {
            if bytes.starts_with(known) {
                return Ok(Some(known.len()));
            }
            if known.starts_with(bytes) {
                return Ok(None);
            }
        }
        let Some(echo) = Echo::find(bytes)? else { return Ok(None) };
        if !self.is_right(&echo, message) {
            let start = String::from_utf8_lossy(&echo.whole[..echo.whole.len().min(200)]);
            return Err(Wrong::Echo(start.into_owned()));
        }
        if let Some(known) = self.known.get_mut(index) {
            echo.whole.clone_into(known);
        }
        Ok(Some(echo.whole.len()))
    }

    fn is_right(&self, echo: &Echo, message: &Message) -> bool {
        let text = self.ring.text.as_bytes();
        let sender = &text[message.from.clone()];
        let (from, to) = match self.addresses {
            Addresses::Traded => (COMPONENT.as_bytes(), sender),
            Addresses::AsSent => (sender, COMPONENT.as_bytes()),
        };
        echo.attribute(b"from") == Some(from)
            && echo.attribute(b"to") == Some(to)
            && echo.attribute(b"id") == Some(&text[message.id.clone()])
            && echo.body() == Some(&text[message.body.clone()])
    }
}

/// One stanza as it came back.
struct Echo<'a> {
    whole: &'a [u8],
    start_tag: &'a [u8],
    payload: &'a [u8],
}

impl<'a> Echo<'a> {
    /// The message at the start of `bytes`, if all of it is there. No payload of ours has another
    /// message in it, nor `>` in a value, so looking for these two is enough.
    fn find(bytes: &'a [u8]) -> Result<Option<Self>, Wrong> {
        const START: &[u8] = b"<message";
        const END: &[u8] = b"</message>";
        if !bytes.starts_with(START) {
            if START.starts_with(bytes) {
                return Ok(None);
            }
            let words = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned();
            let ended = words.starts_with("<stream:error") || words.starts_with("</stream:");
            return Err(if ended { Wrong::Ended(words) } else { Wrong::Echo(words) });
        }
        let Some(close) = memchr::memchr(b'>', bytes) else { return Ok(None) };
        let Some(length) = memmem::find(&bytes[close..], END) else { return Ok(None) };
        Ok(Some(Self {
            whole: &bytes[..close + length + END.len()],
            start_tag: &bytes[..close],
            payload: &bytes[close + 1..close + length],
        }))
    }

    /// The value of an attribute, whatever the order and the quotes.
    fn attribute(&self, name: &[u8]) -> Option<&'a [u8]> {
        let mut rest = self.start_tag;
        loop {
            rest = &rest[memchr::memchr(b' ', rest)? + 1..];
            let equals = memchr::memchr(b'=', rest)?;
            let quote = *rest.get(equals + 1)?;
            let value = &rest[equals + 2..];
            let end = memchr::memchr(quote, value)?;
            if &rest[..equals] == name {
                return Some(&value[..end]);
            }
            rest = &value[end + 1..];
        }
    }

    fn body(&self) -> Option<&'a [u8]> {
        let body = &self.payload[memmem::find(self.payload, b"<body")?..];
        let text = &body[memchr::memchr(b'>', body)? + 1..];
        Some(&text[..memmem::find(text, b"</body>")?])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::Shape;

    fn ring() -> Ring {
        Ring::new(Shape { body: 80, extensions: true, depth: 3 }, 4, 2)
    }

    /// The ring's first `count` messages with their addresses traded.
    fn echoes(ring: &Ring, count: u64) -> String {
        let (sent, _) = ring.piece(0, count);
        let text = String::from_utf8_lossy(sent);
        text.replace(" from=", " x=")
            .replace(&format!(" to='{COMPONENT}' type"), " from=\"echo.localhost\" type")
            .replace(" x=", " to=")
    }

    #[test]
    fn takes_right_echoes_again_and_again() {
        let ring = ring();
        let text = echoes(&ring, 4);
        let mut checker = Checker::new(&ring, Addresses::Traded);
        for _ in 0..3 {
            assert_eq!(checker.take(text.as_bytes()).unwrap(), text.len());
        }
        assert_eq!(checker.count, 12);
    }

    #[test]
    fn waits_for_the_rest_of_an_echo() {
        let ring = ring();
        let text = echoes(&ring, 1);
        for end in 0..text.len() {
            let mut checker = Checker::new(&ring, Addresses::Traded);
            assert_eq!(checker.take(&text.as_bytes()[..end]).unwrap(), 0);
        }
    }

    #[test]
    fn refuses_an_echo_that_is_not_the_one_due() {
        let ring = ring();
        let right = echoes(&ring, 1);
        let (second, _) = ring.piece(1, 1);
        let mut wrong = vec![
            String::from_utf8_lossy(second).into_owned(),
            right.replace("No. 0000000", "No. 0000001"),
            right.replace("m0000000' xml:lang", "m0000009' xml:lang"),
            right.replace("user0000000@", "user0000001@"),
            right.replace("</body>", ".</body>"),
        ];
        wrong.push(format!("<iq/>{right}"));
        for text in wrong {
            let mut checker = Checker::new(&ring, Addresses::Traded);
            assert!(checker.take(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn tells_the_end_of_the_stream_from_a_wrong_echo() {
        let ring = ring();
        let mut checker = Checker::new(&ring, Addresses::Traded);
        assert!(matches!(checker.take(b"</stream:stream>"), Err(Wrong::Ended(_))));
    }
}

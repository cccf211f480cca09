//! What waits to be written: whole stanzas, in their order.
//!
//! A stanza goes out whole or not at all: nothing is put here before all of it has been judged.

use std::io;

use memchr::memchr;
use xmpp_parsers::ns;
use xso::AsXml;
use xso::exports::rxml::writer::{Encoder, SimpleNamespaces, TrackNamespace};
use xso::exports::rxml::{Item, Namespace, xml_ncname};

use crate::xml::tag::SHORT_TAG;

/// What an empty buffer may keep, and what may stand in it that is already written, in bytes.
const KEPT: usize = 256 << 10;

/// The output buffer.
#[derive(Debug, Default)]
pub struct Outbox {
    bytes: Vec<u8>,
    written: usize,
}

impl Outbox {
    /// What is still to be written.
    pub fn pending(&self) -> &[u8] {
        &self.bytes[self.written..]
    }

    /// Notes that the socket has taken `count` bytes of what was pending.
    pub fn wrote(&mut self, count: usize) {
        self.written += count;
        if self.written == self.bytes.len() || self.written > KEPT {
            self.bytes.drain(..self.written);
            self.written = 0;
        }
        if self.bytes.is_empty() {
            self.bytes.shrink_to(KEPT);
        }
    }

    /// Adds a piece of a stanza that has been judged.
    #[inline]
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Lets a server's parser go on where it waits for more of a tag that is all there. expat does so
    /// from 2.6 on with one that came in two parts, until as many bytes are there as twice the first
    /// part. White space between stanzas means nothing (RFC 6120 §4.6.1).
    pub fn pad(&mut self, blanks: usize) {
        self.bytes.resize(self.bytes.len() + blanks, b' ');
    }

    /// Lets an element go out, in the namespaces that our stream header declares.
    ///
    /// # Errors
    /// If it holds what XML cannot. Then nothing goes out.
    pub fn send(&mut self, element: &impl AsXml) -> io::Result<()> {
        let start = self.bytes.len();
        let written = write(&mut self.bytes, element);
        if written.is_err() {
            self.bytes.truncate(start);
        }
        written
    }

    /// Lets a stanza of our own go out, which is XML in those namespaces already, with the blanks that
    /// it needs behind it, if it has at most `limit` bytes with them. Says whether it does. Behind every
    /// tag in it but the first there is as much as the tag is long, in any answer.
    pub fn send_xml(&mut self, limit: usize, stanza: &[u8]) -> bool {
        let tag = memchr(b'>', stanza).map_or(0, |end| end + 1);
        let blanks = if tag < SHORT_TAG { 0 } else { (2 * tag).saturating_sub(stanza.len()) };
        let fits = stanza.len() + blanks <= limit;
        if fits {
            self.push(stanza);
            self.pad(blanks);
        }
        fits
    }

    /// Lets the end of the stream go out (RFC 6120 §4.4).
    pub fn send_footer(&mut self) {
        self.push(b"</stream:stream>");
    }
}

fn write(bytes: &mut Vec<u8>, element: &impl AsXml) -> io::Result<()> {
    let mut encoder = stream_encoder()?;
    for item in element.as_xml_iter().map_err(io::Error::other)? {
        let item = item.map_err(io::Error::other)?;
        encoder.encode(item.as_rxml_item(), bytes).map_err(io::Error::other)?;
    }
    Ok(())
}

/// An encoder that is within our stream already, whose header declares these namespaces.
fn stream_encoder() -> io::Result<Encoder<SimpleNamespaces>> {
    let mut encoder = Encoder::<SimpleNamespaces>::new();
    let namespaces = encoder.ns_tracker_mut();
    namespaces.declare_fixed(Some(xml_ncname!("stream")), Namespace::from(ns::STREAM));
    namespaces.declare_fixed(None, Namespace::from(ns::COMPONENT));
    let start = Item::ElementHeadStart(Namespace::from(ns::STREAM), xml_ncname!("stream"));
    for item in [start, Item::ElementHeadEnd] {
        encoder.encode(item, &mut Vec::new()).map_err(io::Error::other)?;
    }
    Ok(encoder)
}

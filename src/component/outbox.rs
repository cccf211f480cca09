//! What waits to be written: whole stanzas first, then the one that is being made.
//!
//! A stanza goes out whole or not at all, so only what has been committed is ever shown to the
//! socket, and what has not can be cut back.

use std::io;

use xmpp_parsers::ns;
use xso::AsXml;
use xso::exports::rxml::writer::{Encoder, SimpleNamespaces, TrackNamespace};
use xso::exports::rxml::{Item, Namespace, xml_ncname};

/// What an empty buffer may keep, and what may stand in it that is already written, in bytes.
const KEPT: usize = 256 << 10;

/// The output buffer.
#[derive(Debug, Default)]
pub struct Output {
    bytes: Vec<u8>,
    written: usize,
    committed: usize,
}

impl Output {
    /// Whole stanzas that are still to be written.
    pub fn pending(&self) -> &[u8] {
        &self.bytes[self.written..self.committed]
    }

    /// Notes that the socket has taken `count` bytes of what was pending.
    pub fn wrote(&mut self, count: usize) {
        self.written += count;
        if self.written == self.committed || self.written > KEPT {
            self.bytes.drain(..self.written);
            self.committed -= self.written;
            self.written = 0;
        }
        if self.bytes.is_empty() {
            self.bytes.shrink_to(KEPT);
        }
    }

    /// Adds to the stanza that is being made.
    #[inline]
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The stanza that is being made.
    #[inline]
    pub fn unfinished(&self) -> &[u8] {
        &self.bytes[self.committed..]
    }

    /// Cuts the stanza that is being made back to its first `length` bytes.
    pub fn cut_back(&mut self, length: usize) {
        self.bytes.truncate(self.committed + length);
    }

    /// The stanza that is being made, by itself.
    pub fn take_unfinished(&mut self) -> Self {
        Self { bytes: self.bytes.split_off(self.committed), written: 0, committed: 0 }
    }

    /// Lets the stanza that is being made go out.
    pub fn commit(&mut self) {
        self.committed = self.bytes.len();
    }

    /// Lets a whole element go out before the stanza that is being made, in the namespaces that our
    /// stream header declares.
    ///
    /// # Errors
    /// If it holds what XML cannot. Then nothing goes out.
    pub fn send(&mut self, element: &impl AsXml) -> io::Result<()> {
        self.send_within(usize::MAX, element).map(drop)
    }

    /// The same if it is at most `limit` bytes then; says whether it was.
    ///
    /// # Errors
    /// The same.
    pub fn send_within(&mut self, limit: usize, element: &impl AsXml) -> io::Result<bool> {
        let mut bytes = Vec::new();
        write(&mut bytes, element)?;
        if bytes.len() > limit {
            return Ok(false);
        }
        let after = self.committed + bytes.len();
        self.bytes.splice(self.committed..self.committed, bytes);
        self.committed = after;
        Ok(true)
    }

    /// Lets the end of the stream go out (RFC 6120 §4.4), whatever was being made.
    pub fn send_footer(&mut self) {
        self.cut_back(0);
        self.push(b"</stream:stream>");
        self.commit();
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

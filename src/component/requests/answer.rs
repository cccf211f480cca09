//! Answers: stanzas of ours whose payload is written already.
//!
//! Most payloads are the same for everyone. They are written once, so that an answer costs little more
//! than its addresses. Decides nothing.

use std::borrow::Cow;

use xso::AsXml;

use crate::component::outbox::Outbox;
use crate::component::reply::Reply;

/// A stanza that answers another.
#[derive(Debug)]
pub struct Answer<'a> {
    /// `iq` or `presence`.
    pub name: &'static str,
    /// Its `type`.
    pub kind: Option<&'static str>,
    /// Where it comes from.
    pub from: Cow<'a, str>,
    /// Where it goes to.
    pub to: &'a str,
    /// The id of what it answers, where it keeps that.
    pub id: Option<&'a str>,
    /// What is in it, as XML in our stream.
    pub payload: Cow<'a, [u8]>,
}

impl<'a> Answer<'a> {
    /// One that comes from the address that was asked, and keeps the id (RFC 6120 §8.2.3 and §8.3.1).
    pub fn to(
        reply: &'a Reply,
        name: &'static str,
        kind: &'static str,
        payload: impl Into<Cow<'a, [u8]>>,
    ) -> Self {
        let Reply { from, to, id } = reply;
        let (from, id, payload) = (from.into(), id.as_deref(), payload.into());
        Self { name, kind: Some(kind), from, to, id, payload }
    }

    /// All of it, as XML in our stream.
    pub fn xml(&self) -> Vec<u8> {
        let mut xml = Vec::with_capacity(self.payload.len() + 256);
        xml.extend_from_slice(format!("<{}", self.name).as_bytes());
        let attributes = [
            ("from", Some(&*self.from)),
            ("to", Some(self.to)),
            ("id", self.id),
            ("type", self.kind),
        ];
        for (name, value) in attributes {
            let Some(value) = value else { continue };
            xml.extend_from_slice(format!(" {name}='").as_bytes());
            escape(value, &mut xml);
            xml.push(b'\'');
        }
        xml.push(b'>');
        xml.extend_from_slice(&self.payload);
        xml.extend_from_slice(format!("</{}>", self.name).as_bytes());
        xml
    }
}

/// Writes an attribute's value so that a parser reports it unchanged (XML 1.0 §2.4 and §3.3.3). It has
/// been read from XML, so it has no character that XML forbids.
fn escape(value: &str, xml: &mut Vec<u8>) {
    for byte in value.bytes() {
        match byte {
            b'&' => xml.extend_from_slice(b"&amp;"),
            b'<' => xml.extend_from_slice(b"&lt;"),
            b'>' => xml.extend_from_slice(b"&gt;"),
            b'\'' => xml.extend_from_slice(b"&#39;"),
            b'\t' => xml.extend_from_slice(b"&#9;"),
            b'\n' => xml.extend_from_slice(b"&#10;"),
            b'\r' => xml.extend_from_slice(b"&#13;"),
            _ => xml.push(byte),
        }
    }
}

/// An element as XML in our stream. One with a character that XML forbids is left out: names and
/// contacts with such a character are refused with the configuration.
pub fn written(element: &impl AsXml) -> Vec<u8> {
    let mut out = Outbox::default();
    out.send(element).map(|()| out.pending().to_vec()).unwrap_or_default()
}

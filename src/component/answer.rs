//! Stanzas of ours, whose payload is written already: answers to others, and our own pings.
//!
//! Most payloads are the same for everyone. They are written once, so that an answer costs little more
//! than its addresses. Decides nothing.

use std::borrow::Cow;

use xso::AsXml;

use crate::component::outbox::Outbox;
use crate::component::reply::Reply;

/// A stanza of ours, which answers another or is a ping.
#[derive(Debug)]
pub struct Answer<'a> {
    /// `message`, `presence` or `iq`.
    pub name: &'static str,
    /// Its `type`.
    pub kind: Option<&'static str>,
    /// Where it comes from.
    pub from: Cow<'a, str>,
    /// Where it goes to.
    pub to: &'a str,
    /// Its id, that of what it answers where it keeps that.
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
        let attributes = [
            (" from='", Some(&*self.from)),
            (" to='", Some(self.to)),
            (" id='", self.id),
            (" type='", self.kind),
        ];
        xml.push(b'<');
        xml.extend_from_slice(self.name.as_bytes());
        for (begin, value) in attributes {
            let Some(value) = value else { continue };
            xml.extend_from_slice(begin.as_bytes());
            escape(value, &mut xml);
            xml.push(b'\'');
        }
        xml.push(b'>');
        xml.extend_from_slice(&self.payload);
        xml.extend_from_slice(b"</");
        xml.extend_from_slice(self.name.as_bytes());
        xml.push(b'>');
        xml
    }
}

/// Writes an attribute's value so that a parser reports it unchanged (XML 1.0 §2.4 and §3.3.3). It has
/// been read from XML, so it has no character that XML forbids.
fn escape(value: &str, xml: &mut Vec<u8>) {
    let special = |byte: u8| matches!(byte, b'&' | b'<' | b'>' | b'\'' | b'\t' | b'\n' | b'\r');
    let mut rest = value.as_bytes();
    while let Some(at) = rest.iter().position(|&byte| special(byte)) {
        xml.extend_from_slice(&rest[..at]);
        xml.extend_from_slice(match rest[at] {
            b'&' => b"&amp;",
            b'<' => b"&lt;",
            b'>' => b"&gt;",
            b'\'' => b"&#39;",
            b'\t' => b"&#9;",
            b'\n' => b"&#10;",
            _ => b"&#13;",
        });
        rest = &rest[at + 1..];
    }
    xml.extend_from_slice(rest);
}

/// An element as XML in our stream. One with a character that XML forbids is left out: names and
/// contacts with such a character are refused with the configuration.
pub fn written(element: &impl AsXml) -> Vec<u8> {
    let mut out = Outbox::default();
    out.send(element).map(|()| out.pending().to_vec()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use minidom::Element;

    use super::*;

    #[test]
    fn addresses_and_ids_are_read_as_they_were_given() {
        for value in ["", "a", "&", "&amp;", "<>'\"", "a\tb\nc\rd\r\n", "\u{1f600}\u{202e}", " x "]
        {
            let reply = Reply { from: value.into(), to: value.into(), id: Some(value.into()) };
            let xml = Answer::to(&reply, "iq", "result", b"<a/>".as_slice()).xml();
            let xml = String::from_utf8(xml).unwrap().replacen("<iq", "<iq xmlns='u'", 1);
            let answer: Element = xml.parse().unwrap();
            let read = ["from", "to", "id", "type"].map(|name| answer.attr(name).unwrap());
            assert_eq!(read, [value, value, value, "result"], "{xml}");
        }
    }
}

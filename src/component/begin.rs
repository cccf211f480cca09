//! What an element of the stream is, by its start tag, and how much of it is looked at.

use xmpp_parsers::ns;

use crate::component::Echo;
use crate::component::ids::Parties;
use crate::component::message::{self, Silence};
use crate::component::requests::Kind;
use crate::xml::attributes::{Attribute, Usual};

/// The most that is collected of a stanza that is answered from its payload, in bytes.
const COLLECTED: usize = 10_000;
/// The same of a stream error, in which a server may say what it likes.
const STREAM_ERROR: usize = 64 << 10;
/// How deep both may be: a stream error becomes a tree, which is walked recursively.
pub(super) const COLLECTED_DEPTH: usize = 64;

/// The namespaces that a stanza may be in. jabberd2 puts those for a component in `jabber:client`.
const STANZAS: [&[u8]; 3] =
    [ns::COMPONENT.as_bytes(), ns::JABBER_CLIENT.as_bytes(), b"jabber:server"];

/// What an element is, by its start tag.
#[derive(Debug, Clone)]
pub(super) enum Begun {
    /// A message that is sent back, and between whom it is.
    Message(Parties),
    Ignored(Silence),
    Request(Kind),
    StreamError,
    Unknown,
}

impl Echo {
    /// Decides by its start tag what an element is, and how much of it is looked at.
    pub(super) fn begin(&mut self, s: &[u8]) {
        let head = &self.elements.judge.head;
        let (prefix, default) = (head.prefix(s), head.get(Usual::Xmlns));
        let is_stanza = match prefix {
            None => default.is_none_or(|it| is_stanzas(s, it)),
            Some(prefix) => self.elements.judge.bindings.is(s, prefix, is_of_stanzas),
        };
        let kind = head.get(Usual::Type);
        let begun = match head.local_name(s) {
            b"message" if is_stanza => {
                match message::draft(s, head, &self.domain, self.ids, &mut self.edits) {
                    Ok(parties) => Begun::Message(parties),
                    Err(why) => Begun::Ignored(why),
                }
            }
            b"presence" if is_stanza => Begun::Request(Kind::presence(s, kind)),
            b"iq" if is_stanza => Begun::Request(Kind::iq(s, kind)),
            b"error" if self.is_of_stream(s) => Begun::StreamError,
            _ => Begun::Unknown,
        };
        let is_default_lost = prefix.is_some() && default.is_some_and(|it| !is_stanzas(s, it));
        let (most, is_strict) = match &begun {
            Begun::Message(_) => (self.limit.saturating_add_signed(-self.edits.growth()), true),
            Begun::Request(kind) if kind.is_collected() => (COLLECTED, true),
            Begun::StreamError => (STREAM_ERROR, true),
            Begun::Request(_) => (self.limit, true),
            Begun::Ignored(_) | Begun::Unknown => (self.limit, false),
        };
        if matches!(begun, Begun::StreamError) {
            // Only the server itself sends these, and its header may declare their prefix.
            self.elements.judge.decide(true);
        }
        if is_default_lost {
            // Its echo has no namespace but the stream's, into which its children would fall.
            self.elements.judge.decide(false);
        }
        self.elements.expect(most, is_strict);
        self.begun = Some(begun);
    }

    /// Whether the element that has begun is in the stream's own namespace.
    fn is_of_stream(&self, s: &[u8]) -> bool {
        let judge = &self.elements.judge;
        let is = |namespace: &[u8]| namespace == ns::STREAM.as_bytes();
        match judge.head.prefix(s) {
            Some(prefix) => judge.bindings.is(s, prefix, is),
            None => judge.head.get(Usual::Xmlns).is_some_and(|it| it.is(s, is)),
        }
    }
}

fn is_of_stanzas(namespace: &[u8]) -> bool {
    STANZAS.contains(&namespace)
}

/// Whether the namespace that an attribute declares is that of stanzas. One that cannot be read makes
/// a stanza unfit, and somebody must be told so.
fn is_stanzas(s: &[u8], xmlns: &Attribute) -> bool {
    xmlns.text(s).is_none_or(|namespace| is_of_stanzas(namespace.as_bytes()))
}

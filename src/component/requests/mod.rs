//! Presence and IQ: what the component answers, all of it.
//!
//! Pure functions from a request to the stanzas that answer it. Payloads are xmpp-parsers' types where
//! there is one, and written once, when the component is made. What cannot be read is answered as
//! malformed, never left without an answer (RFC 6120 §8.2.3).

mod avatar;
mod child;
mod disco;
mod iq;
mod presence;
mod pubsub;
mod refusal;
mod vcard;

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::component::answer::{Answer, written};
use crate::component::reply::Reply;
use crate::component::requests::child::Scope;
use crate::component::requests::disco::Disco;
use crate::component::requests::pubsub::Nodes;
use crate::component::requests::refusal::Errors;
pub use crate::component::requests::refusal::Refusal;
use crate::xml::attributes::Attribute;
use crate::xml::tag::Tag;

/// What the answers say about the component, written.
#[derive(Debug, Clone)]
pub struct Responder {
    domain: Disco,
    node: Disco,
    version: Vec<u8>,
    vcard: Vec<u8>,
    nodes: Nodes,
    /// The avatar's hash, as it stands in presence.
    picture: Vec<u8>,
    errors: Errors,
}

/// What a stanza asks for, by its name and `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Presence of type `subscribe`.
    Subscribe,
    /// Presence of type `unsubscribe`.
    Unsubscribe,
    /// Presence of type `probe`.
    Probe,
    /// Presence without a type, which may be an attempt to join a room.
    Available,
    /// Presence that nobody answers.
    OtherPresence,
    /// IQ of type `get`.
    Get,
    /// IQ of type `set`.
    Set,
    /// IQ of type `result` or `error`, which is an answer itself.
    Response,
    /// IQ of a type that there is not (RFC 6120 §8.2.3).
    UnknownIq,
}

impl Kind {
    /// That of presence.
    pub fn presence(s: &[u8], kind: Option<&Attribute>) -> Self {
        let Some(kind) = kind else { return Self::Available };
        match kind.text(s).as_deref() {
            Some("subscribe") => Self::Subscribe,
            Some("unsubscribe") => Self::Unsubscribe,
            Some("probe") => Self::Probe,
            _ => Self::OtherPresence,
        }
    }

    /// That of an IQ.
    pub fn iq(s: &[u8], kind: Option<&Attribute>) -> Self {
        match kind.and_then(|kind| kind.text(s)).as_deref() {
            Some("get") => Self::Get,
            Some("set") => Self::Set,
            Some("result" | "error") => Self::Response,
            _ => Self::UnknownIq,
        }
    }

    /// Whether there may be an answer.
    pub fn is_answered(self) -> bool {
        !matches!(self, Self::OtherPresence | Self::Response)
    }

    /// Whether the answer depends on the payload.
    pub fn is_collected(self) -> bool {
        matches!(self, Self::Available | Self::Get | Self::Set)
    }

    /// Whether it is presence.
    pub fn is_presence(self) -> bool {
        !matches!(self, Self::Get | Self::Set | Self::Response | Self::UnknownIq)
    }
}

/// A request, as far as it could be read.
#[derive(Debug)]
pub struct Request<'a> {
    /// What it asks for, by its start tag.
    pub kind: Kind,
    /// All of the stanza.
    pub s: &'a [u8],
    /// Its start tag.
    pub head: &'a Tag,
    /// What stands in it, or why that is not looked at.
    pub content: Result<&'a [u8], Refusal>,
    /// When it came.
    pub now: Now,
}

impl<'a> Request<'a> {
    /// Whether there is anything to answer.
    pub fn is_answered(&self) -> bool {
        self.kind.is_answered() && (self.kind != Kind::Available || self.joins_room())
    }

    fn scope(&self) -> Scope<'a, 'a> {
        (self.s, self.head)
    }
}

/// What time it is, for the answers that tell it.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// The time of day.
    pub utc: DateTime<Utc>,
    /// Since the daemon was started.
    pub uptime: Duration,
}

impl Responder {
    /// For an echo that has this name in disco and vCards, and whose admins can be reached at these
    /// URIs (XEP-0157). None of them may hold what XML forbids.
    pub fn new(name: &str, contacts: &[String]) -> Self {
        Self {
            domain: Disco::new(disco::DOMAIN, name, contacts),
            node: Disco::new(disco::NODE, name, contacts),
            version: written(&iq::version()),
            vcard: written(&vcard::temp(name)),
            nodes: Nodes::new(name),
            picture: written(&avatar::update()),
            errors: Errors::new(),
        }
    }

    /// The answers to a request that is answered, in their order.
    pub fn answers<'a>(&'a self, request: &Request, reply: &'a Reply) -> Vec<Answer<'a>> {
        if request.kind.is_presence() {
            self.presence(request.kind, reply)
        } else {
            vec![self.iq(request, reply)]
        }
    }

    /// The answer to an IQ whose own is too large for our stream (RFC 6120 §8.2.3 wants one).
    pub fn refusal<'a>(&'a self, reply: &'a Reply) -> Answer<'a> {
        Answer::to(reply, "iq", "error", self.errors.of(Refusal::TooLarge))
    }

    fn disco(&self, is_node: bool) -> &Disco {
        if is_node { &self.node } else { &self.domain }
    }
}

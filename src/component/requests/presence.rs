//! Presence: subscriptions are granted, whoever asks for presence gets it, rooms there are none.

use std::borrow::Cow;
use std::iter;
use std::sync::LazyLock;

use memchr::{memchr, memmem};
use xmpp_parsers::ns;

use crate::component::address::{bare, is_node};
use crate::component::answer::Answer;
use crate::component::reply::Reply;
use crate::component::requests::child::Child;
use crate::component::requests::refusal::Refusal;
use crate::component::requests::{Kind, Request, Responder};

/// The resource that presence comes from, at every address. That of a bare JID is no one's: chat
/// programs show nobody online then (RFC 6121 §4.7: presence is a resource's).
const RESOURCE: &str = "echo";

/// An attempt to join a room is looked for among so many children: presence has some ten, and whoever
/// sends thousands waits for no answer.
const LOOKED_AT: usize = 32;

/// What an error to an attempt to join a room begins with.
const JOIN: &[u8] = b"<x xmlns='http://jabber.org/protocol/muc'/>";

/// Looks for the namespace of rooms. Made once, since that costs more than to look through presence.
static MUC: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new(ns::MUC));

impl Responder {
    /// The answers to presence, in their order (RFC 6121 §3 and §4).
    pub(super) fn presence<'a>(&'a self, kind: Kind, reply: &'a Reply) -> Vec<Answer<'a>> {
        let (from, to) = (bare(&reply.from), bare(&reply.to));
        let resource = || Cow::Owned(format!("{from}/{RESOURCE}"));
        match kind {
            Kind::Subscribe => {
                vec![presence(Some("subscribed"), from.into(), to), self.available(resource(), to)]
            }
            Kind::Unsubscribe => vec![
                presence(Some("unsubscribed"), from.into(), to),
                presence(Some("unavailable"), resource(), to),
            ],
            // RFC 6121 §4.3.2: to the very resource that asks.
            Kind::Probe => vec![self.available(resource(), &reply.to)],
            Kind::Available => vec![self.no_room(reply)],
            _ => vec![],
        }
    }

    fn available<'a>(&self, from: Cow<'a, str>, to: &'a str) -> Answer<'a> {
        let payload = [&*self.disco(is_node(&from)).caps, &self.picture].concat();
        Answer { payload: payload.into(), ..presence(None, from, to) }
    }

    /// A client that tries to join a room waits for an answer (XEP-0045 §7.2).
    fn no_room<'a>(&self, reply: &'a Reply) -> Answer<'a> {
        let payload = [JOIN, self.errors.of(Refusal::Unavailable)].concat();
        Answer::to(reply, "presence", "error", payload)
    }
}

fn presence<'a>(kind: Option<&'static str>, from: Cow<'a, str>, to: &'a str) -> Answer<'a> {
    Answer { name: "presence", kind, from, to, id: None, payload: Cow::default() }
}

impl Request<'_> {
    /// Whether available presence is an attempt to join a room. What names no such thing is not read
    /// again for it: anybody may send a lot of presence.
    pub(super) fn joins_room(&self) -> bool {
        let Ok(mut rest) = self.content else { return false };
        if MUC.find(self.s).is_none() && memchr(b'&', self.s).is_none() {
            return false;
        }
        let children = iter::from_fn(|| {
            let child = Child::first(rest, &[self.scope()])?;
            rest = child.rest;
            Some(child)
        });
        children.take(LOOKED_AT).any(|child| child.name() == (b"x", ns::MUC))
    }
}

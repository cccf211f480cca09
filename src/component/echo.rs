//! All that the component does on one stream, without I/O: bytes in, stanzas out, in order.
//!
//! Joins the mirror, which takes the stream apart, and the responder, which answers presence and
//! IQ. Whatever drives it owns the sockets and clocks.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use memchr::memchr;
use minidom::{Element, Node};
use tracing::debug;
use xmpp_parsers::ns;
use xmpp_parsers::ping::Ping;

use crate::component::address::Domain;
use crate::component::counts::Tally;
use crate::component::flood::{Allowance, Flood, Verdict};
use crate::component::mirror::Mirror;
use crate::component::outbox::Output;
use crate::component::reply::Reply;
use crate::component::requests::{Now, Request, Responder};
use crate::component::step::{Bounce, Head, Kind, Missing, Silence, Step};
use crate::component::stream_error::StreamError;
use crate::xml::error::Fault;
use crate::xml::tag::Tag;

/// RFC 6120 §13.12: a stanza of so many bytes is taken everywhere, whatever limit tests set.
const ACCEPTED: usize = 10_000;

/// What the input led to, beyond answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// More input is needed.
    Hungry,
    /// The server has closed the stream.
    Footer,
    /// The server has ended the stream, saying why.
    StreamError(StreamError),
}

/// The component's side of one stream.
#[derive(Debug)]
pub struct Echo {
    domain: Domain,
    mirror: Mirror,
    responder: Responder,
    flood: Option<Flood>,
    limit: usize,
    /// The id of our own pings, which no other daemon of the same JID uses.
    ping: String,
    tally: Tally,
    tag: Tag,
}

impl Echo {
    /// A component for `domain` that sends stanzas of at most `limit` bytes.
    pub fn new(
        domain: Domain,
        limit: usize,
        responder: Responder,
        allowance: Option<Allowance>,
    ) -> Self {
        let mirror = Mirror::new(domain.clone(), limit);
        let flood = allowance.map(Flood::new);
        let ping = format!("ping-{:016x}", RandomState::new().hash_one(domain.as_str()));
        let (tally, tag) = (Tally::default(), Tag::default());
        Self { domain, mirror, responder, flood, limit, ping, tally, tag }
    }

    /// The same component on a new stream. Who has sent too much is still known.
    pub fn start_stream(&mut self) {
        self.mirror = Mirror::new(self.domain.clone(), self.limit);
    }

    /// What has been done since this was last called.
    pub fn take_tally(&mut self) -> Tally {
        std::mem::take(&mut self.tally)
    }

    /// XEP-0199, from and to ourselves, so that the server has to route it.
    pub fn ping(&self, out: &mut Output) {
        let jid = self.domain.as_str().to_owned();
        let ping = Reply { from: jid.clone(), to: jid, id: Some(self.ping.clone()) };
        self.send(&ping.stanza("iq", Some("get"), [Ping.into()]), out);
    }

    /// The same with a type that IQ has not. Where several daemons serve one JID, a server may route a
    /// ping to any of them; this it answers itself (RFC 6120 §8.2.3), as all do that were tried.
    pub fn probe(&self, out: &mut Output) {
        let jid = self.domain.as_str().to_owned();
        let probe = Reply { from: jid.clone(), to: jid, id: Some(self.ping.clone()) };
        self.send(&probe.stanza("iq", Some("probe"), [Ping.into()]), out);
    }

    /// Answers all of `input` that is whole, and says how many bytes that was. The rest must come
    /// again with more behind it, unless the event says that the stream is over.
    ///
    /// # Errors
    /// What the server must be told before the stream ends. What came before it is answered.
    pub fn feed(
        &mut self,
        input: &[u8],
        out: &mut Output,
        now: Now,
    ) -> Result<(usize, Event), Fault> {
        if let Some(flood) = &mut self.flood {
            flood.is_now(now.uptime);
        }
        let mut used = 0;
        loop {
            let (more, step) = self.mirror.feed(&input[used..], out)?;
            used += more;
            match step {
                Step::Hungry => return Ok((used, Event::Hungry)),
                Step::Footer => return Ok((used, Event::Footer)),
                Step::Echo(head) => self.guard(head, None, out),
                Step::Refused { head, bounce } => self.guard(head, Some(bounce), out),
                Step::Collected { kind: Kind::StreamError, head, .. } => {
                    let error = StreamError::read(&out.unfinished()[head..]);
                    out.cut_back(0);
                    return Ok((used, Event::StreamError(error)));
                }
                Step::Collected { kind, head, missing } => {
                    self.answer(kind, head, missing, now, out);
                }
                Step::Ignored(why) => {
                    debug!(?why, "message not answered");
                    self.tally.ignore(why);
                }
                Step::Unknown => {}
            }
        }
    }

    /// Lets an echo go out, or what is said instead, if its sender has not had too many.
    fn guard(&mut self, head: Head, bounce: Option<Bounce>, out: &mut Output) {
        let (start, end) = head.sender;
        let sender = &out.unfinished()[start..end];
        let bare = memchr(b'/', sender).map_or(sender, |slash| &sender[..slash]);
        let verdict = self.flood.as_mut().map_or(Verdict::Echo, |flood| flood.judge(bare));
        match (verdict, bounce) {
            (Verdict::Echo, None) => {
                self.tally.echoed += 1;
                out.commit();
            }
            (Verdict::Echo, Some(bounce)) => self.bounce(bounce, head.length, out),
            (Verdict::Tell, _) => self.bounce(Bounce::Flood, head.length, out),
            (Verdict::Ignore, _) => {
                debug!(why = ?Silence::Flood, "message not answered");
                self.tally.ignore(Silence::Flood);
                out.cut_back(0);
            }
        }
    }

    fn bounce(&mut self, bounce: Bounce, head: usize, out: &mut Output) {
        let echo = &out.unfinished()[..head];
        let reply = self.tag.parse(echo).ok().and_then(|()| Reply::like(echo, &self.tag));
        out.cut_back(0);
        debug!(?bounce, "message not echoed");
        let told = reply.is_some_and(|reply| {
            let error = |reply: &Reply| reply.error("message", bounce.into());
            // An error without an id tells less, but more than silence.
            self.send(&error(&reply), out) || self.send(&error(&Reply { id: None, ..reply }), out)
        });
        if told {
            self.tally.bounce(bounce);
        } else {
            self.tally.ignore(Silence::Unanswerable);
        }
    }

    fn answer(
        &mut self,
        kind: Kind,
        head: usize,
        missing: Option<Missing>,
        now: Now,
        out: &mut Output,
    ) {
        let (start, content) = out.unfinished().split_at(head);
        let answers = match self.tag.parse(start) {
            Ok(()) => self.answers(kind, start, content, missing, now),
            Err(_) => vec![],
        };
        out.cut_back(0);
        let sent = answers.iter().filter(|answer| self.send(answer, out)).count() as u64;
        match kind {
            Kind::Presence => self.tally.presence += sent,
            _ => self.tally.iq += sent,
        }
    }

    /// Lets a stanza of our own go out, if the server takes one of that size: others choose how long
    /// its addresses and id are. Says whether it does.
    fn send(&self, element: &Element, out: &mut Output) -> bool {
        let sent = out.send_within(self.limit.max(ACCEPTED), element);
        if !matches!(sent, Ok(true)) {
            debug!(?sent, "answer not sent");
        }
        matches!(sent, Ok(true))
    }

    fn answers(
        &mut self,
        kind: Kind,
        start: &[u8],
        content: &[u8],
        missing: Option<Missing>,
        now: Now,
    ) -> Vec<Element> {
        let Some(reply) = Reply::to(start, &self.tag, &self.domain) else {
            return vec![];
        };
        self.tally.pinged |=
            self.domain.has(&reply.to) && reply.id.as_ref().is_some_and(|id| *id == self.ping);
        let payload = match missing {
            None => children(start, &self.tag, content).ok_or(Missing::Unfit),
            Some(missing) => Err(missing),
        };
        let type_ = self.tag.value(start, b"type");
        let request = Request { reply: &reply, kind: type_.as_deref(), payload };
        match kind {
            // Our own presence needs no answer; our own pings do, since one daemon of several may
            // get another's.
            Kind::Presence if self.domain.has(&reply.to) => vec![],
            Kind::Presence => self.responder.presence(&request),
            _ => self.responder.iq(request, now).into_iter().collect(),
        }
    }
}

/// The child elements of a stanza, read with the namespaces that its start tag declares.
fn children(start: &[u8], tag: &Tag, content: &[u8]) -> Option<Vec<Element>> {
    let mut document = b"<stanza".to_vec();
    for attribute in &tag.attributes {
        if start[attribute.name.clone()].starts_with(b"xmlns") {
            document.push(b' ');
            document.extend_from_slice(&start[attribute.name.start..=attribute.value.end]);
        }
    }
    // What the stream's header declares.
    for (name, namespace) in [("xmlns", ns::COMPONENT), ("xmlns:stream", ns::STREAM)] {
        if tag.attribute(start, name.as_bytes()).is_none() {
            document.extend_from_slice(format!(" {name}='{namespace}'").as_bytes());
        }
    }
    document.push(b'>');
    document.extend_from_slice(content);
    document.extend_from_slice(b"</stanza>");
    let mut stanza = Element::from_reader(&document[..]).ok()?;
    Some(stanza.take_nodes().into_iter().filter_map(Node::into_element).collect())
}

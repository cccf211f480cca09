//! All that the component does on one stream: bytes in, stanzas out, in order.
//!
//! No I/O, no clock, no log: whatever drives it owns the sockets and tells the time, so that tests and
//! fuzzers drive it with byte slices.

pub mod address;
pub mod counts;
pub mod edits;
pub mod flood;
pub mod ids;
pub mod message;
pub mod outbox;
pub mod reply;
pub mod requests;
pub mod stream_error;

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use minidom::Element;
use xmpp_parsers::ns;
use xmpp_parsers::ping::Ping;

use crate::component::address::Domain;
use crate::component::counts::Counts;
use crate::component::edits::Edits;
use crate::component::flood::{Allowance, Flood, Verdict};
use crate::component::ids::{Ids, Parties};
use crate::component::message::Silence;
use crate::component::outbox::Outbox;
use crate::component::reply::{Bounce, Reply};
use crate::component::requests::{Kind, Missing, Now, Request, Responder};
use crate::component::stream_error::StreamError;
use crate::xml::elements::{Elements, Step};
use crate::xml::error::Fault;
use crate::xml::tag::{Attribute, Usual};

/// RFC 6120 §13.12: a stanza of so many bytes is taken everywhere, whatever limit tests set.
const ACCEPTED: usize = 10_000;

/// With three daemons, one probe in some 700 misses this one; it is repeated then.
const PINGS_IN_A_PROBE: u64 = 16;

/// Hebrew and Latin letters.
const MIXED_DIRECTIONS: &str = "\u{5d0}a";

/// The most that is collected of a stanza that is answered from its payload, in bytes, and how deep:
/// it becomes a tree, which is walked recursively.
const COLLECTED: usize = 10_000;
const COLLECTED_DEPTH: usize = 64;

/// The namespaces that a stanza may be in. jabberd2 puts those for a component in `jabber:client`.
const STANZAS: [&[u8]; 3] =
    [ns::COMPONENT.as_bytes(), ns::JABBER_CLIENT.as_bytes(), b"jabber:server"];

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

/// What an element is, by its start tag.
#[derive(Debug, Clone)]
enum Open {
    /// A message that is sent back, and between whom it is.
    Message(Parties),
    Ignored(Silence),
    Request(Kind),
    StreamError,
    Unknown,
}

/// The component's side of one stream after another.
#[derive(Debug)]
pub struct Echo {
    domain: Domain,
    elements: Elements,
    /// The element that has begun.
    open: Option<Open>,
    ids: Ids,
    /// What is changed in the message that has begun.
    edits: Edits,
    responder: Responder,
    flood: Option<Flood>,
    limit: usize,
    /// The id of our own pings, which no other daemon of the same JID uses.
    ping: String,
    counts: Counts,
}

/// What the component does, as its admin wants it.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The domain that it speaks for.
    pub domain: Domain,
    /// The largest stanza that it sends, in bytes.
    pub max_stanza_size: usize,
    /// What becomes of ids.
    pub ids: Ids,
    /// How much each sender may send, unless it is any amount.
    pub allowance: Option<Allowance>,
    /// What presence and IQ are answered with.
    pub responder: Responder,
}

impl Echo {
    /// A component with these settings.
    pub fn new(settings: Settings) -> Self {
        let Settings { domain, max_stanza_size: limit, ids, allowance, responder } = settings;
        let flood = allowance.map(Flood::new);
        let ping = format!("ping-{:016x}", RandomState::new().hash_one(domain.as_str()));
        let (elements, edits) = (new_stream(limit), Edits::new(domain.as_str()));
        let (open, counts) = (None, Counts::default());
        Self { domain, elements, open, ids, edits, responder, flood, limit, ping, counts }
    }

    /// The same component on a new stream. Who has sent too much is still known.
    pub fn start_stream(&mut self) {
        self.elements = new_stream(self.limit);
        self.open = None;
    }

    /// What has been done since this was last called.
    pub fn take_counts(&mut self) -> Counts {
        std::mem::take(&mut self.counts)
    }

    /// XEP-0199, from and to ourselves, so that the server has to route it.
    pub fn ping(&self, out: &mut Outbox) {
        let jid = self.domain.as_str().to_owned();
        let ping = Reply { from: jid.clone(), to: jid, id: Some(self.ping.clone()) };
        self.send(&ping.stanza("iq", Some("get"), [Ping.into()]), out);
    }

    /// Asks whether the server is alive where that ping may have gone to another daemon of this JID.
    /// Any answer will do.
    pub fn probe(&self, out: &mut Outbox) {
        let jid = self.domain.as_str();
        // ejabberd and jabberd2 choose a daemon by chance or by an address, and some of these are
        // likely to come back to this one.
        for nth in 0..PINGS_IN_A_PROBE {
            let hash = RandomState::new().hash_one(nth);
            let jid = format!("{hash:016x}@{jid}");
            let ping = Reply { from: jid.clone(), to: jid, id: Some(self.ping.clone()) };
            self.send(&ping.stanza("iq", Some("get"), [Ping.into()]), out);
        }
        // A daemon that ejabberd has no place for gets none of them. But servers refuse, on this very
        // stream, a resource that mixes directions: RFC 7622 §3.4 allows it, and RFC 6122 (appendix
        // B.5), which they go by, did not. One that allows it sends it here as any other.
        let to = format!("{jid}/{MIXED_DIRECTIONS}");
        let ping = Reply { from: jid.to_owned(), to, id: Some(self.ping.clone()) };
        self.send(&ping.stanza("iq", Some("get"), [Ping.into()]), out);
    }

    /// Answers all of `input` that is whole, and says how many bytes that was. The rest must come
    /// again with more behind it, unless the event says that the stream is over.
    ///
    /// # Errors
    /// What the server must be told before the stream ends. What came before it is answered.
    pub fn feed(
        &mut self,
        input: &[u8],
        out: &mut Outbox,
        now: Now,
    ) -> Result<(usize, Event), Fault> {
        if let Some(flood) = &mut self.flood {
            flood.is_now(now.uptime);
        }
        let mut used = 0;
        loop {
            let (more, step) = self.elements.next(&input[used..])?;
            used += more;
            let rest = &input[used..];
            let (size, is_whole) = match step {
                Step::Hungry => return Ok((used, Event::Hungry)),
                Step::Footer(size) => return Ok((used + size, Event::Footer)),
                Step::Start => {
                    self.begin(rest);
                    continue;
                }
                Step::Child => {
                    self.mirror_child(rest);
                    continue;
                }
                Step::Whole(size) => (size, true),
                Step::TooLarge(size) => (size, false),
            };
            let element = if is_whole { &rest[..size] } else { rest };
            let event = self.finish(element, is_whole, now, out);
            used += size;
            if let Some(event) = event {
                return Ok((used, event));
            }
        }
    }

    /// Decides by its start tag what an element is, and how much of it is looked at.
    fn begin(&mut self, s: &[u8]) {
        let head = &self.elements.judge.head;
        let (prefix, default) = (head.prefix(s), head.get(Usual::Xmlns));
        let is_stanza = match prefix {
            None => default.is_none_or(|it| is_stanzas(s, it)),
            Some(prefix) => self.elements.judge.bindings.is(s, prefix, is_of_stanzas),
        };
        let kind = head.get(Usual::Type);
        let open = match head.local_name(s) {
            b"message" if is_stanza => {
                match message::mirror(s, head, &self.domain, self.ids, &mut self.edits) {
                    Ok(parties) => Open::Message(parties),
                    Err(why) => Open::Ignored(why),
                }
            }
            b"presence" if is_stanza => Open::Request(Kind::presence(s, kind)),
            b"iq" if is_stanza => Open::Request(Kind::iq(s, kind)),
            b"error" if self.is_of_stream(s) => Open::StreamError,
            _ => Open::Unknown,
        };
        let moved = prefix.is_some() && default.is_some_and(|it| !is_stanzas(s, it));
        let (most, is_strict) = match &open {
            Open::Message(_) => (self.limit.saturating_add_signed(-self.edits.growth()), true),
            Open::Request(kind) if kind.is_collected() => (COLLECTED, true),
            Open::Request(_) | Open::StreamError => (self.limit, true),
            Open::Ignored(_) | Open::Unknown => (self.limit, false),
        };
        if matches!(open, Open::StreamError) {
            // Only the server itself sends these, and its header may declare their prefix.
            self.elements.judge.forgive();
        }
        if moved {
            // Without its prefix its children would fall into another namespace.
            self.elements.judge.refuse();
        }
        self.elements.expect(most, is_strict);
        self.open = Some(open);
    }

    /// Mirrors the ids in a child of a message.
    fn mirror_child(&mut self, s: &[u8]) {
        let judge = &self.elements.judge;
        if let (Some(Open::Message(parties)), Ids::Mirrored, Some(namespace)) =
            (&self.open, self.ids, &judge.namespace)
        {
            ids::mirror_child(s, &judge.tag, namespace, parties, &mut self.edits);
        }
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

    /// Does what an element wants, of which `s` is all, or as much as there is of one too large.
    fn finish(&mut self, s: &[u8], is_whole: bool, now: Now, out: &mut Outbox) -> Option<Event> {
        match self.open.take() {
            Some(Open::Message(parties)) => {
                if is_whole {
                    self.close_prefixed(s);
                }
                let length = s.len().saturating_add_signed(self.edits.growth());
                let bounce = if !self.elements.judge.fit {
                    Some(Bounce::Unfit)
                } else if !is_whole || length > self.limit {
                    Some(Bounce::TooLarge(self.limit))
                } else {
                    None
                };
                self.guard(s, &s[parties.sender], bounce, out);
            }
            Some(Open::Ignored(why)) => self.counts.ignore(why),
            Some(Open::Request(kind)) => {
                let payload = self.payload(s, is_whole);
                self.answer(kind, s, payload, now, out);
            }
            Some(Open::StreamError) => {
                let payload = self.payload(s, is_whole).unwrap_or_default();
                return Some(Event::StreamError(StreamError::read(payload)));
            }
            // Not even its start tag is there, and its `type` may be `error`.
            None if is_message(s) => self.counts.ignore(Silence::Unanswerable),
            None | Some(Open::Unknown) => {}
        }
        None
    }

    /// The end tag of a message whose name has a prefix, which the echo's has not.
    fn close_prefixed(&mut self, s: &[u8]) {
        let judge = &self.elements.judge;
        if !judge.head.prefix_range().is_empty() && !judge.head.is_empty {
            self.edits.replace(judge.content_end..s.len(), edits::With::Words("</message>"));
        }
    }

    /// What stands between the start and the end tag of an element.
    fn payload<'a>(&self, s: &'a [u8], is_whole: bool) -> Result<&'a [u8], Missing> {
        let judge = &self.elements.judge;
        if !judge.fit {
            Err(Missing::Unfit)
        } else if !is_whole || judge.deepest > COLLECTED_DEPTH {
            Err(Missing::TooLarge)
        } else {
            Ok(&s[judge.head.end..judge.content_end])
        }
    }

    /// Lets an echo go out, or what is said instead, if its sender has not had too many.
    fn guard(&mut self, s: &[u8], sender: &[u8], bounce: Option<Bounce>, out: &mut Outbox) {
        let verdict = self.flood.as_mut().map_or(Verdict::Echo, |flood| flood.judge(sender));
        match (verdict, bounce) {
            (Verdict::Echo, None) => {
                self.counts.echoed += 1;
                self.edits.write(s, out);
            }
            (Verdict::Echo, Some(bounce)) => self.bounce(bounce, s, out),
            (Verdict::Tell, _) => self.bounce(Bounce::Flood, s, out),
            (Verdict::Ignore, _) => self.counts.ignore(Silence::Flood),
        }
    }

    #[cold]
    fn bounce(&mut self, bounce: Bounce, s: &[u8], out: &mut Outbox) {
        let reply = Reply::to(s, &self.elements.judge.head, &self.domain);
        let told = reply.is_some_and(|reply| {
            let error = |reply: &Reply| reply.error("message", bounce.into());
            // An error without an id tells less, but more than silence.
            self.send(&error(&reply), out) || self.send(&error(&Reply { id: None, ..reply }), out)
        });
        if told {
            self.counts.bounce(bounce);
        } else {
            self.counts.ignore(Silence::Unanswerable);
        }
    }

    #[cold]
    fn answer(
        &mut self,
        kind: Kind,
        s: &[u8],
        payload: Result<&[u8], Missing>,
        now: Now,
        out: &mut Outbox,
    ) {
        let head = &self.elements.judge.head;
        let request = Request { s, head, content: payload };
        let is_answered = request.is_answered(kind);
        // Presence that nobody answers costs no more than a look at it.
        if kind.is_presence() && !is_answered {
            return;
        }
        let Some(reply) = Reply::to(s, head, &self.domain) else { return };
        let is_own = self.domain.has(&reply.to);
        self.counts.pinged |= is_own && reply.id.as_ref().is_some_and(|id| *id == self.ping);
        // Our own presence needs no answer; our own pings do, since one daemon of several may get
        // another's.
        if (is_own && kind.is_presence()) || !is_answered {
            return;
        }
        let mut sent = 0;
        for answer in self.responder.answer(kind, &reply, &request, now) {
            let xml = answer.xml();
            if xml.len() <= self.limit.max(ACCEPTED) {
                out.push(&xml);
                sent += 1;
            }
        }
        *(if kind.is_presence() { &mut self.counts.presence } else { &mut self.counts.iq }) += sent;
    }

    /// Lets a stanza of our own go out, if the server takes one of that size: others choose how long
    /// its addresses and id are. Says whether it does.
    fn send(&self, element: &Element, out: &mut Outbox) -> bool {
        matches!(out.send_within(self.limit.max(ACCEPTED), element), Ok(true))
    }
}

fn new_stream(limit: usize) -> Elements {
    Elements::new(limit, ("stream", ns::STREAM))
}

fn is_of_stanzas(namespace: &[u8]) -> bool {
    STANZAS.contains(&namespace)
}

/// Whether the namespace that an attribute declares is that of stanzas. One that cannot be read makes
/// a stanza unfit, and somebody must be told so.
fn is_stanzas(s: &[u8], xmlns: &Attribute) -> bool {
    xmlns.text(s).is_none_or(|namespace| is_of_stanzas(namespace.as_bytes()))
}

/// Whether an element is a message, by a name that may not be whole.
fn is_message(s: &[u8]) -> bool {
    let name =
        s[1..].split(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'/' | b'>')).next();
    name.and_then(|name| name.rsplit(|&byte| byte == b':').next()) == Some(b"message")
}

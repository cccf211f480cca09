//! What is done with an element that is all there, or too large: an echo, a bounce, answers, or nothing.

use minidom::Element;

use crate::component::address::{bare, domain_of};
use crate::component::begin::{Begun, COLLECTED_DEPTH};
use crate::component::flood::{self, Verdict};
use crate::component::message::Silence;
use crate::component::notice::{Dealt, How};
use crate::component::outbox::Outbox;
use crate::component::reply::{Bounce, Reply};
use crate::component::requests::{Answer, Kind, Missing, Now, Request};
use crate::component::stream_error::StreamError;
use crate::component::{Echo, Event, edits, ids};
use crate::xml::attributes::Usual;

/// RFC 6120 §13.12: a stanza of so many bytes is taken everywhere, whatever limit tests set.
const ACCEPTED: usize = 10_000;

/// So many characters of an id are told, which is enough to find it again.
const LONGEST_ID: usize = 64;

impl Echo {
    /// Does what an element wants, of which `s` is all, or as much as there is of one too large.
    pub(super) fn finish(
        &mut self,
        s: &[u8],
        is_whole: bool,
        now: Now,
        out: &mut Outbox,
    ) -> Option<Event> {
        match self.begun.take() {
            Some(Begun::Message(parties)) => {
                if is_whole {
                    for child in &self.elements.judge.notes.children {
                        ids::mirror_child(s, child, &parties, &mut self.edits);
                    }
                    self.close_prefixed(s);
                }
                let blanks = self.blanks(s);
                let echo = if !self.elements.judge.fit {
                    Err(Bounce::Unfit)
                } else if !is_whole || self.echo_length(s) + blanks > self.limit {
                    Err(Bounce::TooLarge(self.limit))
                } else {
                    Ok(blanks)
                };
                self.guard(s, &s[parties.sender], echo, out);
            }
            Some(Begun::Ignored(why)) => self.ignore(why, s),
            Some(Begun::Request(kind)) => {
                let payload = self.payload(s, is_whole);
                self.respond(kind, s, payload, now, out);
            }
            Some(Begun::StreamError) => {
                let payload = self.payload(s, is_whole).unwrap_or_default();
                return Some(Event::StreamError(StreamError::read(payload)));
            }
            // Not even its start tag is there, and its `type` may be `error`.
            None if is_message(s) => self.counts.ignore(Silence::Unanswerable),
            None | Some(Begun::Unknown) => {}
        }
        None
    }

    /// How many bytes the echo of a message has.
    fn echo_length(&self, s: &[u8]) -> usize {
        s.len().saturating_add_signed(self.edits.growth())
    }

    /// How many blanks the echo needs behind it. They count as a part of it: Prosody ends a stream
    /// when so much is there before it sees a tag's end.
    fn blanks(&self, s: &[u8]) -> usize {
        match self.elements.judge.reach {
            0 => 0,
            // A tag may gain, and what is behind it lose, as much as is changed in all.
            reach => (reach + self.edits.changed()).saturating_sub(s.len()),
        }
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

    /// Lets an echo go out with so many blanks behind it, or what is said instead, if its sender has not
    /// had too many.
    fn guard(&mut self, s: &[u8], sender: &[u8], echo: Result<usize, Bounce>, out: &mut Outbox) {
        match (self.allow(sender, flood::message_units(s.len())), echo) {
            (Verdict::Within, Ok(blanks)) => {
                self.counts.echoed += 1;
                self.edits.write(s, out);
                out.pad(blanks);
                self.tell(How::Echoed, s);
            }
            (Verdict::Within, Err(bounce)) => self.bounce(bounce, s, out),
            (Verdict::First, _) => self.bounce(Bounce::Flood, s, out),
            (Verdict::Over, _) => self.ignore(Silence::Flood, s),
        }
    }

    /// Takes so many units from a sender's allowance, if there is a limit.
    #[inline]
    fn allow(&mut self, sender: &[u8], units: u32) -> Verdict {
        let verdict = self.flood.as_mut().map_or(Verdict::Within, |it| it.judge(sender, units));
        if verdict == Verdict::First {
            self.notices.flooded();
        }
        verdict
    }

    #[cold]
    fn ignore(&mut self, why: Silence, s: &[u8]) {
        self.counts.ignore(why);
        if why == Silence::ForeignTo {
            self.tell_foreign(s);
        }
        self.tell(How::Ignored(why), s);
    }

    /// Takes note that a stanza came for a domain that is not ours.
    fn tell_foreign(&mut self, s: &[u8]) {
        let to = self.elements.judge.head.get(Usual::To).and_then(|to| to.text(s));
        // One without a domain says nothing of the server's settings.
        if let Some(domain) = to.as_deref().map(domain_of).filter(|it| !it.is_empty())
            && !self.domain.has(domain)
        {
            self.notices.foreign(domain);
        }
    }

    /// Takes note of what was done with the stanza, if that is wanted.
    #[inline]
    fn tell(&mut self, how: How, s: &[u8]) {
        if self.notices.wants(how) {
            self.tell_of(how, s);
        }
    }

    #[cold]
    fn tell_of(&mut self, how: How, s: &[u8]) {
        let value = |name| self.elements.judge.head.get(name).and_then(|it| it.text(s));
        let from = value(Usual::From).map(|from| bare(&from).to_owned());
        let id = value(Usual::Id).map(|id| id.chars().take(LONGEST_ID).collect());
        self.notices.stanza(Dealt { how, from, id, bytes: s.len() });
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
            self.tell(How::Bounced(bounce), s);
        } else {
            self.ignore(Silence::Unanswerable, s);
        }
    }

    /// Answers presence or an IQ, if it asks for anything.
    #[cold]
    fn respond(
        &mut self,
        kind: Kind,
        s: &[u8],
        payload: Result<&[u8], Missing>,
        now: Now,
        out: &mut Outbox,
    ) {
        let head = &self.elements.judge.head;
        let is_request = Request { s, head, content: payload }.is_answered(kind);
        if head.get(Usual::To).is_some_and(|to| self.domain.ours(s, to).is_none()) {
            self.tell_foreign(s);
            return self.ignore_request(is_request, Silence::ForeignTo, s);
        }
        // Presence that nobody answers costs no more than a look at it.
        if kind.is_presence() && !is_request {
            return self.tell(How::Answered(0), s);
        }
        let Some(reply) = Reply::to(s, head, &self.domain) else {
            let sender = head.get(Usual::From).and_then(|from| from.text(s));
            let why = sender.map_or(Silence::NoSender, |_| Silence::Unanswerable);
            return self.ignore_request(is_request, why, s);
        };
        let is_own = self.domain.has(&reply.to);
        self.counts.pinged |= is_own && reply.id.as_ref().is_some_and(|id| *id == self.ping);
        // Our own presence needs no answer; our own pings do, since one daemon of several may get
        // another's.
        if !is_request || is_own && kind.is_presence() {
            return self.tell(How::Answered(0), s);
        }
        if is_own || self.is_within_allowance(kind, s, &reply, out) {
            self.send_answers(kind, s, payload, &reply, now, out);
        }
    }

    /// Takes note of presence or an IQ without an answer. One that asks for nothing is not counted.
    #[cold]
    fn ignore_request(&mut self, is_request: bool, why: Silence, s: &[u8]) {
        if is_request {
            self.counts.ignore_request(why);
        }
        self.tell(How::RequestIgnored(why), s);
    }

    /// Whether a request is within its sender's allowance, on which it draws too. An IQ gets an answer
    /// even if it is not, once (RFC 6120 §8.2.3).
    fn is_within_allowance(
        &mut self,
        kind: Kind,
        s: &[u8],
        reply: &Reply,
        out: &mut Outbox,
    ) -> bool {
        let verdict = self.allow(bare(&reply.to).as_bytes(), flood::request_units(s.len()));
        if verdict == Verdict::Within {
            return true;
        }
        let error = || reply.error("iq", Bounce::Flood.into());
        if verdict == Verdict::First && !kind.is_presence() && self.send(&error(), out) {
            self.counts.iq += 1;
            self.tell(How::Answered(1), s);
        } else {
            self.ignore_request(true, Silence::Flood, s);
        }
        false
    }

    /// Lets the answers to a request go out. An IQ whose own is too large gets an error instead.
    fn send_answers(
        &mut self,
        kind: Kind,
        s: &[u8],
        payload: Result<&[u8], Missing>,
        reply: &Reply,
        now: Now,
        out: &mut Outbox,
    ) {
        let most = self.most();
        let mut let_out = |answer: Answer| usize::from(out.send_xml(most, &answer.xml()));
        let request = Request { s, head: &self.elements.judge.head, content: payload };
        let answers = self.responder.answers(kind, reply, &request, now);
        let mut sent = answers.into_iter().map(&mut let_out).sum();
        if sent == 0 && !kind.is_presence() {
            sent = let_out(self.responder.refusal(reply));
        }
        if sent == 0 {
            return self.ignore_request(true, Silence::Unanswerable, s);
        }
        let counted =
            if kind.is_presence() { &mut self.counts.presence } else { &mut self.counts.iq };
        *counted += sent as u64;
        self.tell(How::Answered(sent), s);
    }

    /// Lets a stanza of our own go out, if the server takes one of that size: others choose how long
    /// its addresses and id are. Says whether it does.
    pub(super) fn send(&self, element: &Element, out: &mut Outbox) -> bool {
        matches!(out.send_within(self.most(), element), Ok(true))
    }

    /// How many bytes a stanza of our own may have.
    fn most(&self) -> usize {
        self.limit.max(ACCEPTED)
    }
}

/// Whether an element is a message, by a name that may not be whole.
fn is_message(s: &[u8]) -> bool {
    let name =
        s[1..].split(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'/' | b'>')).next();
    name.and_then(|name| name.rsplit(|&byte| byte == b':').next()) == Some(b"message")
}

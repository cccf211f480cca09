//! What is done with an element that is all there, or too large: an echo, a bounce, answers, or nothing.

use crate::component::address::{bare, domain_of};
use crate::component::answer::Answer;
use crate::component::begin::{Begun, COLLECTED_DEPTH};
use crate::component::flood::{self, Verdict};
use crate::component::ids::Parties;
use crate::component::message::Silence;
use crate::component::notice::{How, Notice};
use crate::component::outbox::Outbox;
use crate::component::reply::{Bounce, Reply};
use crate::component::requests::{Kind, Now, Refusal, Request};
use crate::component::stream_error::StreamError;
use crate::component::{Echo, Event, edits, ids};
use crate::xml::attributes::Usual;
use crate::xml::scan::{ENDS_NAME, is};

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
        let begun = self.begun.take();
        let has_head = begun.is_some();
        let how = match begun {
            Some(Begun::Message(parties)) => self.send_back(s, is_whole, &parties, out),
            Some(Begun::Ignored(why)) => How::Ignored(why),
            Some(Begun::Request(kind)) => self.respond(kind, s, is_whole, now, out),
            Some(Begun::StreamError) => {
                let payload = self.payload(s, is_whole).unwrap_or_default();
                return Some(Event::StreamError(StreamError::read(payload)));
            }
            Some(Begun::Unknown) => return None,
            None => without_start_tag(s)?,
        };
        self.counts.add(how);
        if how.is_foreign() {
            self.tell_foreign(s);
        }
        if self.notices.wants(how) {
            self.tell(how, s, has_head);
        }
        None
    }

    /// Sends a message back or bounces it; neither if its sender is over the allowance and has been told.
    fn send_back(&mut self, s: &[u8], is_whole: bool, parties: &Parties, out: &mut Outbox) -> How {
        if is_whole {
            let judge = &mut self.elements.judge;
            for child in &judge.notes.children {
                ids::mirror_child(s, child, parties, &mut self.edits, &mut judge.reach);
            }
            self.close_prefixed(s);
        }
        let blanks = self.blanks(s);
        // Not by what came in: a reply's `to` may grow to the length of its sender.
        let length = self.echo_length(s) + blanks;
        let units = flood::message_units(length);
        let bounce = match self.allow(&s[parties.sender.clone()], units) {
            Verdict::Over => return How::Ignored(Silence::Flood),
            Verdict::First => Bounce::Flood,
            Verdict::Within if !self.elements.judge.fit => Bounce::Unfit,
            Verdict::Within if !is_whole || length > self.limit => Bounce::TooLarge,
            Verdict::Within => {
                self.edits.write(s, out);
                out.pad(blanks);
                return How::Echoed;
            }
        };
        self.bounce(bounce, s, out)
    }

    /// How many bytes the echo of a message has.
    fn echo_length(&self, s: &[u8]) -> usize {
        s.len().saturating_add_signed(self.edits.growth())
    }

    /// How many blanks the echo needs behind it. They count as a part of it: Prosody ends a stream
    /// when so much is there before it sees a tag's end.
    fn blanks(&self, s: &[u8]) -> usize {
        let judge = &self.elements.judge;
        match judge.reach {
            0 => 0,
            // A tag may gain, and what is behind it lose, as much as is changed in all.
            reach => (reach + self.edits.changed(judge.head.end)).saturating_sub(s.len()),
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
    fn payload<'a>(&self, s: &'a [u8], is_whole: bool) -> Result<&'a [u8], Refusal> {
        let judge = &self.elements.judge;
        if !judge.fit {
            Err(Refusal::Malformed)
        } else if !is_whole || judge.deepest > COLLECTED_DEPTH {
            Err(Refusal::TooLarge)
        } else {
            Ok(&s[judge.head.end..judge.content_end])
        }
    }

    /// A request of that kind, as far as it could be read.
    fn request<'a>(&'a self, kind: Kind, s: &'a [u8], is_whole: bool, now: Now) -> Request<'a> {
        let (head, content) = (&self.elements.judge.head, self.payload(s, is_whole));
        Request { kind, s, head, content, now }
    }

    /// Takes so many units from a sender's allowance, if there is a limit.
    #[inline]
    fn allow(&mut self, sender: &[u8], units: u32) -> Verdict {
        let verdict = self.flood.as_mut().map_or(Verdict::Within, |it| it.judge(sender, units));
        if verdict == Verdict::First {
            self.notices.new.push(Notice::Flooded);
        }
        verdict
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

    /// Takes note of what was done with a stanza, of which nothing is known without its start tag.
    #[cold]
    fn tell(&mut self, how: How, s: &[u8], has_head: bool) {
        let head = has_head.then_some(&self.elements.judge.head);
        let value = |name| head.and_then(|it| it.get(name)).and_then(|it| it.text(s));
        let from = value(Usual::From).map(|from| bare(&from).to_owned());
        let id = value(Usual::Id).map(|id| id.chars().take(LONGEST_ID).collect());
        self.notices.new.push(Notice::Stanza { how, from, id, bytes: s.len() });
    }

    #[cold]
    fn bounce(&mut self, bounce: Bounce, s: &[u8], out: &mut Outbox) -> How {
        let reply = Reply::to(s, &self.elements.judge.head, &self.domain);
        let told = reply.is_ok_and(|reply| {
            let error = Answer::to(&reply, "message", "error", bounce.error(self.limit));
            // An error without an id tells less, but more than silence.
            self.send(&error, out) || self.send(&Answer { id: None, ..error }, out)
        });
        if told { How::Bounced(bounce) } else { How::Ignored(Silence::Unanswerable) }
    }

    /// Answers presence or an IQ, if it asks for anything.
    #[cold]
    fn respond(&mut self, kind: Kind, s: &[u8], is_whole: bool, now: Now, out: &mut Outbox) -> How {
        let request = self.request(kind, s, is_whole, now);
        let (head, is_request) = (request.head, request.is_answered());
        let ignored =
            |why| if is_request { How::RequestIgnored(why) } else { How::NotAsked(Some(why)) };
        if head.get(Usual::To).is_some_and(|to| self.domain.ours(s, to).is_none()) {
            return ignored(Silence::ForeignTo);
        }
        // Presence that nobody answers costs no more than a look at it.
        if kind.is_presence() && !is_request {
            return How::NotAsked(None);
        }
        let reply = match Reply::to(s, head, &self.domain) {
            Ok(reply) => reply,
            Err(why) => return ignored(why),
        };
        let is_own = self.domain.has(&reply.to);
        self.counts.pinged |= is_own && reply.id.as_ref().is_some_and(|id| *id == self.ping);
        // Our own presence needs no answer; our own pings do, since one daemon of several may get
        // another's.
        if !is_request || is_own && kind.is_presence() {
            return How::NotAsked(None);
        }
        if !is_own && let Some(how) = self.over_allowance(kind, s, &reply, out) {
            return how;
        }
        match self.send_answers(&self.request(kind, s, is_whole, now), &reply, out) {
            0 => How::RequestIgnored(Silence::Unanswerable),
            sent => How::Answered(kind, sent),
        }
    }

    /// What becomes of a request if it is over its sender's allowance, on which it draws. An IQ gets an
    /// answer all the same, once (RFC 6120 §8.2.3).
    fn over_allowance(
        &mut self,
        kind: Kind,
        s: &[u8],
        reply: &Reply,
        out: &mut Outbox,
    ) -> Option<How> {
        let error = |limit| Answer::to(reply, "iq", "error", Bounce::Flood.error(limit));
        match self.allow(bare(&reply.to).as_bytes(), flood::request_units(s.len())) {
            Verdict::Within => None,
            Verdict::First if !kind.is_presence() && self.send(&error(self.limit), out) => {
                Some(How::Answered(kind, 1))
            }
            _ => Some(How::RequestIgnored(Silence::Flood)),
        }
    }

    /// Lets the answers to a request go out, and says how many those are. An IQ whose own is too large
    /// gets an error instead.
    fn send_answers(&self, request: &Request, reply: &Reply, out: &mut Outbox) -> u64 {
        let answers = self.responder.answers(request, reply);
        let sent = answers.iter().map(|answer| u64::from(self.send(answer, out))).sum();
        if sent == 0 && !request.kind.is_presence() {
            return self.send(&self.responder.refusal(reply), out).into();
        }
        sent
    }

    /// Lets a stanza of our own go out, if the server takes one of that size: others choose how long
    /// its addresses and id are. Says whether it does.
    pub(super) fn send(&self, answer: &Answer, out: &mut Outbox) -> bool {
        out.send_xml(self.limit.max(ACCEPTED), &answer.xml())
    }
}

/// What becomes of a stanza of which not even the start tag is there: its `type` may be `error`.
#[cold]
fn without_start_tag(s: &[u8]) -> Option<How> {
    let name = s[1..].split(|&byte| is(byte, ENDS_NAME)).next()?;
    match name.rsplit(|&byte| byte == b':').next()? {
        b"message" => Some(How::Ignored(Silence::Unanswerable)),
        b"presence" | b"iq" => Some(How::RequestIgnored(Silence::Unanswerable)),
        _ => None,
    }
}

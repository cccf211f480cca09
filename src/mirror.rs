//! The mirror: bytes of the server's stream in, echoes out.
//!
//! Messages are not parsed into anything. A start tag is rewritten with `from` and `to` traded, what
//! follows is copied byte for byte while it is checked, and the echo goes out when the stanza is
//! whole, or is cut back. Presence, IQ and stream errors are collected in the same place and handed
//! on. Nothing here does I/O, knows a clock or logs.

use memchr::memchr;
use xmpp_parsers::ns;

use crate::address::Domain;
use crate::fault::Fault;
use crate::output::Output;
use crate::reply::Bounce;
use crate::scope::Scope;
use crate::step::{Head, Kind, Payload, Silence, Step};
use crate::tag::{self, Attribute};
use crate::token::{Token, Tokenizer};
use crate::wellformed::{self, Flaw, MALFORMED};

/// The most that is collected of a presence or IQ, in bytes, and how deep: it becomes a tree, which
/// is walked recursively.
const COLLECTED: usize = 64 << 10;
const COLLECTED_DEPTH: usize = 64;

/// The namespaces that a stanza may be in. jabberd2 puts those for a component in `jabber:client`.
const STANZAS: [&[u8]; 3] =
    [ns::COMPONENT.as_bytes(), ns::JABBER_CLIENT.as_bytes(), b"jabber:server"];

/// A start tag longer than the limit is not copied, but for addresses and id of at most this length.
const ADDRESS: usize = 64 << 10;

/// The attributes that are looked at in such a tag, beside the declaration of its prefix.
const KEPT: [&[u8]; 5] = [b"from", b"to", b"id", b"type", b"xmlns"];

/// What is done with the top-level element that is open.
#[derive(Debug, Clone, Copy)]
enum Open {
    /// It is copied, all but its end tag if that has a prefix.
    Echo { head: Head, prefixed: bool },
    /// Its start tag and payload are copied.
    Collect { kind: Kind, head: usize },
    /// It is passed over, and then this is said.
    Skip(Step),
}

/// The mirror of one stream.
#[derive(Debug)]
pub struct Mirror {
    domain: Domain,
    limit: usize,
    tokens: Tokenizer,
    scope: Scope,
    open: Open,
}

impl Mirror {
    /// A mirror for the stream of `domain`, whose echoes are at most `limit` bytes.
    pub fn new(domain: Domain, limit: usize) -> Self {
        Self {
            domain,
            limit,
            tokens: Tokenizer::default(),
            scope: Scope::default(),
            open: Open::Skip(Step::Unknown),
        }
    }

    /// Takes `input` in as far as something comes up, and says how many bytes that was. What is
    /// left must come again, with more behind it.
    ///
    /// # Errors
    /// What ends the stream; there must be no call after it.
    pub fn feed(&mut self, input: &[u8], out: &mut Output) -> Result<(usize, Step), Fault> {
        // Input up to `at` has been looked at, up to `kept` been copied or passed over.
        let (mut at, mut kept) = (0, 0);
        loop {
            if self.scope.depth() == 0 {
                // RFC 6120 §4.6.1: white space between stanzas keeps connections alive.
                at += input[at..].iter().take_while(|&&byte| tag::is_blank(byte)).count();
                kept = at;
            }
            let Some(token) = self.tokens.next(&input[at..])? else {
                if !matches!(self.open, Open::Skip(_)) {
                    out.push(&input[kept..at]);
                }
                return Ok((at, Step::Hungry));
            };
            let end = at + token.size();
            let flaw = match token {
                Token::Start(bytes) if self.scope.depth() == 0 => {
                    kept = end;
                    self.begin(bytes, out)
                }
                Token::Start(bytes) => {
                    // What is too large is not taken apart, however many attributes it has.
                    self.bound(end - kept, out);
                    self.element(bytes)
                }
                Token::Text(_) | Token::CData(_) if self.scope.depth() == 0 => {
                    kept = end;
                    between_stanzas(token)
                }
                Token::Text(bytes) => self.check(bytes, wellformed::text),
                Token::CData(bytes) => self.check(bytes, wellformed::characters),
                Token::End(bytes) if self.scope.depth() == 0 => {
                    return is_footer(bytes)
                        .then_some((end, Step::Footer))
                        .ok_or(Fault::NotWellFormed);
                }
                Token::End(bytes) => self.scope.close(end_name(bytes)),
            };
            match flaw {
                Ok(()) => {}
                Err(Flaw::Fatal(fault)) => return Err(fault),
                Err(Flaw::Unfit) => self.refuse(Bounce::Unfit, Payload::Unfit, out),
            }
            if self.scope.depth() == 0 {
                match self.open {
                    Open::Echo { prefixed: false, .. } => out.push(&input[kept..end]),
                    Open::Echo { prefixed: true, .. } if kept < end => {
                        out.push(&input[kept..at]);
                        out.push(b"</message>");
                    }
                    Open::Collect { .. } => out.push(&input[kept..at.max(kept)]),
                    _ => {}
                }
                self.bound(0, out);
                return Ok((end, self.finish()));
            }
            at = end;
            self.bound(at - kept, out);
        }
    }

    /// A top-level start tag.
    fn begin(&mut self, bytes: &[u8], out: &mut Output) -> Result<(), Flaw> {
        if bytes.len() > self.limit {
            let (prefix, _) = split(tag::name(bytes));
            self.tokens.tag.parse_some(bytes, KEPT.len() + 1, |name| {
                KEPT.contains(&name) || (prefix.is_some() && name.strip_prefix(b"xmlns:") == prefix)
            })?;
        } else {
            self.tokens.take_apart(bytes)?;
        }
        let tag = &self.tokens.tag;
        let checked = self.scope.open(bytes, tag);
        if let Err(Flaw::Fatal(_)) = checked {
            return checked;
        }
        let (prefix, local) = tag.split_name(bytes);
        let default = tag.value(bytes, b"xmlns").unwrap_or(ns::COMPONENT.into());
        let namespace = match prefix {
            None => default.as_bytes(),
            // The server's stream header may have declared it, and then it is the stream's own.
            Some(prefix) => self.scope.namespace(prefix).unwrap_or(ns::STREAM.as_bytes()),
        };
        let stanza = STANZAS.contains(&namespace);
        self.open = match local {
            b"message" if stanza => self.message(bytes, out),
            b"presence" if stanza => self.collect(Kind::Presence, bytes, out),
            b"iq" if stanza => self.collect(Kind::Iq, bytes, out),
            b"error" if namespace == ns::STREAM.as_bytes() => {
                self.collect(Kind::StreamError, bytes, out)
            }
            _ => Open::Skip(Step::Unknown),
        };
        if tag.empty {
            self.scope.close(tag.name(bytes))?;
        }
        // Without its prefix such a message would let its children fall into another namespace.
        if prefix.is_some() && !STANZAS.contains(&default.as_bytes()) {
            return Err(Flaw::Unfit);
        }
        // Only the server itself sends stream errors, and its header may declare their prefix.
        let by_server = matches!(self.open, Open::Collect { kind: Kind::StreamError, .. });
        if by_server { Ok(()) } else { checked }
    }

    fn message(&self, bytes: &[u8], out: &mut Output) -> Open {
        let tag = &self.tokens.tag;
        let ignored = |why| Open::Skip(Step::Ignored(why));
        let type_ = tag.attribute(bytes, b"type");
        if type_.is_some_and(|it| it.is(bytes, |value| value == b"error")) {
            return ignored(Silence::Error);
        }
        let (from, to) = (tag.attribute(bytes, b"from"), tag.attribute(bytes, b"to"));
        let others = |from: &&Attribute| from.is(bytes, |from| !self.domain.has_bytes(from));
        let Some(from) = from.filter(others) else {
            return ignored(Silence::NoSender);
        };
        if !to.is_none_or(|to| to.is(bytes, |to| self.domain.speaks_for_bytes(to))) {
            return ignored(Silence::ForeignTo);
        }
        let head = self.write_head(bytes, from, to, out);
        if bytes.len() > self.limit {
            let bounce = Bounce::TooLarge(self.limit);
            return Open::Skip(Step::Refused { head: head.length, bounce });
        }
        Open::Echo { head, prefixed: tag.prefix > 0 }
    }

    /// The echo's start tag: all as it was, but for `from`, `to` and `xmlns`.
    // Once a message: inlined, it would crowd out of registers what is there for every element.
    #[inline(never)]
    fn write_head(
        &self,
        bytes: &[u8],
        from: &Attribute,
        to: Option<&Attribute>,
        out: &mut Output,
    ) -> Head {
        let tag = &self.tokens.tag;
        let too_long = bytes.len() > self.limit;
        let mut sender = (0, 0);
        out.push(b"<message");
        for attribute in &tag.attributes {
            let name = &bytes[attribute.name.clone()];
            if too_long
                && (!matches!(name, b"from" | b"to" | b"id") || attribute.value.len() > ADDRESS)
            {
                continue;
            }
            let (name, value) = match (name, to) {
                (b"xmlns", _) => continue,
                (b"from", Some(to)) => (name, to),
                (b"from", None) => (&b"to"[..], attribute),
                (b"to", _) => (name, from),
                _ => match attribute.whole(bytes) {
                    Some(whole) => {
                        out.push(b" ");
                        out.push(whole);
                        continue;
                    }
                    None => (name, attribute),
                },
            };
            out.push(b" ");
            out.push(name);
            out.push(b"=");
            if name == b"to" {
                let start = out.unfinished().len() + 1;
                sender = (start, start + value.value.len());
            }
            out.push(&bytes[value.quoted()]);
        }
        if to.is_none() {
            out.push(b" from='");
            out.push(self.domain.as_str().as_bytes());
            out.push(b"'");
        }
        out.push(if tag.empty { b"/>" } else { b">" });
        Head { length: out.unfinished().len(), sender }
    }

    fn collect(&self, kind: Kind, bytes: &[u8], out: &mut Output) -> Open {
        if bytes.len() > self.limit {
            return self.collect_kept(kind, bytes, out);
        }
        out.push(bytes);
        Open::Collect { kind, head: bytes.len() }
    }

    /// The same for a start tag over the limit, of which it takes addresses, id and type to answer.
    fn collect_kept(&self, kind: Kind, bytes: &[u8], out: &mut Output) -> Open {
        let fits = |name| {
            let attribute = self.tokens.tag.attribute(bytes, name);
            attribute.is_none_or(|attribute| attribute.value.len() <= ADDRESS)
        };
        if !fits(b"from") || !fits(b"to") {
            return Open::Skip(Step::Unknown);
        }
        out.push(b"<stanza");
        for name in [&b"from"[..], b"to", b"id", b"type"] {
            if let Some(attribute) = self.tokens.tag.attribute(bytes, name).filter(|_| fits(name)) {
                out.push(b" ");
                out.push(name);
                out.push(b"=");
                out.push(&bytes[attribute.quoted()]);
            }
        }
        out.push(b">");
        let (head, payload) = (out.unfinished().len(), Payload::TooLarge);
        Open::Skip(Step::Collected { kind, head, payload })
    }

    /// A start tag within a stanza.
    fn element(&mut self, bytes: &[u8]) -> Result<(), Flaw> {
        if matches!(self.open, Open::Skip(_)) {
            let name = tag::name(bytes);
            self.scope.enter(name)?;
            return if tag::is_empty(bytes) { self.scope.close(name) } else { Ok(()) };
        }
        self.tokens.take_apart(bytes)?;
        let tag = &self.tokens.tag;
        let checked = self.scope.open(bytes, tag);
        if tag.empty && !matches!(checked, Err(Flaw::Fatal(_))) {
            self.scope.close(tag.name(bytes))?;
        }
        checked
    }

    fn check(&self, bytes: &[u8], rule: fn(&[u8]) -> Result<(), Flaw>) -> Result<(), Flaw> {
        if matches!(self.open, Open::Skip(_)) { Ok(()) } else { rule(bytes) }
    }

    /// Stops copying what has become too large, `more` bytes of it being still in the input.
    fn bound(&mut self, more: usize, out: &mut Output) {
        let size = out.unfinished().len() + more;
        let depth = self.scope.depth();
        match self.open {
            Open::Echo { .. } if size > self.limit => {
                self.refuse(Bounce::TooLarge(self.limit), Payload::TooLarge, out);
            }
            Open::Collect { head, .. } if size - head > COLLECTED || depth > COLLECTED_DEPTH => {
                self.refuse(Bounce::Unfit, Payload::TooLarge, out);
            }
            _ => {}
        }
    }

    /// Cuts what is copied back to its start tag, which tells whom to answer, and passes over the
    /// rest.
    fn refuse(&mut self, bounce: Bounce, payload: Payload, out: &mut Output) {
        let (head, step) = match self.open {
            Open::Echo { head: Head { length: head, .. }, .. } => {
                (head, Step::Refused { head, bounce })
            }
            Open::Collect { kind, head } => (head, Step::Collected { kind, head, payload }),
            Open::Skip(_) => return,
        };
        out.cut_back(head);
        self.open = Open::Skip(step);
    }

    /// The end of a top-level element.
    fn finish(&mut self) -> Step {
        self.tokens.tag.forget();
        match std::mem::replace(&mut self.open, Open::Skip(Step::Unknown)) {
            Open::Echo { head, .. } => Step::Echo(head),
            Open::Collect { kind, head } => Step::Collected { kind, head, payload: Payload::Whole },
            Open::Skip(step) => step,
        }
    }
}

/// Text there means nothing, but what is wrong with it can be told to nobody but the server.
#[cold]
fn between_stanzas(token: Token) -> Result<(), Flaw> {
    let checked = match token {
        Token::Text(bytes) => wellformed::text(bytes),
        Token::CData(bytes) | Token::Start(bytes) | Token::End(bytes) => {
            wellformed::characters(bytes)
        }
    };
    checked.map_err(|flaw| if flaw == Flaw::Unfit { MALFORMED } else { flaw })
}

fn split(name: &[u8]) -> (Option<&[u8]>, &[u8]) {
    memchr(b':', name).map_or((None, name), |at| (Some(&name[..at]), &name[at + 1..]))
}

fn end_name(bytes: &[u8]) -> &[u8] {
    tag::trim_end(&bytes[2..bytes.len() - 1])
}

/// The server's stream header may have named the stream's namespace as it liked.
fn is_footer(bytes: &[u8]) -> bool {
    let name = end_name(bytes);
    wellformed::qualified_name(name).is_ok() && split(name).1 == b"stream"
}

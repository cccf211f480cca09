//! The mirror: bytes of the server's stream in, echoes out.
//!
//! Messages are not parsed into anything. A start tag is rewritten with `from` and `to` traded (see
//! `head`), what follows is copied byte for byte while it is checked, and the echo goes out when the
//! stanza is whole, or is cut back. Presence, IQ and stream errors are collected in the same place
//! and handed on. Nothing here does I/O, knows a clock or logs.

use xmpp_parsers::ns;

use crate::component::address::Domain;
use crate::component::head::{KEPT, Open, Start};
use crate::component::outbox::Output;
use crate::component::step::{Bounce, Kind, Missing, Silence, Step};
use crate::xml::elements::Scope;
use crate::xml::error::Fault;
use crate::xml::frame::{Begun, LONGEST, Token, Tokenizer};
use crate::xml::tag;
use crate::xml::text::{self, Flaw};

/// The most that is collected of a presence or IQ, in bytes, and how deep: it becomes a tree, which
/// is walked recursively.
const COLLECTED: usize = 64 << 10;
const COLLECTED_DEPTH: usize = 64;

/// The namespaces that a stanza may be in. jabberd2 puts those for a component in `jabber:client`.
const STANZAS: [&[u8]; 3] =
    [ns::COMPONENT.as_bytes(), ns::JABBER_CLIENT.as_bytes(), b"jabber:server"];

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
            let top = self.scope.depth() == 0;
            if top {
                // RFC 6120 §4.6.1: white space between stanzas keeps connections alive.
                at += input[at..].iter().take_while(|&&byte| tag::is_blank(byte)).count();
                kept = at;
            }
            let Some(token) = self.tokens.next(&input[at..])? else {
                let passed = self.unfinished(&input[kept..], at - kept, out);
                return Ok((at + passed.map_err(Flaw::fault)?, Step::Hungry));
            };
            let end = at + token.size();
            if top {
                kept = end;
            } else if !matches!(token, Token::End(_)) {
                // What is too large is not looked at, however much there is in it.
                self.bound(end - kept, out);
            }
            let flaw = match token {
                Token::Start(bytes) if top => self.begin(bytes, out),
                Token::Start(bytes) => self.element(bytes),
                Token::Text(_) | Token::CData(_) if top => between_stanzas(token, self.longest()),
                Token::Text(bytes) => match self.check(bytes, text::text) {
                    Ok(()) => {
                        at = end; // Nothing ends with it.
                        continue;
                    }
                    flaw => flaw,
                },
                Token::CData(bytes) => self.check(bytes, text::characters),
                Token::End(bytes) if top => {
                    return is_footer(bytes)
                        .then_some((end, Step::Footer))
                        .ok_or(Fault::NotWellFormed);
                }
                Token::End(bytes) => {
                    bounded(bytes, self.longest()).and_then(|()| self.scope.close(end_name(bytes)))
                }
                Token::Rest(bytes) if tag::is_empty(bytes) => self.scope.close_innermost(),
                Token::Rest(_) => Ok(()),
            };
            match flaw {
                Ok(()) => {}
                Err(Flaw::Fatal(fault)) => return Err(fault),
                Err(Flaw::Unfit) => self.refuse(Bounce::Unfit, Missing::Unfit, out),
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

    /// What is done when no more tokens are whole: of `input`, `at` bytes are, and the rest is one that
    /// has begun. Says how much of that need not come again.
    // Not in the loop over tokens, which needs the registers.
    #[inline(never)]
    fn unfinished(&mut self, input: &[u8], at: usize, out: &mut Output) -> Result<usize, Flaw> {
        let (whole, rest) = input.split_at(at);
        let begun = self.tokens.begun(rest);
        let top = self.scope.depth() == 0;
        let longest = self.longest();
        if top && begun == Begun::Start && rest.len() > longest {
            self.open = too_long_to_read(rest);
        } else if top || begun == Begun::Other {
            bounded(rest, longest)?;
        } else {
            self.bound(input.len(), out);
        }
        if !matches!(self.open, Open::Skip(_)) {
            out.push(whole);
            return Ok(0);
        }
        if top && rest.len() <= longest {
            return Ok(0);
        }
        if begun == Begun::Start && !self.tokens.is_passing() {
            self.enter(tag::name(rest))?;
        }
        Ok(self.tokens.pass(rest))
    }

    /// The longest token that is waited for, in bytes.
    fn longest(&self) -> usize {
        self.limit.max(LONGEST)
    }

    /// A top-level start tag.
    fn begin(&mut self, bytes: &[u8], out: &mut Output) -> Result<(), Flaw> {
        if bytes.len() > self.longest() {
            self.open = too_long_to_read(bytes);
            return self.pass_over(bytes);
        }
        if bytes.len() > self.limit {
            let (prefix, _) = tag::split(tag::name(bytes));
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
        let start = Start { bytes, tag, domain: &self.domain, limit: self.limit };
        self.open = match local {
            b"message" if stanza => start.message(out),
            b"presence" if stanza => start.collect(Kind::Presence, out),
            b"iq" if stanza => start.collect(Kind::Iq, out),
            b"error" if namespace == ns::STREAM.as_bytes() => start.collect(Kind::StreamError, out),
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

    /// A start tag within a stanza.
    fn element(&mut self, bytes: &[u8]) -> Result<(), Flaw> {
        if matches!(self.open, Open::Skip(_)) {
            return self.pass_over(bytes);
        }
        self.tokens.take_apart(bytes)?;
        let tag = &self.tokens.tag;
        let checked = self.scope.open(bytes, tag);
        if tag.empty && !matches!(checked, Err(Flaw::Fatal(_))) {
            self.scope.close(tag.name(bytes))?;
        }
        checked
    }

    #[cold]
    fn pass_over(&mut self, bytes: &[u8]) -> Result<(), Flaw> {
        self.enter(tag::name(bytes))?;
        if tag::is_empty(bytes) { self.scope.close_innermost() } else { Ok(()) }
    }

    #[cold]
    fn enter(&mut self, name: &[u8]) -> Result<(), Flaw> {
        bounded(name, self.longest())?;
        self.scope.enter(name)
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
                self.refuse(Bounce::TooLarge(self.limit), Missing::TooLarge, out);
            }
            Open::Collect { head, .. } if size - head > COLLECTED || depth > COLLECTED_DEPTH => {
                self.refuse(Bounce::Unfit, Missing::TooLarge, out);
            }
            _ => {}
        }
    }

    /// Cuts what is copied back to its start tag, which tells whom to answer, and passes over the
    /// rest.
    #[cold]
    fn refuse(&mut self, bounce: Bounce, missing: Missing, out: &mut Output) {
        let (head, step) = match self.open {
            Open::Echo { head, .. } => (head.length, Step::Refused { head, bounce }),
            Open::Collect { kind, head } => {
                (head, Step::Collected { kind, head, missing: Some(missing) })
            }
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
            Open::Collect { kind, head } => Step::Collected { kind, head, missing: None },
            Open::Skip(step) => step,
        }
    }
}

/// Text there means nothing, but what is wrong with it can be told to nobody but the server.
#[cold]
fn between_stanzas(token: Token, longest: usize) -> Result<(), Flaw> {
    bounded(token.bytes(), longest)?;
    let checked = match token {
        Token::Text(bytes) => text::text(bytes),
        _ => text::characters(token.bytes()),
    };
    checked.map_err(|flaw| Flaw::Fatal(flaw.fault()))
}

/// What is not passed over: end tags, names, and what stands between stanzas.
fn bounded(token: &[u8], longest: usize) -> Result<(), Flaw> {
    if token.len() > longest { Err(Flaw::Fatal(Fault::PolicyViolation)) } else { Ok(()) }
}

/// A stanza whose start tag is too long to look for its addresses.
#[cold]
fn too_long_to_read(tag: &[u8]) -> Open {
    match tag::split(tag::name(tag)).1 {
        b"message" => Open::Skip(Step::Ignored(Silence::Unanswerable)),
        _ => Open::Skip(Step::Unknown),
    }
}

fn end_name(bytes: &[u8]) -> &[u8] {
    tag::trim_end(&bytes[2..bytes.len() - 1])
}

/// The server's stream header may have named the stream's namespace as it liked.
fn is_footer(bytes: &[u8]) -> bool {
    let name = end_name(bytes);
    text::qualified_name(name).is_ok() && tag::split(name).1 == b"stream"
}

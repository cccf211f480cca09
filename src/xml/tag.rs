//! A start tag, taken apart in one pass over the slice that holds it. Nothing is copied.
//!
//! All of the tag is checked here, and nothing of what is inside its element.

use std::ops::Range;

use memchr::memchr;

use crate::xml::attributes::{Attribute, Named, Usual, all_differ};
use crate::xml::error::Fault::{self, NotWellFormed};
use crate::xml::names::name;
use crate::xml::namespaces::{Bindings, may_be_default, may_be_reserved};
use crate::xml::scan::{BLANK, is, plain_value, run};
use crate::xml::text::value;

/// Room for so many attributes is kept from tag to tag.
const KEPT: usize = 256;

/// Tags of fewer bytes are short, and need nothing behind them (see the outbox's `pad`): they are rarely
/// cut in two, and what comes next ends the wait for those that are.
pub const SHORT_TAG: usize = 240;

/// How attributes with usual names begin, as numbers: one look tells which it may be.
const FROM: u32 = u32::from_be_bytes(*b" fro");
const TO: u32 = u32::from_be_bytes(*b" to=");
const ID: u32 = u32::from_be_bytes(*b" id=");
const TYPE: u32 = u32::from_be_bytes(*b" typ");
const XML: u32 = u32::from_be_bytes(*b" xml");

/// A start tag. One value serves for tag after tag, so that its memory is reused.
#[derive(Debug, Default)]
pub struct Tag {
    start: usize,
    local: usize,
    name_end: usize,
    /// Where the tag ends.
    pub end: usize,
    /// Whether the element ends with it.
    pub is_empty: bool,
    /// The attributes with a usual name, and a bit for each that there is.
    usual: [Attribute; Usual::COUNT],
    there: u8,
    /// All other attributes, in their order.
    pub others: Vec<Named>,
}

impl Tag {
    /// The attribute of that name.
    #[inline]
    pub fn get(&self, name: Usual) -> Option<&Attribute> {
        (self.there & name.bit() != 0).then(|| &self.usual[name as usize])
    }

    /// The attribute with that qualified name.
    pub fn attribute(&self, s: &[u8], name: &[u8]) -> Option<&Attribute> {
        match Usual::by_name(name) {
            Some(usual) => self.get(usual),
            None => self.others.iter().find(|it| it.name(s) == name).map(|it| &it.attribute),
        }
    }

    /// The element's name without its prefix.
    pub fn local_name<'a>(&self, s: &'a [u8]) -> &'a [u8] {
        &s[self.local..self.name_end]
    }

    /// Where the prefix of the element's name is, with its colon; empty if it has none.
    #[inline]
    pub fn prefix_range(&self) -> Range<usize> {
        self.start..self.local
    }

    /// The prefix of the element's name, if it has one.
    pub fn prefix<'a>(&self, s: &'a [u8]) -> Option<&'a [u8]> {
        (self.local > self.start).then(|| &s[self.start..self.local - 1])
    }

    /// Takes the tag apart whose name is in these places, and says whether it may be sent on. What it
    /// declares is in `bindings` once all of it is there.
    ///
    /// # Errors
    /// If it is no start tag by XML 1.0 §3.1, or not all there, see [`Judge`](crate::xml::judge::Judge).
    #[inline(never)]
    pub fn read(
        &mut self,
        s: &[u8],
        (start, local, name_end): (usize, usize, usize),
        bindings: &mut Bindings,
    ) -> Result<bool, Fault> {
        (self.start, self.local, self.name_end) = (start, local, name_end);
        self.others.clear();
        let (mut at, mut is_fit) = (self.read_usual(s, name_end), true);
        (self.end, self.is_empty) = loop {
            let next = run(s, at, BLANK);
            if let Some(end) = close(s, next) {
                break end;
            }
            if next == at {
                return Err(NotWellFormed); // no white space before it
            }
            let (named, is_good) = attribute(s, next)?;
            is_fit &= is_good & self.add(s, named)?;
            at = self.go_on(s, named.attribute.quoted().end);
        };
        if local > start || !self.others.is_empty() {
            is_fit &= self.others_fit(s, bindings)?;
        }
        Ok(is_fit)
    }

    /// Begins to take in attributes behind a name, as long as they are as servers write them. Says where
    /// those end.
    #[inline]
    pub fn read_usual(&mut self, s: &[u8], name_end: usize) -> usize {
        self.there = 0;
        self.go_on(s, name_end)
    }

    #[inline]
    fn go_on(&mut self, s: &[u8], from: usize) -> usize {
        let mut at = from;
        while s.get(at) == Some(&b' ')
            && let Some(end) = self.usual(s, at)
        {
            at = end;
        }
        at
    }

    /// Takes in the attribute behind `at` and says where it ends, if it is as servers write them.
    #[expect(
        clippy::inline_always,
        reason = "calls cost a third of it, for each attribute there is"
    )]
    #[inline(always)]
    fn usual(&mut self, s: &[u8], at: usize) -> Option<usize> {
        let rest = s.get(at..)?;
        let (name, length) = match u32::from_be_bytes(*rest.first_chunk()?) {
            XML if rest.starts_with(b" xmlns='") => (Usual::Xmlns, 8),
            XML if rest.starts_with(b" xml:lang='") => (Usual::Lang, 11),
            ID if rest.starts_with(b" id='") => (Usual::Id, 5),
            TO if rest.starts_with(b" to='") => (Usual::To, 5),
            FROM if rest.starts_with(b" from='") => (Usual::From, 7),
            TYPE if rest.starts_with(b" type='") => (Usual::Type, 7),
            _ => return None,
        };
        let value = at + length;
        let end = plain_value(s, value, b'\'');
        let is_twice = self.there & name.bit() != 0;
        let is_reserved = name == Usual::Xmlns && may_be_reserved(end - value);
        if is_twice || is_reserved || *s.get(end)? != b'\'' {
            return None;
        }
        self.there |= name.bit();
        self.usual[name as usize] = Attribute::new(at + 1, value..end, true);
        Some(end + 1)
    }

    #[inline(never)]
    fn add(&mut self, s: &[u8], named: Named) -> Result<bool, Fault> {
        let Some(name) = Usual::by_name(named.name(s)) else {
            self.others.push(named);
            return Ok(true);
        };
        if self.there & name.bit() != 0 {
            return Err(NotWellFormed); // XML 1.0 §3.1, "Unique Att Spec"
        }
        self.there |= name.bit();
        self.usual[name as usize] = named.attribute;
        Ok(name != Usual::Xmlns || may_be_default(s, &named.attribute))
    }

    /// Takes in what a tag with unusual names declares, and says whether it needs no other prefix and
    /// has each attribute once. What is usual is not compared with the rest: it has other names, and
    /// no prefix but `xml`, whose namespace no other may have.
    #[inline(never)]
    fn others_fit(&self, s: &[u8], bindings: &mut Bindings) -> Result<bool, Fault> {
        let mut is_fit = true;
        for it in &self.others {
            if it.prefix(s) == Some(b"xmlns") {
                is_fit &= bindings.declare(s, it);
            }
        }
        let used = self.others.iter().filter_map(|it| it.prefix(s)).filter(|it| it != b"xmlns");
        is_fit &= self.prefix(s).into_iter().chain(used).all(|it| bindings.is_declared(s, it));
        Ok(is_fit & all_differ(s, &self.others, bindings)?)
    }

    /// Gives back what an unusual tag took.
    pub fn forget(&mut self) {
        self.others.clear();
        self.others.shrink_to(KEPT);
    }
}

/// Where a tag ends if it ends at that place, and whether its element does.
#[inline]
pub fn close(s: &[u8], at: usize) -> Option<(usize, bool)> {
    match s.get(at..)? {
        [b'>', ..] => Some((at + 1, false)),
        [b'/', b'>', ..] => Some((at + 2, true)),
        _ => None,
    }
}

/// The attribute that begins there, whatever way it is written, and whether its value may be sent on.
#[inline(never)]
fn attribute(s: &[u8], at: usize) -> Result<(Named, bool), Fault> {
    let (name_end, local) = name(s, at)?;
    let equals = run(s, name_end, BLANK);
    if *s.get(equals).ok_or(NotWellFormed)? != b'=' {
        return Err(NotWellFormed);
    }
    let open = run(s, equals + 1, BLANK);
    let quote = *s.get(open).ok_or(NotWellFormed)?;
    if !matches!(quote, b'\'' | b'"') {
        return Err(NotWellFormed);
    }
    let start = open + 1;
    let mut end = plain_value(s, start, quote);
    let plain = *s.get(end).ok_or(NotWellFormed)? == quote;
    let mut is_good = true;
    if !plain {
        end += memchr(quote, &s[end..]).ok_or(NotWellFormed)?;
        is_good = value(&s[start..end])?;
    }
    let named = Named::new(local..name_end, Attribute::new(at, start..end, plain));
    Ok((named, is_good))
}

/// Where an end tag ends that has blanks in it, or is another's.
///
/// # Errors
/// If it is another's, or not all there.
#[cold]
pub fn odd_end_tag(s: &[u8], at: usize, name: &[u8]) -> Result<usize, Fault> {
    let end = at + memchr(b'>', &s[at..]).ok_or(NotWellFormed)?;
    let given = &s[at + 2..end];
    match given.strip_prefix(name) {
        Some(blanks) if blanks.iter().all(|&byte| is(byte, BLANK)) => Ok(end + 1),
        _ => Err(NotWellFormed),
    }
}

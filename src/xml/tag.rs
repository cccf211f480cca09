//! A start tag, taken apart in one pass over the slice that holds it. Nothing is copied.
//!
//! What it says is checked here, but for what is inside its element.

use std::ops::Range;

use memchr::memchr;

use crate::xml::attributes::{Attribute, Usual, all_differ};
use crate::xml::error::{BROKEN, Stop, fit};
use crate::xml::names::name;
use crate::xml::namespaces::Bindings;
use crate::xml::scan::{BLANK, is, plain_value, run};
use crate::xml::text::value;

/// Room for so many attributes is kept from tag to tag.
const KEPT: usize = 256;

/// Tags of fewer bytes are short. They are rarely cut in two, and what comes next will help those that
/// are.
pub const SHORT_TAG: usize = 240;

const USUAL: usize = 6;

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
    /// The attributes, in their order.
    pub attributes: Vec<Attribute>,
    /// Which of them have a usual name, counted from 1.
    usual: [usize; USUAL],
}

impl Tag {
    /// The attribute of that name.
    #[inline]
    pub fn get(&self, name: Usual) -> Option<&Attribute> {
        self.attributes.get(self.usual[name as usize].wrapping_sub(1))
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

    /// Where the element's name ends.
    pub fn name_end(&self) -> usize {
        self.name_end
    }

    /// Takes the tag apart whose name is in these places, and says whether it may be sent on. What it
    /// declares is in `bindings` afterwards, even of a tag that is not all there.
    ///
    /// # Errors
    /// If it is no start tag by XML 1.0 §3.1, or not all there.
    #[inline(never)]
    pub fn read(
        &mut self,
        s: &[u8],
        (start, local, name_end): (usize, usize, usize),
        bindings: &mut Bindings,
    ) -> Result<bool, Stop> {
        (self.start, self.local, self.name_end) = (start, local, name_end);
        self.attributes.clear();
        self.usual = [0; USUAL];
        let mut look = Look { fit: true, prefixed: local > start, ..Look::default() };
        let mut at = name_end;
        loop {
            if let Some((usual, attribute)) = usual(s, at) {
                at = attribute.quoted().end;
                self.add_usual(s, usual, attribute, &mut look, bindings);
                continue;
            }
            at = match next(s, at)? {
                Next::End { end, is_empty } => {
                    (self.end, self.is_empty) = (end, is_empty);
                    break;
                }
                Next::Attribute { attribute, fit } => {
                    look.fit &= fit;
                    self.add(s, attribute, &mut look, bindings);
                    attribute.quoted().end
                }
            };
        }
        if look.prefixed {
            look.fit &= self.prefixes_declared(s, bindings);
        }
        if look.twice || look.prefixes > 1 {
            look.fit &= all_differ(s, &self.attributes, bindings)?;
        }
        Ok(look.fit)
    }

    #[inline]
    fn add_usual(
        &mut self,
        s: &[u8],
        name: Usual,
        attribute: Attribute,
        look: &mut Look,
        bindings: &mut Bindings,
    ) {
        self.attributes.push(attribute);
        let place = &mut self.usual[name as usize];
        look.twice |= *place != 0;
        *place = self.attributes.len();
        match name {
            Usual::Lang => look.prefixes += 1,
            Usual::Xmlns => look.fit &= bindings.declare(s, &attribute),
            _ => {}
        }
    }

    #[inline(never)]
    fn add(&mut self, s: &[u8], attribute: Attribute, look: &mut Look, bindings: &mut Bindings) {
        if let Some(usual) = attribute.usual {
            return self.add_usual(s, usual, attribute, look, bindings);
        }
        let name = attribute.name(s);
        self.attributes.push(attribute);
        if name.starts_with(b"xmlns:") {
            look.fit &= bindings.declare(s, &attribute);
        } else {
            look.prefixed |= attribute.has_prefix();
        }
        look.prefixes += usize::from(attribute.has_prefix());
        // Two names of one length and beginning may be the same; others are not.
        let bit = 1_u64 << ((usize::from(name[0]) + 3 * name.len()) % 64);
        look.twice |= look.seen & bit != 0;
        look.seen |= bit;
    }

    #[inline(never)]
    fn prefixes_declared(&self, s: &[u8], bindings: &Bindings) -> bool {
        self.prefix(s).is_none_or(|prefix| bindings.is_declared(s, prefix))
            && self
                .attributes
                .iter()
                .filter(|it| it.has_prefix() && it.prefix(s) != b"xmlns")
                .all(|it| bindings.is_declared(s, it.prefix(s)))
    }

    /// Gives back what an unusual tag took.
    pub fn forget(&mut self) {
        if self.attributes.capacity() > KEPT {
            self.attributes.clear();
            self.attributes.shrink_to(KEPT);
        }
    }
}

/// What is to be known of a tag's attributes together.
#[derive(Default)]
struct Look {
    fit: bool,
    /// A name has a prefix that must be declared.
    prefixed: bool,
    /// How many attributes have a prefix.
    prefixes: usize,
    /// Bits for the lengths and beginnings of names.
    seen: u64,
    /// Two may have the same name.
    twice: bool,
}

/// The attribute behind `at`, if it is as servers write them.
#[inline]
fn usual(s: &[u8], at: usize) -> Option<(Usual, Attribute)> {
    let rest = s.get(at..)?;
    let (name, length, prefix) = match *rest.get(1)? {
        b'x' if rest.starts_with(b" xmlns='") => (Usual::Xmlns, 8, 0),
        b'x' if rest.starts_with(b" xml:lang='") => (Usual::Lang, 11, 4),
        b'f' if rest.starts_with(b" from='") => (Usual::From, 7, 0),
        b't' if rest.starts_with(b" to='") => (Usual::To, 5, 0),
        b't' if rest.starts_with(b" type='") => (Usual::Type, 7, 0),
        b'i' if rest.starts_with(b" id='") => (Usual::Id, 5, 0),
        _ => return None,
    };
    let value = at + length;
    let value_end = plain_value(s, value, b'\'');
    let (start, name_end) = (at + 1, value - 2);
    let places = (start, start + prefix, name_end);
    let attribute = Attribute::new(places, value..value_end, true, Some(name));
    (s.get(value_end) == Some(&b'\'')).then_some((name, attribute))
}

fn by_name(name: &[u8]) -> Option<Usual> {
    Some(match name {
        b"from" => Usual::From,
        b"to" => Usual::To,
        b"id" => Usual::Id,
        b"type" => Usual::Type,
        b"xmlns" => Usual::Xmlns,
        b"xml:lang" => Usual::Lang,
        _ => return None,
    })
}

enum Next {
    Attribute { attribute: Attribute, fit: bool },
    End { end: usize, is_empty: bool },
}

/// What comes next in a tag.
#[inline]
fn next(s: &[u8], at: usize) -> Result<Next, Stop> {
    match s.get(at) {
        Some(b'>') => Ok(Next::End { end: at + 1, is_empty: false }),
        _ => odd_next(s, at),
    }
}

/// The same, whatever way it is written.
#[inline(never)]
fn odd_next(s: &[u8], from: usize) -> Result<Next, Stop> {
    let at = run(s, from, BLANK);
    match *s.get(at).ok_or(Stop::RanOut)? {
        b'>' => return Ok(Next::End { end: at + 1, is_empty: false }),
        b'/' => {
            return match s.get(at + 1) {
                Some(b'>') => Ok(Next::End { end: at + 2, is_empty: true }),
                Some(_) => Err(BROKEN),
                None => Err(Stop::RanOut),
            };
        }
        _ if at == from => return Err(BROKEN), // no white space before it
        _ => {}
    }
    let (name_end, local) = name(s, at)?;
    let equals = run(s, name_end, BLANK);
    if *s.get(equals).ok_or(Stop::RanOut)? != b'=' {
        return Err(BROKEN);
    }
    let open = run(s, equals + 1, BLANK);
    let quote = *s.get(open).ok_or(Stop::RanOut)?;
    if !matches!(quote, b'\'' | b'"') {
        return Err(BROKEN);
    }
    let start = open + 1;
    let mut end = plain_value(s, start, quote);
    let plain = *s.get(end).ok_or(Stop::RanOut)? == quote;
    let mut good = true;
    if !plain {
        end += memchr(quote, &s[end..]).ok_or(Stop::RanOut)?;
        good = fit(value(&s[start..end]))?;
    }
    let usual = by_name(&s[at..name_end]);
    let attribute = Attribute::new((at, local, name_end), start..end, plain, usual);
    Ok(Next::Attribute { attribute, fit: good })
}

/// Where an end tag ends that has blanks in it, or is another's.
///
/// # Errors
/// If it is another's, or not all there.
#[cold]
pub fn odd_end_tag(s: &[u8], at: usize, name: &[u8]) -> Result<usize, Stop> {
    let end = at + memchr(b'>', &s[at..]).ok_or(Stop::RanOut)?;
    let given = &s[at + 2..end];
    match given.strip_prefix(name) {
        Some(blanks) if blanks.iter().all(|&byte| is(byte, BLANK)) => Ok(end + 1),
        _ => Err(BROKEN),
    }
}

//! Where an attribute stands, and that none comes twice in a tag: by name (XML 1.0 §3.1), which is
//! fatal, and by namespace (Namespaces in XML §6.3), which is not.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use crate::xml::error::Fault::{self, NotWellFormed};
use crate::xml::namespaces::Bindings;
use crate::xml::text::normalized;

/// A place in a slice. Elements are far below 4 GiB: what is larger is passed over.
#[expect(clippy::cast_possible_truncation, reason = "see above")]
#[inline]
pub fn place(at: usize) -> u32 {
    at as u32
}

/// The names that nearly all attributes have. A server writes them so often that they are recognised
/// as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the name it says")]
pub enum Usual {
    From,
    To,
    Id,
    Type,
    Xmlns,
    Lang,
}

impl Usual {
    /// How many there are.
    pub const COUNT: usize = 6;

    /// That of this qualified name, if it has one.
    pub fn by_name(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"from" => Self::From,
            b"to" => Self::To,
            b"id" => Self::Id,
            b"type" => Self::Type,
            b"xmlns" => Self::Xmlns,
            b"xml:lang" => Self::Lang,
            _ => return None,
        })
    }

    /// A bit of its own.
    #[inline]
    pub fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// Where an attribute stands, but for its name's end.
#[derive(Debug, Clone, Copy, Default)]
pub struct Attribute {
    start: u32,
    value: u32,
    value_end: u32,
    /// Whether the value is known to be good, and to be written as a parser reports it.
    pub plain: bool,
}

impl Attribute {
    /// One whose name begins at `start`, with a value in that place.
    #[inline]
    pub fn new(start: usize, value: Range<usize>, plain: bool) -> Self {
        let [start, value, value_end] = [start, value.start, value.end].map(place);
        Self { start, value, value_end, plain }
    }

    /// Where its name begins.
    pub fn start(&self) -> usize {
        self.start as usize
    }

    /// Where its value is, without quotes.
    #[inline]
    pub fn value(&self) -> Range<usize> {
        self.value as usize..self.value_end as usize
    }

    /// Where its value is, with quotes.
    #[inline]
    pub fn quoted(&self) -> Range<usize> {
        self.value as usize - 1..self.value_end as usize + 1
    }

    /// The value as a parser reports it, or nothing if XML forbids it.
    pub fn text<'a>(&self, s: &'a [u8]) -> Option<Cow<'a, str>> {
        normalized(&s[self.value()])
    }

    /// Whether `holds` of the value as a parser reports it.
    #[inline]
    pub fn is(&self, s: &[u8], holds: impl FnOnce(&[u8]) -> bool) -> bool {
        if self.plain {
            holds(&s[self.value()])
        } else {
            self.text(s).is_some_and(|value| holds(value.as_bytes()))
        }
    }
}

/// An attribute with an unusual name.
#[derive(Debug, Clone, Copy)]
pub struct Named {
    local: u32,
    name_end: u32,
    /// Where it stands.
    pub attribute: Attribute,
}

impl Named {
    /// One whose name has its local part in that place.
    pub fn new(local: Range<usize>, attribute: Attribute) -> Self {
        Self { local: place(local.start), name_end: place(local.end), attribute }
    }

    /// The qualified name.
    pub fn name<'a>(&self, s: &'a [u8]) -> &'a [u8] {
        &s[self.attribute.start()..self.name_end as usize]
    }

    /// The name without its prefix.
    pub fn local_name<'a>(&self, s: &'a [u8]) -> &'a [u8] {
        &s[self.local as usize..self.name_end as usize]
    }

    /// The prefix that its name has.
    pub fn prefix<'a>(&self, s: &'a [u8]) -> Option<&'a [u8]> {
        let (start, local) = (self.attribute.start(), self.local as usize);
        (local > start).then(|| &s[start..local - 1])
    }
}

/// Up to so many attributes are compared each with each; more are hashed.
const FEW: usize = 12;

/// Compares all the attributes of a tag, and says whether they differ by namespace.
///
/// # Errors
/// If two have the same name.
pub fn all_differ(s: &[u8], attributes: &[Named], bindings: &Bindings) -> Result<bool, Fault> {
    if attributes.len() > FEW {
        return many_differ(s, attributes, bindings);
    }
    let mut differ = true;
    for (nth, a) in attributes.iter().enumerate() {
        for b in &attributes[..nth] {
            if a.name(s) == b.name(s) {
                return Err(NotWellFormed);
            }
            differ &= match (a.prefix(s), b.prefix(s)) {
                (Some(one), Some(other)) if a.local_name(s) == b.local_name(s) => {
                    bindings.namespace(s, one) != bindings.namespace(s, other)
                }
                _ => true,
            };
        }
    }
    Ok(differ)
}

fn many_differ(s: &[u8], attributes: &[Named], bindings: &Bindings) -> Result<bool, Fault> {
    let mut names = HashSet::with_capacity(attributes.len());
    if !attributes.iter().all(|it| names.insert(it.name(s))) {
        return Err(NotWellFormed);
    }
    let prefixed = attributes.iter().filter_map(|it| Some((it.prefix(s)?, it.local_name(s))));
    let mut expanded = HashSet::new();
    let mut all = prefixed.map(|(prefix, local)| (bindings.namespace(s, prefix), local));
    Ok(all.all(|name| expanded.insert(name)))
}

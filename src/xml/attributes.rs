//! Where an attribute stands, and that none comes twice in a tag: by name (XML 1.0 §3.1), which is
//! fatal, and by namespace (Namespaces in XML §6.3), which is not.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use crate::xml::error::{BROKEN, Stop};
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

/// Where an attribute stands.
#[derive(Debug, Clone, Copy)]
pub struct Attribute {
    start: u32,
    local: u32,
    name_end: u32,
    value: u32,
    value_end: u32,
    /// Whether the value is known to be good, and what a parser reports.
    pub plain: bool,
    /// Which usual name it has.
    pub usual: Option<Usual>,
}

impl Attribute {
    /// One in these places; `local` is where the local part of its name begins.
    #[inline]
    pub fn new(
        (start, local, name_end): (usize, usize, usize),
        value: Range<usize>,
        plain: bool,
        usual: Option<Usual>,
    ) -> Self {
        let (value, value_end) = (place(value.start), place(value.end));
        let [start, local, name_end] = [start, local, name_end].map(place);
        Self { start, local, name_end, value, value_end, plain, usual }
    }

    /// Where its name is.
    pub fn name_range(&self) -> Range<usize> {
        self.start as usize..self.name_end as usize
    }

    /// The qualified name.
    pub fn name<'a>(&self, s: &'a [u8]) -> &'a [u8] {
        &s[self.name_range()]
    }

    /// The name without its prefix.
    pub fn local_name<'a>(&self, s: &'a [u8]) -> &'a [u8] {
        &s[self.local as usize..self.name_end as usize]
    }

    /// Whether its name has a prefix.
    #[inline]
    pub fn has_prefix(&self) -> bool {
        self.local > self.start
    }

    /// The prefix that it has.
    pub fn prefix<'a>(&self, s: &'a [u8]) -> &'a [u8] {
        &s[self.start as usize..(self.local as usize).saturating_sub(1)]
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

/// Up to so many attributes are compared each with each; more are hashed.
const FEW: usize = 12;

/// Compares all the attributes of a tag, and says whether they differ by namespace.
///
/// # Errors
/// If two have the same name.
pub fn all_differ(s: &[u8], attributes: &[Attribute], bindings: &Bindings) -> Result<bool, Stop> {
    if attributes.len() > FEW {
        return many_differ(s, attributes, bindings);
    }
    let mut differ = true;
    for (nth, a) in attributes.iter().enumerate() {
        for b in &attributes[..nth] {
            if a.name(s) == b.name(s) {
                return Err(BROKEN);
            }
            differ &= !(a.has_prefix()
                && b.has_prefix()
                && a.local_name(s) == b.local_name(s)
                && bindings.namespace(s, a) == bindings.namespace(s, b));
        }
    }
    Ok(differ)
}

fn many_differ(s: &[u8], attributes: &[Attribute], bindings: &Bindings) -> Result<bool, Stop> {
    let mut names = HashSet::with_capacity(attributes.len());
    if !attributes.iter().all(|it| names.insert(it.name(s))) {
        return Err(BROKEN);
    }
    let mut expanded = HashSet::new();
    let mut prefixed = attributes.iter().filter(|it| it.has_prefix());
    Ok(prefixed.all(|it| expanded.insert((bindings.namespace(s, it), it.local_name(s)))))
}

//! That no attribute comes twice in a tag: by name (XML 1.0 §3.1), which is fatal, and by namespace
//! (Namespaces in XML §6.3), which is not.

use std::collections::HashSet;

use memchr::memchr;

use crate::xml::namespaces::Prefixes;
use crate::xml::tag::Attribute;
use crate::xml::text::{Flaw, MALFORMED};

/// Up to so many attributes are compared each with each; more are hashed.
const FEW: usize = 12;

/// A quick look at whether a tag's attributes differ in name, so that few are compared.
#[derive(Debug)]
pub struct Names {
    /// Bits for the lengths and beginnings seen.
    seen: u64,
    prefixed: bool,
    /// No two begin alike with the same length, and at most one could be the same by namespace.
    pub all_differ: bool,
}

impl Default for Names {
    fn default() -> Self {
        Self { seen: 0, prefixed: false, all_differ: true }
    }
}

impl Names {
    /// Takes a name in.
    pub fn add(&mut self, name: &[u8], prefixed: bool) {
        let first = name.first().map_or(0, |&first| usize::from(first));
        let bit = 1 << ((first + 3 * name.len()) % 64);
        self.all_differ &= self.seen & bit == 0 && !(self.prefixed && prefixed);
        self.seen |= bit;
        self.prefixed |= prefixed;
    }
}

/// Compares all the attributes of a tag.
///
/// # Errors
/// What comes twice.
pub fn no_attribute_twice(
    bytes: &[u8],
    attributes: &[Attribute],
    prefixes: &Prefixes,
) -> Result<(), Flaw> {
    let names = || attributes.iter().map(|attribute| &bytes[attribute.name.clone()]);
    if attributes.len() <= FEW {
        let mut unfit = Ok(());
        for (nth, name) in names().enumerate() {
            for other in names().take(nth) {
                if name == other {
                    return Err(MALFORMED);
                }
                if same(name, other, prefixes) {
                    unfit = Err(Flaw::Unfit);
                }
            }
        }
        return unfit;
    }
    let mut seen = HashSet::with_capacity(attributes.len());
    if !names().all(|name| seen.insert((0, name))) {
        return Err(MALFORMED);
    }
    seen.clear();
    let unique = names().all(|name| seen.insert(prefixes.expanded(name)));
    if unique { Ok(()) } else { Err(Flaw::Unfit) }
}

/// Whether two names with prefixes are the same name.
fn same(a: &[u8], b: &[u8], prefixes: &Prefixes) -> bool {
    a.last() == b.last()
        && memchr(b':', a).is_some()
        && memchr(b':', b).is_some()
        && prefixes.expanded(a) == prefixes.expanded(b)
}

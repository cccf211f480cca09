//! The children of an element that its reader wants to know of, noted while it is judged: those with one
//! of a few names, and an `id`.
//!
//! Which names these are is the reader's to say. A note is places in the slice that holds the element.

use crate::xml::attributes::{Attribute, Usual};
use crate::xml::tag::Tag;

/// The local part of a name, and its namespace.
pub type ExpandedName = (&'static str, &'static str);

/// Room for so many is kept from element to element.
const KEPT: usize = 256;

/// A namespace that takes more bytes to declare is none of those asked for. One declaration may serve
/// thousands of children, and reading it anew for each must not take long.
const LONGEST_NAMESPACE: usize = 256;

/// A child that has one of the names, and an `id`.
#[derive(Debug, Clone)]
pub struct Noted {
    /// The local part of its name.
    pub name: &'static str,
    /// Its `id`.
    pub id: Attribute,
    /// Its `to`.
    pub to: Option<Attribute>,
}

/// The names, and the children that have been noted.
#[derive(Debug, Default)]
pub struct Notes {
    names: &'static [ExpandedName],
    /// In their order.
    pub children: Vec<Noted>,
}

impl Notes {
    /// None yet of children with these names.
    pub fn new(names: &'static [ExpandedName]) -> Self {
        Self { names, children: Vec::new() }
    }

    /// Notes the child with this start tag, local name and namespace, if it is to be noted.
    #[inline]
    pub fn note(&mut self, s: &[u8], tag: &Tag, local: &[u8], namespace: Option<&Attribute>) {
        let (Some(&id), Some(namespace)) = (tag.get(Usual::Id), namespace) else { return };
        if namespace.value().len() > LONGEST_NAMESPACE {
            return;
        }
        let is = |(name, urn): &&ExpandedName| {
            name.as_bytes() == local && namespace.is(s, |value| value == urn.as_bytes())
        };
        if let Some((name, _)) = self.names.iter().find(is) {
            self.children.push(Noted { name, id, to: tag.get(Usual::To).copied() });
        }
    }

    /// Forgets all that was noted, and gives back what an unusual element took.
    pub fn forget(&mut self) {
        self.children.clear();
        self.children.shrink_to(KEPT);
    }
}

//! The namespace prefixes that an element declares, as places in the one slice that holds it.
//!
//! Whoever writes a stanza chooses how many prefixes there are and how long, so a look-up takes time
//! in proportion to the prefix looked up, and namespaces are compared by a hash that nobody foresees.
//! Which element declared what is the caller's to know: it says how many declarations to go back to.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use crate::xml::attributes::{Attribute, Named};

const XML: &[u8] = b"http://www.w3.org/XML/1998/namespace";
const XMLNS: &[u8] = b"http://www.w3.org/2000/xmlns/";

/// Namespaces that XML keeps for itself.
fn is_reserved(namespace: &[u8]) -> bool {
    namespace == XML || namespace == XMLNS
}

/// Whether a plain value of that length may be one of those.
#[inline]
pub fn may_be_reserved(length: usize) -> bool {
    length == XML.len() || length == XMLNS.len()
}

/// Whether `xmlns='…'` is by the rules of Namespaces in XML §3. A default namespace needs no binding.
pub fn may_be_default(s: &[u8], xmlns: &Attribute) -> bool {
    !xmlns.is(s, is_reserved)
}

/// The first so many are compared one by one; those that are declared after them are found by hash.
const FEW: usize = 16;

/// Room for so many is kept from element to element.
const KEPT: usize = 256;

/// The prefix that each stream's header declares before any element begins, and its namespace
/// (RFC 6120 §4.8.1).
const STREAM: (&[u8], &[u8]) = (b"stream", b"http://etherx.jabber.org/streams");

#[derive(Debug)]
struct Binding {
    /// The declaration, whose local part is the prefix.
    declaration: Named,
    namespace: u64,
    /// Which one of the same prefix it hides, among those that are found by hash.
    hidden: Option<usize>,
}

/// The prefixes that are declared.
#[derive(Debug, Default)]
pub struct Bindings {
    all: Vec<Binding>,
    inner: HashMap<u64, usize>,
    hashes: RandomState,
}

impl Bindings {
    /// How many declarations are in force or hidden by others.
    #[inline]
    pub fn count(&self) -> usize {
        self.all.len()
    }

    /// Goes back to the first `count` declarations.
    #[inline]
    pub fn go_back(&mut self, count: usize, s: &[u8]) {
        if self.all.len() > count {
            self.undo(count, s);
        }
    }

    #[cold]
    fn undo(&mut self, count: usize, s: &[u8]) {
        for nth in (count.max(FEW)..self.all.len()).rev() {
            let hash = self.hash(self.all[nth].declaration.local_name(s));
            match self.all[nth].hidden {
                Some(hidden) => self.inner.insert(hash, hidden),
                None => self.inner.remove(&hash),
            };
        }
        self.all.truncate(count);
    }

    /// Takes in `xmlns:prefix='…'`, and says whether it is by the rules of Namespaces in XML §3.
    /// Breaking them is never fatal: Prosody and ejabberd declare reserved namespaces when they forward
    /// what a user sent in them, and the element ends where it ends.
    pub fn declare(&mut self, s: &[u8], declaration: &Named) -> bool {
        let (prefix, attribute) = (declaration.local_name(s), &declaration.attribute);
        let good = match prefix {
            b"xml" if attribute.is(s, |namespace| namespace == XML) => return true,
            b"xml" | b"xmlns" => false,
            _ => !attribute.value().is_empty() && !attribute.is(s, is_reserved),
        };
        // A value that cannot be read makes the element unfit anyway.
        let value = attribute.text(s).unwrap_or_default();
        let (namespace, nth) = (self.hash(value.as_bytes()), self.all.len());
        let hidden = if nth < FEW { None } else { self.inner.insert(self.hash(prefix), nth) };
        self.all.push(Binding { declaration: *declaration, namespace, hidden });
        good
    }

    fn hash(&self, bytes: &[u8]) -> u64 {
        self.hashes.hash_one(bytes)
    }

    fn find(&self, s: &[u8], prefix: &[u8]) -> Option<&Binding> {
        let is = |binding: &&Binding| binding.declaration.local_name(s) == prefix;
        if self.all.len() > FEW
            && let Some(&nth) = self.inner.get(&self.hash(prefix))
        {
            return self.all.get(nth).filter(is);
        }
        self.all.iter().take(FEW).rev().find(is)
    }

    /// What declares a prefix, if the element does.
    pub fn declaration(&self, s: &[u8], prefix: &[u8]) -> Option<&Attribute> {
        self.find(s, prefix).map(|binding| &binding.declaration.attribute)
    }

    /// Whether a prefix may be used for an element or an attribute.
    pub fn is_declared(&self, s: &[u8], prefix: &[u8]) -> bool {
        prefix != b"xmlns"
            && (prefix == b"xml" || prefix == STREAM.0 || self.find(s, prefix).is_some())
    }

    /// Whether `holds` of the namespace that a prefix stands for. One that is not declared stands for
    /// the stream's own, since the server's header may have named that as it liked.
    pub fn is(&self, s: &[u8], prefix: &[u8], holds: impl FnOnce(&[u8]) -> bool) -> bool {
        if prefix == b"xml" {
            return holds(XML);
        }
        match self.declaration(s, prefix) {
            Some(declaration) => declaration.is(s, holds),
            None => holds(STREAM.1),
        }
    }

    /// What stands for the namespace of an attribute with that prefix.
    pub fn namespace(&self, s: &[u8], prefix: &[u8]) -> u64 {
        match prefix {
            b"xml" => self.hash(XML),
            b"xmlns" => self.hash(XMLNS),
            _ => match self.find(s, prefix) {
                Some(binding) => binding.namespace,
                None => self.hash(STREAM.1),
            },
        }
    }

    /// Forgets all declarations, and gives back what an unusual element took.
    pub fn forget(&mut self) {
        self.all.clear();
        self.all.shrink_to(KEPT);
        if !self.inner.is_empty() {
            self.inner = HashMap::new();
        }
    }
}

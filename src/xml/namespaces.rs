//! The namespace prefixes that a stanza declares, and what names mean by them.
//!
//! Every look-up takes constant time, since whoever writes the stanza chooses the numbers. What is
//! declared by which element is the caller's to know: it says how many declarations to go back to.

use xmpp_parsers::ns;

use crate::xml::numbers::Numbers;
use crate::xml::tag::{self, Attribute};
use crate::xml::text::Flaw;

const XML: &str = "http://www.w3.org/XML/1998/namespace";
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// What stands for the namespace of names without a prefix, with `xml` and `xmlns`, and with `stream`
/// where no other prefix is bound to the same.
const NO_PREFIX: usize = usize::MAX;
const XML_PREFIX: usize = usize::MAX - 1;
const STREAM_PREFIX: usize = usize::MAX - 2;
const XMLNS_PREFIX: usize = usize::MAX - 3;

#[derive(Debug)]
struct Binding {
    prefix: usize,
    namespace: usize,
    outer: Option<usize>,
}

/// The prefixes that are declared.
#[derive(Debug, Default)]
pub struct Prefixes {
    names: Numbers,
    namespaces: Numbers,
    /// By the number of a prefix: the binding in force.
    current: Vec<Option<usize>>,
    bindings: Vec<Binding>,
}

impl Prefixes {
    /// How many declarations are in force or hidden by others.
    pub fn count(&self) -> usize {
        self.bindings.len()
    }

    /// Goes back to the first `count` declarations.
    #[inline]
    pub fn go_back(&mut self, count: usize) {
        while self.bindings.len() > count {
            let Some(binding) = self.bindings.pop() else { break };
            self.current[binding.prefix] = binding.outer;
        }
    }

    /// Takes in `xmlns='…'` and `xmlns:prefix='…'`, by the rules of Namespaces in XML §3. Breaking
    /// them is never fatal: Prosody and ejabberd declare reserved namespaces when they forward what a
    /// user sent in them, and the element ends where it ends.
    ///
    /// # Errors
    /// [`Flaw::Unfit`] alone.
    pub fn declare(
        &mut self,
        name: &[u8],
        attribute: &Attribute,
        bytes: &[u8],
    ) -> Result<(), Flaw> {
        let prefix = match name.strip_prefix(b"xmlns") {
            Some(b"") => b"",
            Some([b':', prefix @ ..]) => prefix,
            _ => return Ok(()),
        };
        let is = |namespace: &str| attribute.is(bytes, |value| value == namespace.as_bytes());
        match prefix {
            b"xml" if is(XML) => return Ok(()),
            b"xml" | b"xmlns" => return Err(Flaw::Unfit),
            _ if is(XML) || is(XMLNS) => return Err(Flaw::Unfit),
            b"" => return Ok(()),
            _ if attribute.value.is_empty() => return Err(Flaw::Unfit),
            _ => {}
        }
        // A value that cannot be read makes the stanza unfit, which `open` has noticed.
        let namespace = attribute.value(bytes).unwrap_or_default();
        let namespace = self.namespaces.number(namespace.as_bytes());
        let prefix = self.names.number(prefix);
        if prefix == self.current.len() {
            self.current.push(None);
        }
        let outer = self.current[prefix].replace(self.bindings.len());
        self.bindings.push(Binding { prefix, namespace, outer });
        Ok(())
    }

    /// The namespace that `prefix` stands for, if the stanza says so.
    pub fn namespace(&self, prefix: &[u8]) -> Option<&[u8]> {
        match (prefix, self.bound(prefix)) {
            (b"xml", _) => Some(XML.as_bytes()),
            (_, Some(namespace)) => self.namespaces.name(namespace),
            (b"stream", None) => Some(ns::STREAM.as_bytes()),
            _ => None,
        }
    }

    /// The number of the namespace that `prefix` is bound to.
    fn bound(&self, prefix: &[u8]) -> Option<usize> {
        let binding = self.current[self.names.known(prefix)?]?;
        Some(self.bindings[binding].namespace)
    }

    /// The number of the namespace and the local part of an attribute's name, which
    /// both together say whether it is the same as another.
    pub fn expanded<'a>(&self, name: &'a [u8]) -> (usize, &'a [u8]) {
        let (prefix, local) = tag::split(name);
        let stream = || self.namespaces.known(ns::STREAM.as_bytes()).unwrap_or(STREAM_PREFIX);
        let number = match prefix {
            None => NO_PREFIX,
            Some(b"xml") => XML_PREFIX,
            Some(b"xmlns") => XMLNS_PREFIX,
            // An undeclared prefix makes the stanza unfit anyway.
            Some(prefix) => self.bound(prefix).unwrap_or_else(stream),
        };
        (number, local)
    }

    /// Gives back what an unusual stanza took; there must be no declaration left.
    pub fn forget(&mut self) {
        if self.names.forget() {
            self.current = Vec::new();
        }
        self.namespaces.forget();
        self.bindings.shrink_to(1 << 8);
    }
}

//! The elements that are open in a stanza, and the namespace prefixes they declare.
//!
//! This is what decides whether a stanza stands on its own, so that it may be moved from the
//! server's stream to ours: every end tag matches, every prefix is declared within the stanza (but
//! `xml`, and `stream`, which both streams declare), no attribute comes twice (Namespaces in XML
//! §6.3). Every look-up takes constant time, since whoever writes the stanza chooses the numbers.

use std::collections::HashSet;

use memchr::memchr;
use xmpp_parsers::ns;

use crate::numbers::Numbers;
use crate::tag::{Attribute, Tag};
use crate::wellformed::{Flaw, MALFORMED, qualified_name, value};

const XML: &str = "http://www.w3.org/XML/1998/namespace";
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// The most that names of open elements may take, in bytes: half a million levels of short names.
/// Those within are merely counted.
const DEEPEST: usize = 8 << 20;

/// Up to so many attributes are compared each with each; more are hashed.
const FEW: usize = 12;

/// What stands for the namespace of names without a prefix, with `xml` and `xmlns`, and with `stream`
/// where no other prefix is bound to the same.
const NO_PREFIX: usize = usize::MAX;
const XML_PREFIX: usize = usize::MAX - 1;
const STREAM_PREFIX: usize = usize::MAX - 2;
const XMLNS_PREFIX: usize = usize::MAX - 3;

#[derive(Debug)]
struct Element {
    /// Where its name begins in `names`.
    name: usize,
    /// How many bindings there were outside it.
    bindings: usize,
}

#[derive(Debug)]
struct Binding {
    prefix: usize,
    namespace: usize,
    outer: Option<usize>,
}

/// A quick look at whether a tag's attributes differ in name, so that few are compared.
#[derive(Debug)]
struct Names {
    /// Bits for the lengths and beginnings seen.
    seen: u64,
    prefixed: bool,
    /// No two begin alike with the same length, and at most one could be the same by namespace.
    all_differ: bool,
}

impl Default for Names {
    fn default() -> Self {
        Self { seen: 0, prefixed: false, all_differ: true }
    }
}

impl Names {
    fn add(&mut self, name: &[u8], prefixed: bool) {
        let first = name.first().map_or(0, |&first| usize::from(first));
        let bit = 1 << ((first + 3 * name.len()) % 64);
        self.all_differ &= self.seen & bit == 0 && !(self.prefixed && prefixed);
        self.seen |= bit;
        self.prefixed |= prefixed;
    }
}

/// The open elements of one stanza, outermost first.
#[derive(Debug, Default)]
pub struct Scope {
    names: Vec<u8>,
    open: Vec<Element>,
    /// How many more are open than are known by name.
    beyond: usize,
    prefixes: Numbers,
    namespaces: Numbers,
    /// By the number of a prefix: the binding in force.
    current: Vec<Option<usize>>,
    bindings: Vec<Binding>,
}

impl Scope {
    /// How many elements are open.
    pub fn depth(&self) -> usize {
        self.open.len() + self.beyond
    }

    /// Opens an element of which only the name matters.
    ///
    /// # Errors
    /// What is no name.
    pub fn enter(&mut self, name: &[u8]) -> Result<(), Flaw> {
        qualified_name(name)?;
        self.push(name);
        Ok(())
    }

    /// Opens an element and checks all that its start tag says. An element whose tag is unfit is
    /// open all the same, since its end will come.
    ///
    /// # Errors
    /// See [`Flaw`].
    pub fn open(&mut self, bytes: &[u8], tag: &Tag) -> Result<(), Flaw> {
        let name = tag.name(bytes);
        if !tag.plain_names {
            qualified_name(name)?;
        }
        if !self.push(name) {
            // It would not be known where its declarations end.
            return Err(Flaw::Unfit);
        }
        let mut unfit = Ok(());
        let mut prefixed = tag.prefix > 0;
        let mut names = Names::default();
        for attribute in &tag.attributes {
            let name = &bytes[attribute.name.clone()];
            if !tag.plain_names {
                qualified_name(name)?;
            }
            if !attribute.plain {
                unfit = unfit.and(tolerate(value(&bytes[attribute.value.clone()]))?);
            }
            if name == b"xmlns" || name.starts_with(b"xmlns:") {
                unfit = unfit.and(self.declare(name, attribute, bytes));
            } else {
                prefixed |= attribute.prefixed;
            }
            names.add(name, attribute.prefixed);
        }
        if prefixed {
            unfit = unfit.and(self.prefixes_declared(bytes, tag));
        }
        if names.all_differ {
            return unfit;
        }
        let unique = tolerate(self.no_attribute_twice(bytes, &tag.attributes))?;
        unfit.and(unique)
    }

    /// Closes the innermost element.
    ///
    /// # Errors
    /// If `name` is not its name.
    pub fn close(&mut self, name: &[u8]) -> Result<(), Flaw> {
        let element = self.open.last().ok_or(MALFORMED)?;
        if self.beyond == 0 && &self.names[element.name..] != name {
            return Err(MALFORMED);
        }
        self.close_innermost()
    }

    /// Closes the innermost element, whatever its name is.
    ///
    /// # Errors
    /// If there is none.
    pub fn close_innermost(&mut self) -> Result<(), Flaw> {
        if self.beyond > 0 {
            self.beyond -= 1;
            return Ok(());
        }
        let Element { name, bindings } = self.open.pop().ok_or(MALFORMED)?;
        self.names.truncate(name);
        while self.bindings.len() > bindings {
            let Some(binding) = self.bindings.pop() else { break };
            self.current[binding.prefix] = binding.outer;
        }
        if self.open.is_empty() {
            self.forget();
        }
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
        let binding = self.current[self.prefixes.known(prefix)?]?;
        Some(self.bindings[binding].namespace)
    }

    /// Says whether the element is known by name.
    fn push(&mut self, name: &[u8]) -> bool {
        let taken = self.names.len() + self.open.len() * size_of::<Element>();
        // An element of a name that would fit may lie within one that did not.
        if self.beyond > 0 || taken + name.len() > DEEPEST {
            self.beyond += 1;
            return false;
        }
        self.open.push(Element { name: self.names.len(), bindings: self.bindings.len() });
        self.names.extend_from_slice(name);
        true
    }

    /// Takes in `xmlns='…'` and `xmlns:prefix='…'`, by the rules of Namespaces in XML §3. Breaking
    /// them is never fatal: Prosody and ejabberd declare reserved namespaces when they forward what a
    /// user sent in them, and the element ends where it ends.
    fn declare(&mut self, name: &[u8], attribute: &Attribute, bytes: &[u8]) -> Result<(), Flaw> {
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
        let prefix = self.prefixes.number(prefix);
        if prefix == self.current.len() {
            self.current.push(None);
        }
        let outer = self.current[prefix].replace(self.bindings.len());
        self.bindings.push(Binding { prefix, namespace, outer });
        Ok(())
    }

    fn prefixes_declared(&self, bytes: &[u8], tag: &Tag) -> Result<(), Flaw> {
        let element = (tag.prefix > 0).then(|| &tag.name(bytes)[..tag.prefix]);
        let attributes = tag.attributes.iter().filter_map(|attribute| attribute.prefix(bytes));
        let prefixes = attributes.filter(|prefix| prefix != b"xmlns");
        let declared = |prefix| prefix != b"xmlns" && self.namespace(prefix).is_some();
        if element.into_iter().chain(prefixes).all(declared) { Ok(()) } else { Err(Flaw::Unfit) }
    }

    /// XML 1.0 §3.1 by name, which is fatal; Namespaces in XML §6.3 by namespace, which is not.
    fn no_attribute_twice(&self, bytes: &[u8], attributes: &[Attribute]) -> Result<(), Flaw> {
        let names = || attributes.iter().map(|attribute| &bytes[attribute.name.clone()]);
        if attributes.len() <= FEW {
            let mut unfit = Ok(());
            for (nth, name) in names().enumerate() {
                for other in names().take(nth) {
                    if name == other {
                        return Err(MALFORMED);
                    }
                    if self.same(name, other) {
                        unfit = Err(Flaw::Unfit);
                    }
                }
            }
            return unfit;
        }
        let mut seen = HashSet::with_capacity(attributes.len());
        if !names().all(|name| seen.insert((NO_PREFIX, name))) {
            return Err(MALFORMED);
        }
        seen.clear();
        let unique = names().all(|name| seen.insert(self.expanded(name)));
        if unique { Ok(()) } else { Err(Flaw::Unfit) }
    }

    /// Whether two names with prefixes are the same name.
    fn same(&self, a: &[u8], b: &[u8]) -> bool {
        a.last() == b.last()
            && memchr(b':', a).is_some()
            && memchr(b':', b).is_some()
            && self.expanded(a) == self.expanded(b)
    }

    /// The number of the namespace and the local part of an attribute's name.
    fn expanded<'a>(&self, name: &'a [u8]) -> (usize, &'a [u8]) {
        let Some(at) = memchr(b':', name) else {
            return (NO_PREFIX, name);
        };
        let (prefix, local) = (&name[..at], &name[at + 1..]);
        let stream = || self.namespaces.known(ns::STREAM.as_bytes()).unwrap_or(STREAM_PREFIX);
        let number = match prefix {
            b"xml" => XML_PREFIX,
            b"xmlns" => XMLNS_PREFIX,
            // An undeclared prefix makes the stanza unfit anyway.
            _ => self.bound(prefix).unwrap_or_else(stream),
        };
        (number, local)
    }

    /// Gives back what an unusual stanza took.
    fn forget(&mut self) {
        if self.prefixes.forget() {
            self.current = Vec::new();
        }
        self.namespaces.forget();
        self.names.shrink_to(1 << 16);
        self.open.shrink_to(1 << 14);
        self.bindings.shrink_to(1 << 8);
    }
}

/// Lets what is merely unfit wait until all has been looked at, since something fatal may follow.
fn tolerate(result: Result<(), Flaw>) -> Result<Result<(), Flaw>, Flaw> {
    match result {
        Err(Flaw::Fatal(fault)) => Err(Flaw::Fatal(fault)),
        waits => Ok(waits),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Opens each tag within the one before it.
    fn open_all(tags: &[&str]) -> Result<(), Flaw> {
        let (mut scope, mut parsed) = (Scope::default(), Tag::default());
        for tag in tags {
            parsed.parse(tag.as_bytes())?;
            scope.open(tag.as_bytes(), &parsed)?;
        }
        Ok(())
    }

    #[test]
    fn prefixes_are_declared_in_the_stanza_or_it_is_unfit() {
        let unfit = Err(Flaw::Unfit);
        for (tags, verdict) in [
            (&["<a xml:lang='en'>"][..], Ok(())),
            (&["<a>", "<stream:b>"], Ok(())),
            (&["<p:a xmlns:p='u' p:b=''>", "<p:c>"], Ok(())),
            (&["<p:a>"], unfit),
            (&["<a p:b=''>"], unfit),
            (&["<a xmlnsp:b=''>"], unfit),
            (&["<a xmlns-p='' xmlnsp=''>"], Ok(())),
            (&["<a xmlns:p='u'>", "<q:b>"], unfit),
            (&["<a xmlns:p='&bad;'>"], unfit),
            (&["<a xmlns:p=''>"], unfit),
            (&["<xmlns:a>"], unfit),
            (&["<a xmlns:xmlns='u'>"], unfit),
            (&["<a xmlns:xml='u'>"], unfit),
            (&["<a xmlns:xml='http://www.w3.org/XML/1998/namespace'>"], Ok(())),
            (&["<a xmlns:p='http://www.w3.org/XML/1998/namespace'>"], unfit),
            (&["<a xmlns='http://www.w3.org/2000/xmlns/'>"], unfit),
        ] {
            assert_eq!(open_all(tags), verdict, "{tags:?}");
        }
    }

    #[test]
    fn a_declaration_holds_for_its_element_and_what_is_in_it() {
        let (mut scope, mut tag) = (Scope::default(), Tag::default());
        for bytes in [&b"<a xmlns:p='1'>"[..], b"<b xmlns:p='2'>"] {
            tag.parse(bytes).unwrap();
            scope.open(bytes, &tag).unwrap();
        }
        assert_eq!(scope.namespace(b"p"), Some(&b"2"[..]));
        scope.close(b"b").unwrap();
        assert_eq!(scope.namespace(b"p"), Some(&b"1"[..]));
        scope.close(b"a").unwrap();
        assert_eq!(scope.namespace(b"p"), None);
    }

    #[test]
    fn no_attribute_comes_twice_by_name_or_by_namespace() {
        let many = (0..40).fold(String::from("<a"), |tag, n| tag + &format!(" a{n}='{n}'"));
        for (tag, verdict) in [
            ("<a b='1' c='2'>".into(), Ok(())),
            ("<a b='1' b='2'>".into(), Err(MALFORMED)),
            ("<a xmlns='1' xmlns='2'>".into(), Err(MALFORMED)),
            ("<a xmlns:p='u' p:b='1' b='2'>".into(), Ok(())),
            ("<a xmlns:b='u' stream:b='1' xml:b='2'>".into(), Ok(())),
            ("<a xmlns:p='u' xmlns:q='v' p:b='1' q:b='2'>".into(), Ok(())),
            ("<a xmlns:p='u' xmlns:q='&#x75;' p:b='1' q:b='2'>".into(), Err(Flaw::Unfit)),
            (format!("{many}>"), Ok(())),
            (format!("{many} a39=''>"), Err(MALFORMED)),
            (format!("{many} xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'>"), Err(Flaw::Unfit)),
        ] {
            assert_eq!(open_all(&[&tag]), verdict, "{tag}");
        }
    }

    #[test]
    fn something_fatal_outweighs_something_unfit() {
        assert_eq!(open_all(&["<a b='&bad;' b=''>"]), Err(MALFORMED));
        assert_eq!(open_all(&["<p:a b='' b=''>"]), Err(MALFORMED));
    }

    #[test]
    fn end_tags_match() {
        let mut scope = Scope::default();
        scope.enter(b"a").unwrap();
        scope.enter(b"b").unwrap();
        assert_eq!(scope.close(b"a"), Err(MALFORMED));
        scope.close(b"b").unwrap();
        scope.close(b"a").unwrap();
        assert_eq!(scope.close(b"a"), Err(MALFORMED));
    }

    #[test]
    fn too_deep_elements_are_counted_and_take_no_memory() {
        const DEPTH: usize = 2_000_000;
        let mut scope = Scope::default();
        assert_eq!((0..DEPTH).try_for_each(|_| scope.enter(b"a")), Ok(()));
        assert_eq!(scope.depth(), DEPTH);
        let mut tag = Tag::default();
        tag.parse(b"<a>").unwrap();
        assert_eq!(scope.open(b"<a>", &tag), Err(Flaw::Unfit), "not to be echoed");
        assert_eq!(scope.close(b"a"), Ok(()));
        let taken = scope.names.len() + scope.open.len() * size_of::<Element>();
        assert!(taken <= DEEPEST + size_of::<Element>());
        assert_eq!((0..DEPTH).try_for_each(|_| scope.close(b"a")), Ok(()));
        assert_eq!((scope.depth(), scope.beyond), (0, 0));
    }
}

//! The elements that are open in a stanza, and whether what is in them may be sent on.
//!
//! This is what decides whether a stanza stands on its own, so that it may be moved from the
//! server's stream to ours: every end tag matches, every prefix is declared within the stanza (but
//! `xml`, and `stream`, which both streams declare), no attribute comes twice (Namespaces in XML
//! §6.3).

use crate::xml::attributes::{Names, no_attribute_twice};
use crate::xml::namespaces::Prefixes;
use crate::xml::tag::Tag;
use crate::xml::text::{Flaw, MALFORMED, qualified_name, value};

/// The most that names of open elements may take, in bytes: half a million levels of short names.
/// Those within are merely counted.
const DEEPEST: usize = 8 << 20;

#[derive(Debug)]
struct Element {
    /// Where its name begins in `names`.
    name: usize,
    /// How many prefixes were declared outside it.
    declared: usize,
}

/// The open elements of one stanza, outermost first.
#[derive(Debug, Default)]
pub struct Scope {
    names: Vec<u8>,
    open: Vec<Element>,
    /// How many are open, of which the innermost may not be known by name.
    depth: usize,
    prefixes: Prefixes,
}

impl Scope {
    /// How many elements are open.
    pub fn depth(&self) -> usize {
        self.depth
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
                unfit = unfit.and(self.prefixes.declare(name, attribute, bytes));
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
        let unique = tolerate(no_attribute_twice(bytes, &tag.attributes, &self.prefixes))?;
        unfit.and(unique)
    }

    /// Closes the innermost element.
    ///
    /// # Errors
    /// If `name` is not its name.
    pub fn close(&mut self, name: &[u8]) -> Result<(), Flaw> {
        match self.open.last() {
            Some(element) if self.depth == self.open.len() => {
                if &self.names[element.name..] == name {
                    self.close_known()
                } else {
                    Err(MALFORMED)
                }
            }
            _ => self.close_innermost(),
        }
    }

    /// Closes the innermost element, whatever its name is.
    ///
    /// # Errors
    /// If there is none.
    #[cold]
    pub fn close_innermost(&mut self) -> Result<(), Flaw> {
        if self.depth > self.open.len() {
            self.depth -= 1;
            return Ok(());
        }
        self.close_known()
    }

    #[inline]
    fn close_known(&mut self) -> Result<(), Flaw> {
        let Element { name, declared } = self.open.pop().ok_or(MALFORMED)?;
        self.depth -= 1;
        self.names.truncate(name);
        self.prefixes.go_back(declared);
        if self.depth == 0 {
            self.forget();
        }
        Ok(())
    }

    /// The namespace that `prefix` stands for, if the stanza says so.
    pub fn namespace(&self, prefix: &[u8]) -> Option<&[u8]> {
        self.prefixes.namespace(prefix)
    }

    /// Says whether the element is known by name.
    #[inline]
    fn push(&mut self, name: &[u8]) -> bool {
        let known = self.open.len();
        let taken = self.names.len() + known * size_of::<Element>();
        let depth = self.depth;
        self.depth += 1;
        // An element of a name that would fit may lie within one that did not.
        if depth > known || taken + name.len() > DEEPEST {
            return false;
        }
        self.open.push(Element { name: self.names.len(), declared: self.prefixes.count() });
        self.names.extend_from_slice(name);
        true
    }

    fn prefixes_declared(&self, bytes: &[u8], tag: &Tag) -> Result<(), Flaw> {
        let element = (tag.prefix > 0).then(|| &tag.name(bytes)[..tag.prefix]);
        let attributes = tag.attributes.iter().filter_map(|attribute| attribute.prefix(bytes));
        let prefixes = attributes.filter(|prefix| prefix != b"xmlns");
        let declared = |prefix| prefix != b"xmlns" && self.prefixes.namespace(prefix).is_some();
        if element.into_iter().chain(prefixes).all(declared) { Ok(()) } else { Err(Flaw::Unfit) }
    }

    /// Gives back what an unusual stanza took.
    fn forget(&mut self) {
        self.prefixes.forget();
        self.names.shrink_to(1 << 16);
        self.open.shrink_to(1 << 14);
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
        assert_eq!((scope.depth(), scope.open.len()), (0, 0));
    }
}

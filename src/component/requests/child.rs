//! The elements in a request, read where they stand.
//!
//! All of the stanza has been judged before, and its end is known. No tree is made of it, so reading it
//! costs no more than judging it did. Only reads: what is answered is decided elsewhere.

use std::borrow::Cow;
use std::iter;

use memchr::{memchr, memmem};

use crate::xml::attributes::Usual;
use crate::xml::frame::CDATA;
use crate::xml::judge::Judge;
use crate::xml::tag::Tag;

/// A start tag, and the slice that its places are in.
pub type Scope<'a, 'tag> = (&'a [u8], &'tag Tag);

/// An element in a stanza.
#[derive(Debug)]
pub struct Child<'a> {
    s: &'a [u8],
    head: Tag,
    namespace: Cow<'a, str>,
    /// What stands between its start and its end tag.
    pub content: &'a [u8],
    /// What stands behind it.
    pub rest: &'a [u8],
}

impl<'a> Child<'a> {
    /// The first element in `content`, which stands within the elements with these start tags.
    pub fn first(content: &'a [u8], within: &[Scope<'a, '_>]) -> Option<Self> {
        let s = &content[element_at(content)?..];
        let mut judge = Judge::default();
        judge.begin(s).ok()?;
        judge.strict = false;
        judge.go_on(s).ok()?;
        let Judge { head, at, content_end, .. } = judge;
        let namespace = namespace((s, &head), within);
        Some(Self { content: &s[head.end..content_end], rest: &s[at..], s, head, namespace })
    }

    /// Its name without prefix, and its namespace. That is empty where neither it nor what it stands
    /// within declares it: then it is that of stanzas.
    pub fn name(&self) -> (&[u8], &str) {
        (self.head.local_name(self.s), &self.namespace)
    }

    /// The value of an attribute.
    pub fn attribute(&self, name: &str) -> Option<Cow<'a, str>> {
        self.head.attribute(self.s, name.as_bytes())?.text(self.s)
    }

    /// What the elements in it stand within.
    pub fn scope(&self) -> Scope<'a, '_> {
        (self.s, &self.head)
    }
}

/// Where the first start tag is. There are no comments and processing instructions (RFC 6120 §11.1).
pub fn element_at(content: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr(b'<', &content[at..])?;
        if !content[at..].starts_with(CDATA) {
            return Some(at);
        }
        at += memmem::find(&content[at..], b"]]>")?;
    }
}

/// The namespace of the element that `own` is the start tag of, within those others.
fn namespace<'a>(own: Scope<'a, '_>, within: &[Scope<'a, '_>]) -> Cow<'a, str> {
    let prefix = own.1.prefix(own.0);
    let declared = |(s, tag): &Scope<'a, '_>| {
        let declaration = match prefix {
            None => tag.get(Usual::Xmlns),
            Some(prefix) => tag.attribute(s, &[b"xmlns:", prefix].concat()),
        };
        declaration.and_then(|it| it.text(s))
    };
    iter::once(&own).chain(within.iter().rev()).find_map(declared).unwrap_or_default()
}

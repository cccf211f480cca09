//! Takes a start tag apart in one look, without copying.
//!
//! quick-xml finds where a tag ends (see `token`); its attribute iterator forgives what a server's
//! parser does not, such as attributes without white space between them, so this is our own.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr;

use crate::wellformed::{Flaw, MALFORMED, normalized};

/// Room for so many attributes is kept from tag to tag.
const USUAL: usize = 256;

/// Where an attribute stands in its tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// The qualified name.
    pub name: Range<usize>,
    /// The value, without its quotes.
    pub value: Range<usize>,
}

impl Attribute {
    /// The value with its quotes.
    pub fn quoted(&self) -> Range<usize> {
        self.value.start - 1..self.value.end + 1
    }
}

/// A start tag, taken apart. One value serves for tag after tag, so that its memory is reused.
#[derive(Debug, Default)]
pub struct Tag {
    /// The length of the name, which begins at 1.
    name: usize,
    /// Whether the element ends in its start tag.
    pub empty: bool,
    /// The attributes, as they stand.
    pub attributes: Vec<Attribute>,
}

/// The name in a start tag, which is as far as an element that is only skipped is looked at.
pub fn name(tag: &[u8]) -> &[u8] {
    let end = tag[1..].iter().position(|&b| is_blank(b) || matches!(b, b'/' | b'>'));
    &tag[1..=end.unwrap_or(0)]
}

/// Whether the element ends in its start tag.
pub fn is_empty(tag: &[u8]) -> bool {
    tag.ends_with(b"/>")
}

/// White space as XML 1.0 §2.3 has it.
pub fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

impl Tag {
    /// Takes `tag` apart, from `<` to `>`. Neither names nor values are checked yet.
    ///
    /// # Errors
    /// What is not a start tag by XML 1.0 §3.1.
    pub fn parse(&mut self, tag: &[u8]) -> Result<(), Flaw> {
        self.parse_some(tag, usize::MAX, |_| true)
    }

    /// The same, but keeps none but `wanted` attributes, of which there are at most `most`: then a
    /// tag takes no memory however many others it has.
    ///
    /// # Errors
    /// The same, and attributes that come twice.
    pub fn parse_some(
        &mut self,
        tag: &[u8],
        most: usize,
        wanted: impl Fn(&[u8]) -> bool,
    ) -> Result<(), Flaw> {
        self.attributes.clear();
        self.attributes.shrink_to(USUAL);
        self.name = name(tag).len();
        self.empty = is_empty(tag);
        let end = tag.len() - if self.empty { 2 } else { 1 };
        let mut at = 1 + self.name;
        loop {
            let next = skip_blanks(tag, at, end);
            if next == end {
                return Ok(());
            }
            if next == at {
                return Err(MALFORMED); // no white space before it
            }
            let equals = next + memchr(b'=', &tag[next..end]).ok_or(MALFORMED)?;
            let name_end = next + trim_end(&tag[next..equals]).len();
            let open = skip_blanks(tag, equals + 1, end);
            let quote = *tag[..end].get(open).ok_or(MALFORMED)?;
            if !matches!(quote, b'\'' | b'"') {
                return Err(MALFORMED);
            }
            let close = open + 1 + memchr(quote, &tag[open + 1..end]).ok_or(MALFORMED)?;
            if wanted(&tag[next..name_end]) {
                if self.attributes.len() == most {
                    return Err(MALFORMED);
                }
                self.attributes.push(Attribute { name: next..name_end, value: open + 1..close });
            }
            at = close + 1;
        }
    }

    /// The element's qualified name in `tag`, which must be the bytes that were parsed.
    pub fn name<'a>(&self, tag: &'a [u8]) -> &'a [u8] {
        &tag[1..=self.name]
    }

    /// The attribute of that very name.
    pub fn attribute(&self, tag: &[u8], name: &[u8]) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| &tag[attribute.name.clone()] == name)
    }

    /// The value of that attribute as a parser reports it, or nothing if XML forbids it.
    pub fn value<'a>(&self, tag: &'a [u8], name: &[u8]) -> Option<Cow<'a, str>> {
        let attribute = self.attribute(tag, name)?;
        normalized(&tag[attribute.value.clone()])
    }
}

fn skip_blanks(tag: &[u8], from: usize, end: usize) -> usize {
    (from..end).find(|&at| !is_blank(tag[at])).unwrap_or(end)
}

/// The bytes without white space behind them.
pub fn trim_end(bytes: &[u8]) -> &[u8] {
    let last = bytes.iter().rposition(|&b| !is_blank(b));
    &bytes[..last.map_or(0, |last| last + 1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes(tag: &str) -> Result<Vec<(&str, &str)>, Flaw> {
        let mut parsed = Tag::default();
        parsed.parse(tag.as_bytes())?;
        let text =
            |attribute: &Attribute| (&tag[attribute.name.clone()], &tag[attribute.value.clone()]);
        Ok(parsed.attributes.iter().map(text).collect())
    }

    #[test]
    fn attributes_are_found_whatever_their_quotes_and_blanks() {
        assert_eq!(attributes("<a>"), Ok(vec![]));
        assert_eq!(attributes("<a\n/>"), Ok(vec![]));
        assert_eq!(
            attributes("<a b='1' c = \"'>'\"\td:e\n=\n'/' />"),
            Ok(vec![("b", "1"), ("c", "'>'"), ("d:e", "/")])
        );
    }

    #[test]
    fn what_is_no_attribute_is_malformed() {
        for tag in ["<a b>", "<a b=>", "<a b=c>", "<a b='1'c='2'>", "<a / >", "<a b='1' c>"] {
            assert_eq!(attributes(tag), Err(MALFORMED), "{tag}");
        }
    }

    #[test]
    fn only_wanted_attributes_are_kept_and_none_of_them_twice() {
        let mut parsed = Tag::default();
        let mut kept = |tag: &[u8]| {
            let verdict = parsed.parse_some(tag, 2, |name| matches!(name, b"b" | b"c"));
            verdict.map(|()| parsed.attributes.len())
        };
        assert_eq!(kept(b"<a x='1' c='2' y='3' y='4' b='5'>"), Ok(2));
        assert_eq!(kept(b"<a b='1' b='2' b='3'>"), Err(MALFORMED));
        assert_eq!(kept(b"<a b='1' x>"), Err(MALFORMED));
    }

    #[test]
    fn the_name_ends_where_the_rest_begins() {
        for tag in ["<abc>", "<abc/>", "<abc d='e'>", "<abc\n>"] {
            assert_eq!(name(tag.as_bytes()), b"abc", "{tag}");
        }
    }
}

//! Takes a start tag apart in one look, without copying.
//!
//! Nearly all tags are [read](Tag::read) in one pass that finds their end too. For the rest quick-xml
//! finds it (see `token`) and they are [parsed](Tag::parse). Its attribute iterator forgives what a
//! server's parser does not, such as attributes without white space between them, so this is our own.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr;

use crate::xml::text::{Flaw, MALFORMED, NAME, START, VALUE, is, normalized, run};

/// Room for so many attributes is kept from tag to tag.
const USUAL: usize = 256;

/// Where an attribute stands in its tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// The qualified name.
    pub name: Range<usize>,
    /// The value, without its quotes.
    pub value: Range<usize>,
    /// Whether the name has a prefix.
    pub prefixed: bool,
    /// Whether the value is known to be good, and what a parser reports.
    pub plain: bool,
}

impl Attribute {
    /// The value with its quotes.
    pub fn quoted(&self) -> Range<usize> {
        self.value.start - 1..self.value.end + 1
    }

    /// The name's prefix.
    pub fn prefix<'a>(&self, tag: &'a [u8]) -> Option<&'a [u8]> {
        let name = &tag[self.name.clone()];
        self.prefixed.then(|| &name[..prefix(name)])
    }

    /// The attribute as it stands, if there are no blanks in it.
    pub fn whole<'a>(&self, tag: &'a [u8]) -> Option<&'a [u8]> {
        let quoted = self.quoted();
        (self.name.end + 1 == quoted.start).then(|| &tag[self.name.start..quoted.end])
    }

    /// The value as a parser reports it, or nothing if XML forbids it.
    pub fn value<'a>(&self, tag: &'a [u8]) -> Option<Cow<'a, str>> {
        let raw = &tag[self.value.clone()];
        if self.plain { str::from_utf8(raw).ok().map(Cow::Borrowed) } else { normalized(raw) }
    }

    /// Whether `holds` of the value, which is not if XML forbids it.
    pub fn is(&self, tag: &[u8], holds: impl FnOnce(&[u8]) -> bool) -> bool {
        let raw = &tag[self.value.clone()];
        if self.plain {
            holds(raw)
        } else {
            normalized(raw).is_some_and(|value| holds(value.as_bytes()))
        }
    }
}

/// A start tag, taken apart. One value serves for tag after tag, so that its memory is reused.
#[derive(Debug, Default)]
pub struct Tag {
    /// The length of the name, which begins at 1.
    name: usize,
    /// How much of it is the prefix.
    pub prefix: usize,
    /// Whether the element ends in its start tag.
    pub empty: bool,
    /// Whether its name and those of the attributes are known to be good.
    pub plain_names: bool,
    /// The attributes, as they stand.
    pub attributes: Vec<Attribute>,
}

/// The name in a start tag, which is as far as an element that is only skipped is looked at.
pub fn name(tag: &[u8]) -> &[u8] {
    let end = tag[1..].iter().position(|&byte| ends_name(byte));
    &tag[1..=end.unwrap_or(0)]
}

/// The prefix of a qualified name, if it has one, and the local part.
pub fn split(name: &[u8]) -> (Option<&[u8]>, &[u8]) {
    memchr(b':', name).map_or((None, name), |at| (Some(&name[..at]), &name[at + 1..]))
}

/// Whether a start tag's name ends before this byte.
pub fn ends_name(byte: u8) -> bool {
    is_blank(byte) || matches!(byte, b'/' | b'>')
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
    /// Takes the tag apart that `input` begins with, if all of it is there and it is as servers
    /// write them: names of ASCII, and no white space but a blank before each attribute. Says how
    /// long it is. Whatever else it may be is left to [`Tag::parse`]. It goes no further than the
    /// tag's end in any case, so that it costs no more than the tag is long.
    pub fn read(&mut self, input: &[u8]) -> Option<usize> {
        self.attributes.clear();
        self.plain_names = true;
        let (mut at, prefix) = plain_name(input, 1)?;
        (self.name, self.prefix) = (at - 1, prefix);
        while *input.get(at)? == b' ' && self.attributes.len() < USUAL {
            let start = at + 1;
            let (end, prefix) = plain_name(input, start)?;
            let [b'=', quote @ (b'\'' | b'"'), ..] = input[end..] else { return None };
            let name = start..end;
            let start = end + 2;
            let mut end = run(input, start, VALUE);
            let plain = *input.get(end)? == quote;
            if !plain {
                end = start + memchr(quote, &input[start..])?;
            }
            let (value, prefixed) = (start..end, prefix > 0);
            self.attributes.push(Attribute { name, value, prefixed, plain });
            at = end + 1;
        }
        self.empty = input[at] == b'/';
        at += usize::from(self.empty);
        (*input.get(at)? == b'>').then_some(at + 1)
    }

    /// Takes any `tag` apart, from `<` to `>`. Neither names nor values are checked yet.
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
        self.forget();
        self.plain_names = false;
        self.name = name(tag).len();
        self.prefix = prefix(self.name(tag));
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
            let name = next..next + trim_end(&tag[next..equals]).len();
            let open = skip_blanks(tag, equals + 1, end);
            let quote = *tag[..end].get(open).ok_or(MALFORMED)?;
            if !matches!(quote, b'\'' | b'"') {
                return Err(MALFORMED);
            }
            let close = open + 1 + memchr(quote, &tag[open + 1..end]).ok_or(MALFORMED)?;
            if wanted(&tag[name.clone()]) {
                if self.attributes.len() == most {
                    return Err(MALFORMED);
                }
                let prefixed = prefix(&tag[name.clone()]) > 0;
                let value = open + 1..close;
                self.attributes.push(Attribute { name, value, prefixed, plain: false });
            }
            at = close + 1;
        }
    }

    /// Gives back what an unusual tag took.
    pub fn forget(&mut self) {
        self.attributes.clear();
        self.attributes.shrink_to(USUAL);
    }

    /// The element's qualified name in `tag`, which must be the bytes that were parsed.
    pub fn name<'a>(&self, tag: &'a [u8]) -> &'a [u8] {
        &tag[1..=self.name]
    }

    /// The prefix of the element's name, if it has one, and the local part.
    pub fn split_name<'a>(&self, tag: &'a [u8]) -> (Option<&'a [u8]>, &'a [u8]) {
        let name = self.name(tag);
        if self.prefix == 0 {
            (None, name)
        } else {
            (Some(&name[..self.prefix]), &name[self.prefix + 1..])
        }
    }

    /// The attribute of that very name.
    pub fn attribute(&self, tag: &[u8], name: &[u8]) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| &tag[attribute.name.clone()] == name)
    }

    /// The value of that attribute as a parser reports it, or nothing if XML forbids it.
    pub fn value<'a>(&self, tag: &'a [u8], name: &[u8]) -> Option<Cow<'a, str>> {
        self.attribute(tag, name)?.value(tag)
    }
}

/// Where the name that begins at `start` ends, and how long its prefix is, if it is a good name and
/// all of it ASCII.
#[inline]
fn plain_name(tag: &[u8], start: usize) -> Option<(usize, usize)> {
    let begins_name = |at| tag.get(at).is_some_and(|&byte| is(byte, START));
    let end = run(tag, start, NAME);
    if !begins_name(start) {
        return None;
    }
    if tag.get(end) != Some(&b':') {
        return Some((end, 0));
    }
    begins_name(end + 1).then(|| (run(tag, end + 1, NAME), end - start))
}

/// How long a name's prefix is.
fn prefix(name: &[u8]) -> usize {
    memchr(b':', name).unwrap_or(0)
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

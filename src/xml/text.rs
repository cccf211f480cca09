//! What text, attribute values and names must be to go out on our own stream.
//!
//! One bad echo would cost the stream and all its users (RFC 6120 §4.9.3.13), so this is as strict
//! as the server's parser. What can be stepped over makes a stanza [`Flaw::Unfit`]; what leaves in
//! doubt where things end is the server's [`Fault`].

use std::borrow::Cow;

use memchr::{memchr, memchr_iter, memmem};
use rxml_validation::validate_cdata;

use crate::xml::error::Fault;

/// Why a piece of a stanza cannot be echoed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// The stanza is to be bounced, and the stream goes on: a prefix that is not declared or against
    /// the rules, a character or reference that XML 1.0 forbids, an entity it does not define.
    Unfit,
    /// The stream ends.
    Fatal(Fault),
}

impl Flaw {
    /// What it is where there is no stanza that could be refused.
    pub fn fault(self) -> Fault {
        match self {
            Self::Unfit => Fault::NotWellFormed,
            Self::Fatal(fault) => fault,
        }
    }
}

/// ASCII that may stand in a name, but for the colon; that may begin one; that needs no second look
/// in an attribute's value. Names and values are short, and one look at each byte is cheapest.
pub const NAME: u8 = 1;
/// See [`NAME`].
pub const START: u8 = 2;
/// See [`NAME`].
pub const VALUE: u8 = 4;

/// By byte, which of these it is.
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0_u8;
    while byte < 0x80 {
        let start = byte.is_ascii_alphabetic() || byte == b'_';
        let name = start || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
        let value = byte >= b' ' && !matches!(byte, b'&' | b'<' | b'\'' | b'"');
        classes[byte as usize] =
            (name as u8 * NAME) | (start as u8 * START) | (value as u8 * VALUE);
        byte += 1;
    }
    classes
};

/// Whether a byte is of a class.
pub fn is(byte: u8, class: u8) -> bool {
    CLASSES[usize::from(byte)] & class != 0
}

/// Where the bytes of a class that begin at `from` end.
#[inline]
pub fn run(bytes: &[u8], from: usize, class: u8) -> usize {
    let mut at = from;
    while bytes.get(at).is_some_and(|&byte| is(byte, class)) {
        at += 1;
    }
    at
}

/// XML that breaks the grammar.
pub const MALFORMED: Flaw = Flaw::Fatal(Fault::NotWellFormed);

/// Checks character data, as it stands between tags.
///
/// # Errors
/// See [`Flaw`].
pub fn text(bytes: &[u8]) -> Result<(), Flaw> {
    if is_plain(bytes) {
        return Ok(());
    }
    if memmem::find(bytes, b"]]>").is_some() {
        return Err(MALFORMED); // XML 1.0 §2.4
    }
    characters(bytes)?;
    references(bytes)
}

/// Checks an attribute's value, as it stands between its quotes.
///
/// # Errors
/// See [`Flaw`].
pub fn value(bytes: &[u8]) -> Result<(), Flaw> {
    if is_plain(bytes) {
        return Ok(());
    }
    if memchr(b'<', bytes).is_some() {
        return Err(MALFORMED); // XML 1.0 §3.1, "No < in Attribute Values"
    }
    characters(bytes)?;
    references(bytes)
}

/// Checks the inside of a CDATA section, where nothing is a reference.
///
/// # Errors
/// See [`Flaw`].
pub fn characters(bytes: &[u8]) -> Result<(), Flaw> {
    let text = str::from_utf8(bytes).map_err(|_| Flaw::Fatal(Fault::UnsupportedEncoding))?;
    validate_cdata(text).map_err(|_| Flaw::Unfit)
}

/// Checks a qualified name (Namespaces in XML §4) and says where its colon is.
///
/// # Errors
/// See [`Flaw`]; a bad name is always fatal.
pub fn qualified_name(bytes: &[u8]) -> Result<Option<usize>, Flaw> {
    let colon = memchr(b':', bytes);
    let Some(at) = colon else {
        return ncname(bytes).map(|()| None);
    };
    ncname(&bytes[..at])?;
    ncname(&bytes[at + 1..])?;
    Ok(colon)
}

/// An attribute's value as a parser reports it: references resolved, white space made blanks
/// (XML 1.0 §3.3.3). `None` if it holds what it may not.
pub fn normalized(raw: &[u8]) -> Option<Cow<'_, str>> {
    value(raw).ok()?;
    let raw = str::from_utf8(raw).ok()?;
    if !raw.contains(['&', '\t', '\n', '\r']) {
        return Some(Cow::Borrowed(raw));
    }
    let blank = raw.replace("\r\n", " ").replace(['\t', '\n', '\r'], " ");
    quick_xml::escape::unescape(&blank).ok().map(|text| Cow::Owned(text.into_owned()))
}

/// Nearly all text is printable ASCII without anything special, and this vectorises.
#[expect(clippy::needless_bitwise_bool, reason = "branches would keep it from vectorising")]
fn is_plain(bytes: &[u8]) -> bool {
    bytes.iter().fold(true, |plain, &b| {
        let printable = (0x20..0x80).contains(&b) | (b == b'\n');
        plain & printable & (b != b'&') & (b != b'<') & (b != b']')
    })
}

/// XML 1.0 §4.1 and §4.6: the five entities, and references to characters that may stand.
fn references(bytes: &[u8]) -> Result<(), Flaw> {
    for at in memchr_iter(b'&', bytes) {
        let rest = &bytes[at + 1..];
        let reference = &rest[..memchr(b';', rest).ok_or(MALFORMED)?];
        match reference {
            b"lt" | b"gt" | b"amp" | b"apos" | b"quot" => {}
            [b'#', b'x', digits @ ..] => character_reference(digits, 16)?,
            [b'#', digits @ ..] => character_reference(digits, 10)?,
            name => return Err(ncname(name).err().unwrap_or(Flaw::Unfit)),
        }
    }
    Ok(())
}

fn character_reference(digits: &[u8], radix: u32) -> Result<(), Flaw> {
    if digits.is_empty() || !digits.iter().all(|&b| char::from(b).is_digit(radix)) {
        return Err(MALFORMED);
    }
    let code = str::from_utf8(digits).ok().and_then(|it| u32::from_str_radix(it, radix).ok());
    let character = code.and_then(char::from_u32).ok_or(Flaw::Unfit)?;
    validate_cdata(character.encode_utf8(&mut [0; 4])).map_err(|_| Flaw::Unfit)
}

#[expect(clippy::needless_bitwise_bool, reason = "branches would keep it from vectorising")]
fn ncname(bytes: &[u8]) -> Result<(), Flaw> {
    let (first, rest) = bytes.split_first().ok_or(MALFORMED)?;
    let ascii_start = first.is_ascii_alphabetic() | (*first == b'_');
    let ascii_rest = rest.iter().fold(true, |good, &b| {
        good & (b.is_ascii_alphanumeric() | (b == b'-') | (b == b'_') | (b == b'.'))
    });
    if ascii_start && ascii_rest {
        return Ok(());
    }
    let name = str::from_utf8(bytes).map_err(|_| Flaw::Fatal(Fault::UnsupportedEncoding))?;
    let mut rest = name.chars();
    let good = rest.next().is_some_and(begins_name) && rest.all(continues_name);
    if good { Ok(()) } else { Err(MALFORMED) }
}

/// XML 1.0 §2.3, fifth edition, without the colon. Not `rxml_validation`'s, which leaves out U+FDF0
/// to U+FFFD: servers forward such names, and they must not cost the stream.
fn begins_name(c: char) -> bool {
    matches!(c,
        'A'..='Z' | '_' | 'a'..='z' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}'
        | '\u{f8}'..='\u{2ff}' | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}'
        | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}'
        | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}'
        | '\u{10000}'..='\u{effff}')
}

fn continues_name(c: char) -> bool {
    begins_name(c)
        || matches!(c,
            '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENCODING: Flaw = Flaw::Fatal(Fault::UnsupportedEncoding);

    #[test]
    fn text_is_judged_as_xml_1_0_does() {
        for (bytes, verdict) in [
            (&b"plain text, with > and ' and \" and ]] and ]&gt;"[..], Ok(())),
            ("\t\r\n\u{7f}\u{85}\u{a0}\u{fdd0}\u{fffd}\u{1f600}\u{1ffff}".as_bytes(), Ok(())),
            (b"&lt;&gt;&amp;&apos;&quot;&#13;&#x1F600;&#0000000000065;", Ok(())),
            (b"\x01", Err(Flaw::Unfit)),
            (b"\0", Err(Flaw::Unfit)),
            ("\u{fffe}".as_bytes(), Err(Flaw::Unfit)),
            ("\u{ffff}".as_bytes(), Err(Flaw::Unfit)),
            (b"&#0;", Err(Flaw::Unfit)),
            (b"&#x1f;", Err(Flaw::Unfit)),
            (b"&#xD800;", Err(Flaw::Unfit)),
            (b"&#xFFFE;", Err(Flaw::Unfit)),
            (b"&#x110000;", Err(Flaw::Unfit)),
            (b"&#99999999999999999999;", Err(Flaw::Unfit)),
            (b"&nbsp;", Err(Flaw::Unfit)),
            (b"]]>", Err(MALFORMED)),
            (b"a & b", Err(MALFORMED)),
            (b"a & b;", Err(MALFORMED)),
            (b"&;", Err(MALFORMED)),
            (b"&#;", Err(MALFORMED)),
            (b"&#x;", Err(MALFORMED)),
            (b"&#X41;", Err(MALFORMED)),
            (b"&#+65;", Err(MALFORMED)),
            (b"&#12a;", Err(MALFORMED)),
            (b"\xff", Err(ENCODING)),
            (b"\xc0\x80", Err(ENCODING)),
            (b"\xed\xa0\x80", Err(ENCODING)),
            (b"\xf4\x90\x80\x80", Err(ENCODING)),
        ] {
            assert_eq!(text(bytes), verdict, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn values_may_hold_what_text_may_not_and_the_other_way_round() {
        assert_eq!(value(b"]]>"), Ok(()));
        assert_eq!(value(b"a<b"), Err(MALFORMED));
        assert_eq!(value(b"&bad;"), Err(Flaw::Unfit));
        assert_eq!(value(b"'\"\r\n\t"), Ok(()));
    }

    #[test]
    fn names_have_at_most_one_colon_and_begin_like_names() {
        for (name, verdict) in [
            ("body", Ok(None)),
            ("_x-1.b", Ok(None)),
            ("xml:lang", Ok(Some(3))),
            ("é:ü", Ok(Some(2))),
            ("", Err(MALFORMED)),
            (":", Err(MALFORMED)),
            ("a:", Err(MALFORMED)),
            (":a", Err(MALFORMED)),
            ("a:b:c", Err(MALFORMED)),
            ("a:1", Err(MALFORMED)),
            ("1a", Err(MALFORMED)),
            ("-a", Err(MALFORMED)),
            ("a\u{1}", Err(MALFORMED)),
            ("a<b", Err(MALFORMED)),
            ("a\u{d7}", Err(MALFORMED)),
            ("\u{fdf0}:\u{fffd}", Ok(Some(3))),
            ("\u{fdcf}\u{fdf2}", Ok(None)),
            ("a\u{fdef}", Err(MALFORMED)),
            ("a\u{fffe}", Err(MALFORMED)),
            ("a\u{b7}\u{300}\u{203f}", Ok(None)),
            ("\u{300}", Err(MALFORMED)),
            ("\u{effff}", Ok(None)),
            ("\u{f0000}", Err(MALFORMED)),
        ] {
            assert_eq!(qualified_name(name.as_bytes()), verdict, "{name:?}");
        }
        assert_eq!(qualified_name(b"a\xff"), Err(ENCODING));
    }

    #[test]
    fn normalizing_is_what_a_parser_does_to_values() {
        assert_eq!(normalized(b"a&#x62;&amp;c").unwrap(), "ab&c");
        assert_eq!(normalized(b"a\r\nb\tc&#10;").unwrap(), "a b c\n");
        assert_eq!(normalized(b"&#1;"), None);
    }
}

//! What text and attribute values must be to stand in another stream.
//!
//! As strict as a server's parser, since one bad echo would cost the stream and all its users
//! (RFC 6120 §4.9.3.13). Says what is wrong, not what is done about it.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter};

use crate::xml::error::Fault::{self, NotWellFormed};
use crate::xml::names::ncname;

/// Whether character data, as it stands between tags, is fit to be sent on.
///
/// # Errors
/// What ends the stream.
pub fn text(bytes: &[u8]) -> Result<bool, Fault> {
    if memchr_iter(b']', bytes).any(|at| bytes[at..].starts_with(b"]]>")) {
        return Err(NotWellFormed); // XML 1.0 §2.4
    }
    Ok(characters(bytes)? && references(bytes, |_, _, _| {})?)
}

/// The same of an attribute's value, as it stands between its quotes.
///
/// # Errors
/// The same.
pub fn value(bytes: &[u8]) -> Result<bool, Fault> {
    if memchr(b'<', bytes).is_some() {
        return Err(NotWellFormed); // XML 1.0 §3.1, "No < in Attribute Values"
    }
    Ok(characters(bytes)? && references(bytes, |_, _, _| {})?)
}

/// The same of the inside of a CDATA section, where nothing is a reference.
///
/// # Errors
/// The same.
pub fn characters(bytes: &[u8]) -> Result<bool, Fault> {
    let ascii = bytes.is_ascii();
    if !ascii && simdutf8::basic::from_utf8(bytes).is_err() {
        return Err(Fault::UnsupportedEncoding);
    }
    Ok(!has_controls(bytes) && (ascii || !has_noncharacters(bytes)))
}

/// XML 1.0 §2.2 forbids these.
#[expect(clippy::needless_bitwise_bool, reason = "branches would keep it from vectorising")]
fn has_controls(bytes: &[u8]) -> bool {
    bytes.chunks(1024).any(|chunk| {
        chunk.iter().fold(false, |found, &b| {
            found | ((b < b' ') & (b != b'\t') & (b != b'\n') & (b != b'\r'))
        })
    })
}

/// And U+FFFE and U+FFFF, which are these bytes in UTF-8.
fn has_noncharacters(utf8: &[u8]) -> bool {
    memchr_iter(0xef, utf8).any(|at| matches!(utf8[at + 1..], [0xbf, 0xbe | 0xbf, ..]))
}

/// Checks references (XML 1.0 §4.1 and §4.6: the five entities, and characters that may stand), and
/// tells of each where it begins, what it stands for and where it ends.
fn references(bytes: &[u8], mut seen: impl FnMut(usize, char, usize)) -> Result<bool, Fault> {
    for at in memchr_iter(b'&', bytes) {
        let reference = match entity(&bytes[at..]) {
            None => other_reference(&bytes[at + 1..])?,
            entity => entity,
        };
        let Some((character, length)) = reference else { return Ok(false) };
        seen(at, character, at + length);
    }
    Ok(true)
}

/// What the reference stands for that `bytes` begin with, and how long it is, if it is to one of the five
/// entities.
#[inline]
pub fn entity(bytes: &[u8]) -> Option<(char, usize)> {
    Some(match bytes {
        [b'&', b'a', b'm', b'p', b';', ..] => ('&', 5),
        [b'&', b'l', b't', b';', ..] => ('<', 4),
        [b'&', b'g', b't', b';', ..] => ('>', 4),
        [b'&', b'q', b'u', b'o', b't', b';', ..] => ('"', 6),
        [b'&', b'a', b'p', b'o', b's', b';', ..] => ('\'', 6),
        _ => return None,
    })
}

/// What stands behind a `&` that begins none of the five entities, and how long it is; nothing if it may
/// not stand.
fn other_reference(rest: &[u8]) -> Result<Option<(char, usize)>, Fault> {
    let length = memchr(b';', rest).ok_or(NotWellFormed)?;
    let character = match &rest[..length] {
        [b'#', b'x', digits @ ..] => character_reference(digits, 16)?,
        [b'#', digits @ ..] => character_reference(digits, 10)?,
        name => ncname(name).map(|()| None)?,
    };
    Ok(character.map(|it| (it, length + 2)))
}

fn character_reference(digits: &[u8], radix: u32) -> Result<Option<char>, Fault> {
    if digits.is_empty() || !digits.iter().all(|&b| char::from(b).is_digit(radix)) {
        return Err(NotWellFormed);
    }
    let code = str::from_utf8(digits).ok().and_then(|it| u32::from_str_radix(it, radix).ok());
    let may_stand = |it: &char| characters(it.encode_utf8(&mut [0; 4]).as_bytes()) == Ok(true);
    Ok(code.and_then(char::from_u32).filter(may_stand))
}

/// An attribute's value as a parser reports it: references resolved, white space made blanks
/// (XML 1.0 §3.3.3). `None` if it holds what it may not.
pub fn normalized(raw: &[u8]) -> Option<Cow<'_, str>> {
    value(raw).ok().filter(|fit| *fit)?;
    let raw = str::from_utf8(raw).ok()?;
    if !raw.contains(['&', '\t', '\n', '\r']) {
        return Some(Cow::Borrowed(raw));
    }
    let (mut text, mut copied) = (String::with_capacity(raw.len()), 0);
    let blank = |raw: &str| raw.replace("\r\n", " ").replace(['\t', '\n', '\r'], " ");
    references(raw.as_bytes(), |at, character, end| {
        text.push_str(&blank(&raw[copied..at]));
        text.push(character);
        copied = end;
    })
    .ok()?;
    text.push_str(&blank(&raw[copied..]));
    Some(Cow::Owned(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENCODING: Fault = Fault::UnsupportedEncoding;

    #[test]
    fn text_is_judged_as_xml_1_0_does() {
        for (bytes, verdict) in [
            (&b"plain text, with > and ' and \" and ]] and ]&gt;"[..], Ok(true)),
            ("\t\r\n\u{7f}\u{85}\u{a0}\u{fdd0}\u{fffd}\u{1f600}\u{1ffff}".as_bytes(), Ok(true)),
            (b"&lt;&gt;&amp;&apos;&quot;&#13;&#x1F600;&#0000000000065;", Ok(true)),
            (b"\x01", Ok(false)),
            (b"\0", Ok(false)),
            ("\u{fffe}".as_bytes(), Ok(false)),
            ("\u{ffff}".as_bytes(), Ok(false)),
            (b"&#0;", Ok(false)),
            (b"&#x1f;", Ok(false)),
            (b"&#xD800;", Ok(false)),
            (b"&#xFFFE;", Ok(false)),
            (b"&#x110000;", Ok(false)),
            (b"&#99999999999999999999;", Ok(false)),
            (b"&nbsp;", Ok(false)),
            (b"]]>", Err(NotWellFormed)),
            (b"a & b", Err(NotWellFormed)),
            (b"a & b;", Err(NotWellFormed)),
            (b"&;", Err(NotWellFormed)),
            (b"&#;", Err(NotWellFormed)),
            (b"&#x;", Err(NotWellFormed)),
            (b"&#X41;", Err(NotWellFormed)),
            (b"&#+65;", Err(NotWellFormed)),
            (b"&#12a;", Err(NotWellFormed)),
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
        assert_eq!(value(b"]]>"), Ok(true));
        assert_eq!(value(b"a<b"), Err(NotWellFormed));
        assert_eq!(value(b"&bad;"), Ok(false));
        assert_eq!(value(b"'\"\r\n\t"), Ok(true));
    }

    #[test]
    fn normalizing_is_what_a_parser_does_to_values() {
        assert_eq!(normalized(b"a&#x62;&amp;c").unwrap(), "ab&c");
        assert_eq!(normalized(b"a\r\nb\tc&#10;").unwrap(), "a b c\n");
        assert_eq!(normalized(b"&amp;#98;").unwrap(), "&#98;", "once");
        assert_eq!(normalized(b"&#1;"), None);
    }
}

//! Names: what XML 1.0 §2.3 and Namespaces in XML §4 let be one.

use memchr::memchr;

use crate::xml::error::Fault::{self, NotWellFormed};
use crate::xml::scan::{ENDS_NAME, NAME, START, is, run};

/// The name that begins at `start`: where it ends, and where its local part begins.
///
/// # Errors
/// If it is no name, or not all there.
#[inline]
pub fn name(s: &[u8], start: usize) -> Result<(usize, usize), Fault> {
    let end = run(s, start, NAME);
    let next = *s.get(end).ok_or(NotWellFormed)?;
    if is(s[start], START) {
        if is(next, ENDS_NAME) {
            return Ok((end, start));
        }
        if next == b':' && s.get(end + 1).is_some_and(|&byte| is(byte, START)) {
            let local = end + 1;
            let end = run(s, local, NAME);
            if s.get(end).is_some_and(|&byte| is(byte, ENDS_NAME)) {
                return Ok((end, local));
            }
        }
    }
    odd_name(s, start)
}

#[cold]
fn odd_name(s: &[u8], start: usize) -> Result<(usize, usize), Fault> {
    let length = s[start..].iter().position(|&byte| is(byte, ENDS_NAME)).ok_or(NotWellFormed)?;
    let colon = qualified_name(&s[start..start + length])?;
    Ok((start + length, colon.map_or(start, |at| start + at + 1)))
}

/// Checks a qualified name and says where its colon is.
///
/// # Errors
/// If it is none.
pub fn qualified_name(bytes: &[u8]) -> Result<Option<usize>, Fault> {
    let colon = memchr(b':', bytes);
    if let Some(at) = colon {
        ncname(&bytes[..at])?;
    }
    ncname(&bytes[colon.map_or(0, |at| at + 1)..])?;
    Ok(colon)
}

/// Checks a name without a colon.
///
/// # Errors
/// The same.
pub fn ncname(bytes: &[u8]) -> Result<(), Fault> {
    let name = str::from_utf8(bytes).map_err(|_| Fault::UnsupportedEncoding)?;
    let mut rest = name.chars();
    let good = rest.next().is_some_and(begins_name) && rest.all(continues_name);
    if good { Ok(()) } else { Err(NotWellFormed) }
}

/// XML 1.0 §2.3, fifth edition, without the colon: U+FDF0 to U+FFFD are in it, and servers forward such
/// names.
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

    const ENCODING: Fault = Fault::UnsupportedEncoding;

    #[test]
    fn names_have_at_most_one_colon_and_begin_like_names() {
        for (name, verdict) in [
            ("body", Ok(None)),
            ("_x-1.b", Ok(None)),
            ("xml:lang", Ok(Some(3))),
            ("é:ü", Ok(Some(2))),
            ("", Err(NotWellFormed)),
            (":", Err(NotWellFormed)),
            ("a:", Err(NotWellFormed)),
            (":a", Err(NotWellFormed)),
            ("a:b:c", Err(NotWellFormed)),
            ("a:1", Err(NotWellFormed)),
            ("1a", Err(NotWellFormed)),
            ("-a", Err(NotWellFormed)),
            ("a\u{1}", Err(NotWellFormed)),
            ("a<b", Err(NotWellFormed)),
            ("a\u{d7}", Err(NotWellFormed)),
            ("\u{fdf0}:\u{fffd}", Ok(Some(3))),
            ("\u{fdcf}\u{fdf2}", Ok(None)),
            ("a\u{fdef}", Err(NotWellFormed)),
            ("a\u{fffe}", Err(NotWellFormed)),
            ("a\u{b7}\u{300}\u{203f}", Ok(None)),
            ("\u{300}", Err(NotWellFormed)),
            ("\u{effff}", Ok(None)),
            ("\u{f0000}", Err(NotWellFormed)),
        ] {
            assert_eq!(qualified_name(name.as_bytes()), verdict, "{name:?}");
        }
        assert_eq!(qualified_name(b"a\xff"), Err(ENCODING));
    }
}

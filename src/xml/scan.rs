//! Runs of plain bytes, sixteen at a time where so many are there. Says where they end, not what that
//! means.

use wide::{CmpEq, CmpLt, i8x16};

/// ASCII that may stand in a name, but for the colon.
pub const NAME: u8 = 1;
/// ASCII that may begin a name.
pub const START: u8 = 2;
/// What ends a name, whatever it consists of.
pub const ENDS_NAME: u8 = 4;
/// White space (XML 1.0 §2.3).
pub const BLANK: u8 = 8;
const TEXT: u8 = 16;
const VALUE: u8 = 32;

/// By byte, which of these it is.
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0_u8;
    while byte < 0x80 {
        let start = byte.is_ascii_alphabetic() || byte == b'_';
        let name = start || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
        let blank = matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        let ends = blank || matches!(byte, b'/' | b'>' | b'=');
        let plain = byte >= b' ' && !matches!(byte, b'&' | b'<');
        classes[byte as usize] = (name as u8 * NAME)
            | (start as u8 * START)
            | (ends as u8 * ENDS_NAME)
            | (blank as u8 * BLANK)
            | ((plain && byte != b']') as u8 * TEXT)
            | ((plain && byte != b'\'' && byte != b'"') as u8 * VALUE);
        byte += 1;
    }
    classes
};

/// Whether a byte is of a class.
#[inline]
pub fn is(byte: u8, class: u8) -> bool {
    CLASSES[usize::from(byte)] & class != 0
}

/// Where the bytes of a class that begin at `from` end. Names are short, and one look at each byte is
/// cheapest.
#[inline]
pub fn run(s: &[u8], from: usize, class: u8) -> usize {
    let mut at = from;
    while at < s.len() && is(s[at], class) {
        at += 1;
    }
    at
}

/// Where the text that begins at `from` holds something other than printable ASCII, or what may mean
/// something.
#[inline]
pub fn plain_text(s: &[u8], from: usize) -> usize {
    plain(s, from, b']', TEXT)
}

/// The same of a value in these quotes. Near the end of `s` the other quote ends it too, so the caller
/// has to look at the byte there.
#[inline]
pub fn plain_value(s: &[u8], from: usize, quote: u8) -> usize {
    plain(s, from, quote, VALUE)
}

#[inline]
fn plain(s: &[u8], from: usize, other: u8, class: u8) -> usize {
    let mut at = from;
    while let Some(block) = block(s, at) {
        // Signed, so that bytes beyond ASCII are below the blank too.
        let odd = block.cmp_lt(splat(b' '))
            | block.cmp_eq(splat(b'&'))
            | block.cmp_eq(splat(b'<'))
            | block.cmp_eq(splat(other));
        if let Some(first) = first(odd) {
            return at + first;
        }
        at += 16;
    }
    run(s, at, class)
}

/// The first of two bytes in `s[from..to]`, or `to`.
#[inline]
pub fn find(s: &[u8], from: usize, to: usize, a: u8, b: u8) -> usize {
    let mut at = from;
    while at < to {
        let Some(block) = block(s, at) else {
            return (at..to).find(|&at| s[at] == a || s[at] == b).unwrap_or(to);
        };
        if let Some(first) = first(block.cmp_eq(splat(a)) | block.cmp_eq(splat(b))) {
            return to.min(at + first);
        }
        at += 16;
    }
    to
}

/// Whether what stands at `a` and at `b` is the same for so many bytes, which both are there. Names are
/// short, and a call would cost more than the look.
#[inline]
pub fn same(s: &[u8], a: usize, b: usize, length: usize) -> bool {
    match (block(s, a), block(s, b)) {
        (Some(a), Some(b)) if length <= 16 => {
            a.cmp_eq(b).move_mask().trailing_ones() as usize >= length
        }
        _ => s[a..a + length] == s[b..b + length],
    }
}

#[inline]
fn block(s: &[u8], at: usize) -> Option<i8x16> {
    let block: &[u8; 16] = s.get(at..at.wrapping_add(16))?.try_into().ok()?;
    Some(i8x16::new(block.map(u8::cast_signed)))
}

#[inline]
fn splat(byte: u8) -> i8x16 {
    i8x16::splat(byte.cast_signed())
}

#[inline]
fn first(found: i8x16) -> Option<usize> {
    let mask = found.move_mask();
    (mask != 0).then_some(mask.trailing_zeros() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_ends_at_the_first_byte_of_another_kind_wherever_that_is() {
        for length in 0..40 {
            for (odd, text, value) in [
                (b'<', true, true),
                (b'&', true, true),
                (b'\n', true, true),
                (0xc3, true, true),
                (b']', true, false),
                (b'"', false, true),
                (b'~', false, false),
            ] {
                let s = [&vec![b'x'; length][..], &[odd], &[b'y'; 20]].concat();
                let ends = |odd: bool| if odd { length } else { s.len() };
                assert_eq!(plain_text(&s, 0), ends(text), "{length} {odd}");
                assert_eq!(plain_value(&s, 0, b'"'), ends(value), "{length} {odd}");
                assert_eq!(find(&s, 0, s.len(), odd, b'@'), length);
                assert_eq!(find(&s, 0, length, odd, b'@'), length);
            }
        }
    }

    #[test]
    fn near_the_end_a_value_ends_at_either_quote() {
        assert_eq!(plain_value(b"a'b\"", 0, b'"'), 1);
        assert_eq!(plain_value(b"a'b\"0123456789abcdef", 0, b'"'), 3);
    }
}

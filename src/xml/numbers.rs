//! Numbers for names: whoever writes a stanza chooses how long its names are, so they are compared by
//! number, which takes constant time. Knows nothing of what they are names of.

use std::collections::HashMap;
use std::sync::Arc;

/// What is kept from stanza to stanza, so that common names cost no allocation: so many, and so many
/// bytes of them.
const MOST: usize = 256;
const LONGEST: usize = 64 << 10;

/// The names that have a number.
#[derive(Debug, Default)]
pub struct Numbers {
    known: HashMap<Arc<[u8]>, usize>,
    names: Vec<Arc<[u8]>>,
    bytes: usize,
}

impl Numbers {
    /// The number of `name`, which it has from now on if it had none.
    pub fn number(&mut self, name: &[u8]) -> usize {
        if let Some(number) = self.known(name) {
            return number;
        }
        let (name, number): (Arc<[u8]>, _) = (name.into(), self.names.len());
        self.bytes += name.len();
        self.names.push(name.clone());
        self.known.insert(name, number);
        number
    }

    /// The number of `name`, if it has one.
    pub fn known(&self, name: &[u8]) -> Option<usize> {
        self.known.get(name).copied()
    }

    /// The name that has this number.
    pub fn name(&self, number: usize) -> Option<&[u8]> {
        self.names.get(number).map(AsRef::as_ref)
    }

    /// Forgets all names if they have become too many, and says so.
    pub fn forget(&mut self) -> bool {
        let too_many = self.names.len() > MOST || self.bytes > LONGEST;
        if too_many {
            *self = Self::default();
        }
        too_many
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_number_until_there_are_too_many_or_too_long_ones() {
        let mut numbers = Numbers::default();
        assert_eq!([b"a", b"b", b"a"].map(|name| numbers.number(name)), [0, 1, 0]);
        assert_eq!(numbers.name(1), Some(&b"b"[..]));
        assert!(!numbers.forget());
        assert_eq!(numbers.known(b"b"), Some(1));
        numbers.number(&vec![b'x'; LONGEST]);
        assert!(numbers.forget());
        assert_eq!(numbers.known(b"b"), None);
        for name in 0..=MOST {
            numbers.number(name.to_string().as_bytes());
        }
        assert!(numbers.forget());
        assert!(!numbers.forget());
    }
}

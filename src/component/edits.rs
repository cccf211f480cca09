//! What is changed in a stanza on its way back: a few places, in their order. All else goes out as it
//! came.
//!
//! Holds places and words, never the stanza, and decides nothing.

use std::ops::Range;

use crate::component::outbox::Outbox;

/// What stands in a place afterwards.
#[derive(Debug, Clone)]
pub enum With {
    /// These words.
    Words(&'static str),
    /// What stands at another place in the same stanza.
    Place(Range<usize>),
    /// The component's domain.
    Domain,
}

/// The changes to one stanza. One value serves for stanza after stanza, so that its memory is reused.
#[derive(Debug, Default)]
pub struct Edits {
    places: Vec<(Range<usize>, With)>,
    growth: isize,
    domain: String,
}

/// Room for so many edits is kept from stanza to stanza.
const KEPT: usize = 256;

impl Edits {
    /// None, for a component of that domain.
    pub fn new(domain: &str) -> Self {
        Self { places: vec![], growth: 0, domain: domain.to_owned() }
    }

    /// Begins anew.
    #[inline]
    pub fn clear(&mut self) {
        self.places.clear();
        self.places.shrink_to(KEPT);
        self.growth = 0;
    }

    /// Replaces a place, or adds words where it is empty.
    #[inline]
    pub fn replace(&mut self, place: Range<usize>, with: With) {
        self.growth += self.length(&with).cast_signed() - place.len().cast_signed();
        if self.places.last().is_none_or(|(last, _)| last.end <= place.start) {
            self.places.push((place, with));
        } else {
            self.insert(place, with);
        }
    }

    #[cold]
    fn insert(&mut self, place: Range<usize>, with: With) {
        // From the end: a message may hold thousands of children with two edits each.
        let after = self.places.iter().rev().take_while(|(it, _)| it.end > place.start).count();
        self.places.insert(self.places.len() - after, (place, with));
    }

    fn length(&self, with: &With) -> usize {
        match with {
            With::Words(words) => words.len(),
            With::Place(place) => place.len(),
            With::Domain => self.domain.len(),
        }
    }

    /// Takes a place out.
    pub fn remove(&mut self, place: Range<usize>) {
        self.replace(place, With::Words(""));
    }

    /// What will stand in a place.
    #[inline]
    pub fn text<'a>(&'a self, stanza: &'a [u8], with: &With) -> &'a [u8] {
        match with {
            With::Words(words) => words.as_bytes(),
            With::Place(place) => &stanza[place.clone()],
            With::Domain => self.domain.as_bytes(),
        }
    }

    /// By how many bytes the stanza grows.
    pub fn growth(&self) -> isize {
        self.growth
    }

    /// By how many bytes a tag may be longer, or what is behind it shorter, at most. What trades places
    /// within the start tag, which has `head` bytes, changes neither.
    pub fn changed(&self, head: usize) -> usize {
        let trades =
            |place: &Range<usize>, with: &With| place.end < head && matches!(with, With::Place(_));
        let places = self.places.iter().filter(|(place, with)| !trades(place, with));
        places.map(|(place, with)| self.length(with).abs_diff(place.len())).sum()
    }

    /// Lets the stanza go out with these changes.
    #[inline]
    pub fn write(&self, stanza: &[u8], out: &mut Outbox) {
        let mut copied = 0;
        for (place, with) in &self.places {
            out.push(&stanza[copied..place.start]);
            out.push(self.text(stanza, with));
            copied = place.end;
        }
        out.push(&stanza[copied..]);
    }
}

//! The rules of the mirror: which messages are sent back, and what is changed in them.
//!
//! Decides on the start tag alone, so that it is clear from there on how large the message may be.

use std::ops::Range;

use crate::component::address::Domain;
use crate::component::edits::{Edits, With};
use crate::xml::tag::{Attribute, Tag, Usual};

/// Why a message gets no answer at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Silence {
    /// It is an error, which is never answered (RFC 6120 §8.3.1).
    Error,
    /// Its `to` is not ours to speak for.
    ForeignTo,
    /// It has no `from`, or comes from our own domain.
    NoSender,
    /// It cannot be echoed, and it is not known whom to tell, or that would take too much.
    Unanswerable,
    /// Its sender has sent too many, and has been told.
    Flood,
}

/// What is changed in the start tag of a message's echo: `from` and `to` trade places, and it is in
/// our stream's own namespace. Says where the sender's bare JID is, as it was given.
///
/// # Errors
/// Why there is no answer.
#[inline]
pub fn mirror(
    s: &[u8],
    head: &Tag,
    domain: &Domain,
    edits: &mut Edits,
) -> Result<Range<usize>, Silence> {
    if head.get(Usual::Type).is_some_and(|it| it.is(s, |value| value == b"error")) {
        return Err(Silence::Error);
    }
    let from = head.get(Usual::From).ok_or(Silence::NoSender)?;
    let sender = domain.foreign(s, from).ok_or(Silence::NoSender)?;
    let to = head.get(Usual::To);
    if to.is_some_and(|to| !domain.speaks_for(s, to)) {
        return Err(Silence::ForeignTo);
    }
    edits.clear();
    match to {
        Some(to) if head.get(Usual::Xmlns).is_none() && head.prefix_range().is_empty() => {
            let (one, two) =
                if from.value().start < to.value().start { (from, to) } else { (to, from) };
            edits.replace(one.quoted(), With::Place(two.quoted()));
            edits.replace(two.quoted(), With::Place(one.quoted()));
        }
        to => unusual(head, from, to, edits),
    }
    Ok(sender)
}

/// The same where there is more to change, or no `to`.
#[cold]
fn unusual(head: &Tag, from: &Attribute, to: Option<&Attribute>, edits: &mut Edits) {
    if !head.prefix_range().is_empty() {
        edits.remove(head.prefix_range());
    }
    let mut before = head.name_end();
    for attribute in &head.attributes {
        let quoted = attribute.quoted();
        let is = |other: &Attribute| other.quoted() == quoted;
        if head.get(Usual::Xmlns).is_some_and(is) {
            edits.remove(before..quoted.end);
        } else if is(from) {
            match to {
                Some(to) => edits.replace(quoted.clone(), With::Place(to.quoted())),
                None => edits.replace(attribute.name_range(), With::Words("to")),
            }
        } else if to.is_some_and(is) {
            edits.replace(quoted.clone(), With::Place(from.quoted()));
        }
        before = quoted.end;
    }
    if to.is_none() {
        edits.replace(before..before, With::Words(" from='"));
        edits.replace(before..before, With::Domain);
        edits.replace(before..before, With::Words("'"));
    }
}

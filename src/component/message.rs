//! The rules for a message's start tag: whether it is sent back, and what is changed in the tag.
//!
//! Decides on the start tag alone, so that it is clear from there on how large the message may be. What
//! depends on its children is in `ids`, what depends on all of it in `finish`.

use std::fmt;

use crate::component::address::Domain;
use crate::component::edits::{Edits, With};
use crate::component::ids::{Ids, Parties};
use crate::xml::attributes::{Attribute, Usual};
use crate::xml::tag::Tag;

/// Why a stanza gets no answer at all.
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
    /// Its sender has sent too much, and has been told.
    Flood,
}

impl Silence {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 5] =
        [Self::Error, Self::ForeignTo, Self::NoSender, Self::Unanswerable, Self::Flood];

    /// Its name in metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::ForeignTo => "foreign-to",
            Self::NoSender => "no-sender",
            Self::Unanswerable => "unanswerable",
            Self::Flood => "flood",
        }
    }
}

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "it is an error",
            Self::ForeignTo => "its address is none that this component answers for",
            Self::NoSender => "there is nobody to answer",
            Self::Unanswerable => "its addresses or its start tag are too large",
            Self::Flood => "allowance used up",
        })
    }
}

/// Begins the echo of a message: `from` and `to` trade places, the id is mirrored if `ids` are, and it
/// is in our stream's own namespace. Says who writes to whom.
///
/// # Errors
/// Why there is no answer.
pub fn draft(
    s: &[u8],
    head: &Tag,
    domain: &Domain,
    ids: Ids,
    edits: &mut Edits,
) -> Result<Parties, Silence> {
    if head.get(Usual::Type).is_some_and(|it| it.is(s, |value| value == b"error")) {
        return Err(Silence::Error);
    }
    let from = head.get(Usual::From).ok_or(Silence::NoSender)?;
    let sender = domain.foreign(s, from).ok_or(Silence::NoSender)?;
    let asked = match head.get(Usual::To) {
        Some(to) => With::Place(domain.ours(s, to).ok_or(Silence::ForeignTo)?),
        None => With::Domain,
    };
    edits.clear();
    if !head.prefix_range().is_empty() {
        edits.remove(head.prefix_range());
    }
    if let Some(to) = head.get(Usual::To).map(Attribute::quoted) {
        edits.replace(from.quoted(), With::Place(to.clone()));
        edits.replace(to, With::Place(from.quoted()));
    } else {
        let behind = from.quoted().end;
        edits.replace(from.start()..from.start() + "from".len(), With::Words("to"));
        edits.replace(behind..behind, With::Words(" from='"));
        edits.replace(behind..behind, With::Domain);
        edits.replace(behind..behind, With::Words("'"));
    }
    if let Some(id) = head.get(Usual::Id) {
        ids.mirror(s, id, edits);
    }
    if let Some(xmlns) = head.get(Usual::Xmlns) {
        // With the blank before it.
        edits.remove(xmlns.start() - 1..xmlns.quoted().end);
    }
    Ok(Parties { sender, asked })
}

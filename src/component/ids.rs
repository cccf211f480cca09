//! Ids are mirrored, as addresses are.
//!
//! A chat program that gets a message with the id of one that it sent takes it for that very message,
//! and hides it. So `echo-` is put before an id, or taken away where it is, in the message itself and
//! wherever it names another: a correction of m1 corrects echo-m1, a receipt for echo-m1 is one for m1.
//! Done twice it changes nothing, which is what makes both directions right.

use std::ops::Range;

use memchr::{memchr, memrchr};

use crate::component::edits::{Edits, With};
use crate::xml::attributes::Attribute;
use crate::xml::frame::tag_end;
use crate::xml::notes::{ExpandedName, Noted};
use crate::xml::tag::SHORT_TAG;

/// What marks the id of an echo.
const ECHO: &str = "echo-";

/// So many bytes more are not what makes a short tag a long one.
const FEW: isize = 10;

/// The children by whose `id` one message names another, or itself. The commonest come first.
const NAMING: &[ExpandedName] = &[
    ("origin-id", "urn:xmpp:sid:0"),               // XEP-0359
    (REPLY, "urn:xmpp:reply:0"),                   // XEP-0461
    ("received", "urn:xmpp:receipts"),             // XEP-0184
    ("displayed", "urn:xmpp:chat-markers:0"),      // XEP-0333
    ("received", "urn:xmpp:chat-markers:0"),       // XEP-0333
    ("acknowledged", "urn:xmpp:chat-markers:0"),   // XEP-0333
    ("replace", "urn:xmpp:message-correct:0"),     // XEP-0308
    ("reactions", "urn:xmpp:reactions:0"),         // XEP-0444
    ("retract", "urn:xmpp:message-retract:1"),     // XEP-0424
    ("retract", "urn:xmpp:message-retract:0"),     // XEP-0424 before 0.4
    ("apply-to", "urn:xmpp:fasten:0"),             // XEP-0422
    ("attach-to", "urn:xmpp:message-attaching:1"), // XEP-0367
];

/// This one also names who wrote the message that is replied to.
const REPLY: &str = "reply";

/// Who writes to whom in a message: bare JIDs, as they are written.
#[derive(Debug, Clone)]
pub struct Parties {
    /// Where the sender's stands.
    pub sender: Range<usize>,
    /// That of the address that was written to.
    pub asked: With,
}

/// What becomes of ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ids {
    /// They are mirrored, for people.
    Mirrored,
    /// They stay, for programs that know an answer by its id.
    Kept,
}

impl Ids {
    /// The children whose ids are mirrored.
    pub fn naming(self) -> &'static [ExpandedName] {
        if self == Self::Mirrored { NAMING } else { &[] }
    }

    /// The id of a message in its echo.
    pub fn mirror(self, s: &[u8], id: &Attribute, edits: &mut Edits) {
        if self == Self::Mirrored {
            mirror(s, id, edits);
        }
    }
}

/// Mirrors one id, as it is written. An empty one stays.
///
/// One `echo-` is the mark; two of them are a part of an id that has none. Otherwise `echo-echo-m1`
/// would lose both, one on each way, and not be as it was.
fn mirror(s: &[u8], id: &Attribute, edits: &mut Edits) {
    let Range { start, end } = id.value();
    let mut unmarked = &s[start..end];
    let mut marks = 0;
    while let Some(rest @ [_, ..]) = unmarked.strip_prefix(ECHO.as_bytes()) {
        (unmarked, marks) = (rest, marks + 1);
    }
    if marks % 2 == 1 {
        edits.remove(start..start + ECHO.len());
    } else if start < end {
        edits.replace(start..start, With::Words(ECHO));
    }
}

/// Mirrors what a direct child of a message between these parties says of ids. `reach` is the judge's.
pub fn mirror_child(
    s: &[u8],
    child: &Noted,
    parties: &Parties,
    edits: &mut Edits,
    reach: &mut usize,
) {
    if let Some(to) = &child.to
        && child.name == REPLY
    {
        let before = edits.growth();
        trade(s, to, parties, edits);
        let growth = edits.growth() - before;
        if growth > FEW {
            // The judge has seen a short tag, which may be a long one now.
            *reach = (*reach).max(reach_of_grown(s, to, growth));
        }
    }
    mirror(s, &child.id, edits);
}

/// Puts the one of two bare JIDs where the other is written.
#[inline(never)]
fn trade(s: &[u8], to: &Attribute, parties: &Parties, edits: &mut Edits) {
    if edits.growth() > s.len().cast_signed() {
        return; // A reply is short, and its sender's address may be long: many would amplify.
    }
    let Parties { sender, asked } = parties;
    let named = &s[to.value()];
    let other = if named == edits.text(s, asked) {
        With::Place(sender.clone())
    } else if *named == s[sender.clone()] {
        asked.clone()
    } else {
        return;
    };
    // It must not end the value that it is put into.
    let quote = s[to.quoted().start];
    if memchr(quote, edits.text(s, &other)).is_none() {
        edits.replace(to.value(), other);
    }
}

/// What the judge's `reach` would be for the tag that an attribute stands in, were it longer by `growth`.
#[cold]
fn reach_of_grown(s: &[u8], attribute: &Attribute, growth: isize) -> usize {
    // No attribute holds a `<`.
    let start = memrchr(b'<', &s[..attribute.start()]).unwrap_or_default();
    let behind = attribute.quoted().end;
    let end = behind + tag_end(&s[behind..], &mut None).unwrap_or_default();
    let length = (end - start).saturating_add_signed(growth);
    if length < SHORT_TAG { 0 } else { end + length }
}

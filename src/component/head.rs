//! The start tag of a top-level element: what is to become of the stanza, and the echo's own start tag.
//!
//! Writes to the output no more than a start tag, and remembers nothing.

use crate::component::address::Domain;
use crate::component::outbox::Output;
use crate::component::step::{Bounce, Head, Kind, Missing, Silence, Step};
use crate::xml::tag::{Attribute, Tag};

/// A start tag longer than the limit is not copied, but for addresses and id of at most this length.
const ADDRESS: usize = 64 << 10;

/// The attributes that are looked at in such a tag, beside the declaration of its prefix.
pub const KEPT: [&[u8]; 5] = [b"from", b"to", b"id", b"type", b"xmlns"];

/// What is done with the top-level element that is open.
#[derive(Debug, Clone, Copy)]
pub enum Open {
    /// It is copied, all but its end tag if that has a prefix.
    Echo {
        /// The start tag of the echo.
        head: Head,
        /// Whether its name has a prefix, which the echo's has not.
        prefixed: bool,
    },
    /// Its start tag and payload are copied.
    Collect {
        /// What it is.
        kind: Kind,
        /// The length of the start tag.
        head: usize,
    },
    /// It is passed over, and then this is said.
    Skip(Step),
}

/// A start tag, taken apart, and what it is judged by.
#[derive(Debug)]
pub struct Start<'a> {
    /// The tag as it came.
    pub bytes: &'a [u8],
    /// The same, taken apart. Of a tag over the limit it need have no attributes but [`KEPT`].
    pub tag: &'a Tag,
    /// The component's domain.
    pub domain: &'a Domain,
    /// The most that an echo may be, in bytes.
    pub limit: usize,
}

impl Start<'_> {
    /// That of a message.
    pub fn message(&self, out: &mut Output) -> Open {
        let Self { bytes, tag, domain, limit } = *self;
        let ignored = |why| Open::Skip(Step::Ignored(why));
        let type_ = tag.attribute(bytes, b"type");
        if type_.is_some_and(|it| it.is(bytes, |value| value == b"error")) {
            return ignored(Silence::Error);
        }
        let (from, to) = (tag.attribute(bytes, b"from"), tag.attribute(bytes, b"to"));
        let others = |from: &&Attribute| from.is(bytes, |from| !domain.has_bytes(from));
        let Some(from) = from.filter(others) else {
            return ignored(Silence::NoSender);
        };
        if !to.is_none_or(|to| to.is(bytes, |to| domain.speaks_for_bytes(to))) {
            return ignored(Silence::ForeignTo);
        }
        let head = self.write_head(from, to, out);
        if self.is_too_long() {
            return Open::Skip(Step::Refused { head, bounce: Bounce::TooLarge(limit) });
        }
        Open::Echo { head, prefixed: tag.prefix > 0 }
    }

    /// That of a stanza which is answered from its payload.
    pub fn collect(&self, kind: Kind, out: &mut Output) -> Open {
        if self.is_too_long() {
            return self.collect_kept(kind, out);
        }
        out.push(self.bytes);
        Open::Collect { kind, head: self.bytes.len() }
    }

    fn is_too_long(&self) -> bool {
        self.bytes.len() > self.limit
    }

    /// The echo's start tag: all as it was, but for `from`, `to` and `xmlns`.
    // Once a message: inlined, it would crowd out of registers what is there for every element.
    #[inline(never)]
    fn write_head(&self, from: &Attribute, to: Option<&Attribute>, out: &mut Output) -> Head {
        let Self { bytes, tag, domain, .. } = *self;
        let too_long = self.is_too_long();
        let mut sender = (0, 0);
        out.push(b"<message");
        for attribute in &tag.attributes {
            let name = &bytes[attribute.name.clone()];
            if too_long
                && (!matches!(name, b"from" | b"to" | b"id") || attribute.value.len() > ADDRESS)
            {
                continue;
            }
            let (name, value) = match (name, to) {
                (b"xmlns", _) => continue,
                (b"from", Some(to)) => (name, to),
                (b"from", None) => (&b"to"[..], attribute),
                (b"to", _) => (name, from),
                _ => match attribute.whole(bytes) {
                    Some(whole) => {
                        out.push(b" ");
                        out.push(whole);
                        continue;
                    }
                    None => (name, attribute),
                },
            };
            out.push(b" ");
            out.push(name);
            out.push(b"=");
            if name == b"to" {
                let start = out.unfinished().len() + 1;
                sender = (start, start + value.value.len());
            }
            out.push(&bytes[value.quoted()]);
        }
        if to.is_none() {
            out.push(b" from='");
            out.push(domain.as_str().as_bytes());
            out.push(b"'");
        }
        out.push(if tag.empty { b"/>" } else { b">" });
        Head { length: out.unfinished().len(), sender }
    }

    /// [`collect`](Self::collect) for a tag over the limit, of which it takes addresses, id and type
    /// to answer.
    fn collect_kept(&self, kind: Kind, out: &mut Output) -> Open {
        let Self { bytes, tag, .. } = *self;
        let attribute = |name| tag.attribute(bytes, name);
        let fits = |value: &Attribute| value.value.len() <= ADDRESS;
        if ![attribute(b"from"), attribute(b"to")].into_iter().flatten().all(fits) {
            return Open::Skip(Step::Unknown);
        }
        out.push(b"<stanza");
        for name in [&b"from"[..], b"to", b"id", b"type"] {
            if let Some(attribute) = attribute(name).filter(|it| fits(it)) {
                out.push(b" ");
                out.push(name);
                out.push(b"=");
                out.push(&bytes[attribute.quoted()]);
            }
        }
        out.push(b">");
        let (head, missing) = (out.unfinished().len(), Some(Missing::TooLarge));
        Open::Skip(Step::Collected { kind, head, missing })
    }
}

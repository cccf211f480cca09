//! Whom an answer is from and to, and what a message that is not echoed is answered with.
//!
//! An answer comes from the address that was asked, goes to the one that asked, and keeps the id (RFC
//! 6120 §8.2.3 and §8.3.1). Addresses stay strings, since who asked may have one that is no JID by
//! today's rules. Sends nothing.

use std::borrow::Cow;

use xmpp_parsers::stanza_error::{DefinedCondition, ErrorType, StanzaError};

use crate::component::address::Domain;
use crate::component::answer::written;
use crate::component::message::Silence;
use crate::xml::attributes::Usual;
use crate::xml::tag::Tag;

/// The most that addresses and id of a reply may take, in bytes before they are escaped. Addresses are
/// at most 3,071 long (RFC 7622 §3.1); longer ones, and such ids, are not worth a copy.
const MOST_COPIED: usize = 64 << 10;

/// Where a reply comes from and goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The address of ours that was asked, as it was given.
    pub from: String,
    /// Who asked.
    pub to: String,
    /// The id of what is answered.
    pub id: Option<String>,
}

impl Reply {
    /// The reply to the stanza with that start tag. One without `to` is for the component itself.
    ///
    /// # Errors
    /// Why it cannot be answered: there is nobody to answer, the address asked is not ours, or the addresses
    /// are too long to copy.
    pub fn to(s: &[u8], head: &Tag, domain: &Domain) -> Result<Self, Silence> {
        let value = |name| head.get(name).and_then(|it| it.text(s)).map(Cow::into_owned);
        let to = value(Usual::From).ok_or(Silence::NoSender)?;
        let from = match head.get(Usual::To) {
            Some(asked) if domain.ours(s, asked).is_none() => return Err(Silence::ForeignTo),
            Some(_) => value(Usual::To).ok_or(Silence::Unanswerable)?,
            None => domain.as_str().to_owned(),
        };
        let addresses = from.len() + to.len();
        if addresses > MOST_COPIED {
            return Err(Silence::Unanswerable);
        }
        let id = value(Usual::Id).filter(|id| id.len() + addresses <= MOST_COPIED);
        Ok(Self { from, to, id })
    }
}

/// Why a message is not echoed, as its sender is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bounce {
    /// The echo would be too large.
    TooLarge,
    /// The echo would not be well-formed on our stream.
    Unfit,
    /// Its sender has sent too much. That is told of an IQ, too.
    Flood,
}

impl Bounce {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::TooLarge, Self::Unfit, Self::Flood];

    /// Its name in metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::TooLarge => "too-large",
            Self::Unfit => "unfit",
            Self::Flood => "flood",
        }
    }

    /// The error that says so, written, where stanzas may have `limit` bytes.
    pub fn error(self, limit: usize) -> Vec<u8> {
        let (kind, condition, text) = match self {
            Self::TooLarge => (
                ErrorType::Modify,
                DefinedCondition::PolicyViolation,
                format!(
                    "The message or its echo is larger than {limit} bytes, the limit of this service"
                ),
            ),
            Self::Unfit => (
                ErrorType::Modify,
                DefinedCondition::NotAcceptable,
                "The echo would not be well-formed XML: it holds a namespace prefix that it does \
                 not declare, or a character or entity that XML 1.0 does not allow"
                    .into(),
            ),
            Self::Flood => (
                ErrorType::Wait,
                DefinedCondition::ResourceConstraint,
                "Too much was sent: nothing is answered for a while".into(),
            ),
        };
        written(&StanzaError::new(kind, condition, "en", text))
    }
}

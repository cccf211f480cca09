//! Why a request is refused, and the error that says so.

use xmpp_parsers::stanza_error::{DefinedCondition, ErrorType, StanzaError};

use crate::component::answer::written;

/// Why there is no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing here answers that.
    Unavailable,
    /// It is no request by RFC 6120 §8.2.3.
    Malformed,
    /// It is about a node or an item that there is not.
    NoNode,
    /// It is more than anybody needs to ask, or its answer would be.
    TooLarge,
}

impl Refusal {
    const ALL: [Self; 4] = [Self::Unavailable, Self::Malformed, Self::NoNode, Self::TooLarge];

    fn error(self) -> StanzaError {
        let (kind, condition, text) = match self {
            Self::Unavailable => (
                ErrorType::Cancel,
                DefinedCondition::ServiceUnavailable,
                "This service only sends messages back",
            ),
            Self::Malformed => {
                (ErrorType::Modify, DefinedCondition::BadRequest, "The request is malformed")
            }
            Self::NoNode => {
                (ErrorType::Cancel, DefinedCondition::ItemNotFound, "No such node or item here")
            }
            Self::TooLarge => (
                ErrorType::Modify,
                DefinedCondition::PolicyViolation,
                "The request or its answer is too large or too deeply nested for this service",
            ),
        };
        StanzaError::new(kind, condition, "en", text)
    }
}

/// The errors, written.
#[derive(Debug, Clone)]
pub struct Errors([Vec<u8>; Refusal::ALL.len()]);

impl Errors {
    /// All of them.
    pub fn new() -> Self {
        Self(Refusal::ALL.map(|refusal| written(&refusal.error())))
    }

    /// That for a refusal.
    pub fn of(&self, refusal: Refusal) -> &[u8] {
        &self.0[refusal as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_has_its_own_error() {
        let errors = Errors::new();
        for refusal in Refusal::ALL {
            assert_eq!(errors.of(refusal), written(&refusal.error()), "{refusal:?}");
        }
    }
}

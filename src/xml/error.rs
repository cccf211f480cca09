//! What the server can do wrong on the stream, and the stream error that says so (RFC 6120 §4.9).
//!
//! Only conditions that end the stream are here: a stanza that merely cannot be echoed is bounced.

use std::fmt;

use xmpp_parsers::stream_error::{DefinedCondition, StreamError};

/// A reason to end the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// XML that breaks the rules of XML or of namespaces.
    NotWellFormed,
    /// A comment, processing instruction or DTD.
    RestrictedXml,
    /// Bytes that are not UTF-8 (RFC 6120 §4.9.3.22 names that very case).
    UnsupportedEncoding,
    /// A token or a nesting that would take more memory than we give.
    PolicyViolation,
}

impl Fault {
    /// The stream error that tells the server.
    pub fn stream_error(self) -> StreamError {
        let condition = match self {
            Self::NotWellFormed => DefinedCondition::NotWellFormed,
            Self::RestrictedXml => DefinedCondition::RestrictedXml,
            Self::UnsupportedEncoding => DefinedCondition::UnsupportedEncoding,
            Self::PolicyViolation => DefinedCondition::PolicyViolation,
        };
        StreamError::new(condition, "en", self.to_string())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Self::NotWellFormed => "XML that is not well-formed",
            Self::RestrictedXml => "a comment, processing instruction or DTD",
            Self::UnsupportedEncoding => "bytes that are not UTF-8",
            Self::PolicyViolation => "a token or nesting that is too large",
        })
    }
}

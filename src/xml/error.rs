//! What can be wrong with the XML of a stream. Says nothing of what is done about it.
//!
//! Other flaws leave no doubt where an element ends, and make it unfit to be sent on: a prefix that is not
//! declared or against the rules, a character or reference that XML 1.0 forbids, an entity that it does
//! not define. Checks report these with `Ok(false)`.

use std::fmt;

/// A reason to end the stream: it is in doubt where things end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// XML that breaks the rules of XML or of namespaces.
    NotWellFormed,
    /// A comment, processing instruction or DTD.
    RestrictedXml,
    /// Bytes that are not UTF-8 (RFC 6120 §4.9.3.22 names that very case).
    UnsupportedEncoding,
    /// A token between stanzas that would take more memory than we give.
    PolicyViolation,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Self::NotWellFormed => "XML that is not well-formed",
            Self::RestrictedXml => "a comment, processing instruction or DTD",
            Self::UnsupportedEncoding => "bytes that are not UTF-8",
            Self::PolicyViolation => "a token that is too large",
        })
    }
}

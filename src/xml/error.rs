//! What can be wrong with the XML of a stream. Says nothing of what is done about it.

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

/// Why a piece of an element cannot be sent on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// The element is not to be sent on, but it is plain where it ends: a prefix that is not declared
    /// or against the rules, a character or reference that XML 1.0 forbids, an entity it does not
    /// define.
    Unfit,
    /// The stream ends.
    Fatal(Fault),
}

/// XML that breaks the grammar.
pub const MALFORMED: Flaw = Flaw::Fatal(Fault::NotWellFormed);

impl Flaw {
    /// What it is where there is no element that could be refused.
    pub fn fault(self) -> Fault {
        match self {
            Self::Unfit => Fault::NotWellFormed,
            Self::Fatal(fault) => fault,
        }
    }
}

/// Why the judge stops before an element's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The token at hand is not all there.
    RanOut,
    /// The stream ends.
    Fatal(Fault),
}

/// The same as [`MALFORMED`], found on the way.
pub const BROKEN: Stop = Stop::Fatal(Fault::NotWellFormed);

/// Whether a piece is fit to be sent on, unless it is fatal.
///
/// # Errors
/// What ends the stream.
pub fn fit(checked: Result<(), Flaw>) -> Result<bool, Stop> {
    match checked {
        Ok(()) => Ok(true),
        Err(Flaw::Unfit) => Ok(false),
        Err(Flaw::Fatal(fault)) => Err(Stop::Fatal(fault)),
    }
}

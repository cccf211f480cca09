//! What the mirror finds in the stream, step by step. Types alone.

/// A top-level element that is to be answered from its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `<presence/>`
    Presence,
    /// `<iq/>`
    Iq,
    /// `<stream:error/>`
    StreamError,
}

/// Why there is nothing of such an element's payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// It is not what may stand in XML.
    Unfit,
    /// It is too large or deep.
    TooLarge,
}

/// Why a message is not echoed, as its sender is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bounce {
    /// The echo would be over this many bytes.
    TooLarge(usize),
    /// The echo would not be well-formed on our stream.
    Unfit,
    /// Its sender has sent too many.
    Flood,
}

/// Why a message gets no answer at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Silence {
    /// It is an error, which is never answered (RFC 6120 §8.3.1).
    Error,
    /// Its `to` is not ours to speak for.
    ForeignTo,
    /// It has no `from`, or comes from our own domain.
    NoSender,
    /// It cannot be echoed, and its addresses are too long for an error or to be looked for.
    Unanswerable,
    /// Its sender has sent too many, and has been told.
    Flood,
}

/// The start tag of an echo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// How long it is.
    pub length: usize,
    /// Where in it the value of `to` begins and ends, which is who sent the message.
    pub sender: (usize, usize),
}

/// What came up in the input. Where a `head` is named, the output's unfinished bytes begin with a
/// start tag of that length, and whoever takes the step commits them or cuts them back to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing more; the rest is not whole yet.
    Hungry,
    /// A message. The unfinished bytes are its echo.
    Echo(Head),
    /// A message that cannot be echoed. The unfinished bytes are the start tag of an echo.
    Refused {
        /// That start tag.
        head: Head,
        /// Why.
        bounce: Bounce,
    },
    /// Presence, IQ or a stream error. The unfinished bytes are its start tag and payload.
    Collected {
        /// What it is.
        kind: Kind,
        /// The length of the start tag.
        head: usize,
        /// Why the payload is missing, if it is.
        missing: Option<Missing>,
    },
    /// A message that gets no answer.
    Ignored(Silence),
    /// An element that is none of ours, such as late stream features.
    Unknown,
    /// `</stream:stream>`
    Footer,
}

//! XML as bytes: where elements end, and whether they may stand in another stream.
//!
//! Knows nothing of XMPP but that a stream is a document without end.

pub mod attributes;
pub mod elements;
pub mod error;
pub mod frame;
pub mod judge;
pub mod names;
pub mod namespaces;
pub mod notes;
pub mod scan;
pub mod tag;
pub mod text;

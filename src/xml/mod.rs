//! XML as bytes: where elements end, and whether they may stand in another stream.
//!
//! Knows of XMPP only what a stream is: a document without end, whose elements each stand on their own,
//! written and read by servers.

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

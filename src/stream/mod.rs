//! One authenticated stream, from the first stanza to the end.
//!
//! It moves bytes and keeps time. It makes no connection and decides nothing about stanzas.

mod close;
pub mod ending;
pub mod io;
pub mod keepalive;
pub mod notices;
pub mod once;
pub mod session;

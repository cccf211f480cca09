//! From a host name to an authenticated stream: name, address, TCP, TLS, login.
//!
//! Nothing is tried again here, and no stanza is read.

pub mod dial;
pub mod login;
pub mod sniff;
pub mod tls;

//! From a host name to an authenticated stream: name, address, TCP, TLS, login.
//!
//! `connect` joins the others. Nothing is tried at another time here, and no stanza is read.

pub mod certificate;
pub mod connect;
pub mod dial;
pub mod error;
pub mod login;
pub mod lookup;
pub mod secret;
pub mod sniff;
pub mod tls;
pub mod untrusted;

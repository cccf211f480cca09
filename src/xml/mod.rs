//! XML as bytes. Knows nothing of XMPP.

pub mod attributes;
pub mod elements;
pub mod error;
pub mod frame;
pub mod namespaces;
pub mod numbers;
pub mod tag;
pub mod text;

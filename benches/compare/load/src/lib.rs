//! What the load generator and the Rust peers share: both ends of the component login (XEP-0114).

pub mod login;

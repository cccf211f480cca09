//! What an admin gives: the command line, checked, and what is said before the daemon runs.
//!
//! It talks to no XMPP server but through the rooms below.

pub mod args;
pub mod check;
pub mod config;
mod connector;
mod credential;
pub mod exit;
pub mod healthy;
pub mod pages;
pub mod prompt;
pub mod run;
pub mod secret;
pub mod usage;

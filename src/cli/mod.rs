//! What an admin gives: the command line, checked, and what is said before the daemon runs.
//!
//! It holds no connection and makes none but through the rooms below.

pub mod args;
pub mod check;
pub mod config;
mod credential;

//! echo-component as a library, so that tests, benchmarks and fuzz targets can drive it.
//!
//! This is no API to build on: only the program is released.
//!
//! # Reading order
//! [`echo`] is all that the component does on a stream, [`mirror`] how a message is sent back. Both
//! are functions of bytes, as is all they use. [`session`] runs them on a connection,
//! [`supervisor`] makes connections for as long as the daemon lives. A module uses those listed
//! below it, never one above:
//!
//! ```text
//! main
//! supervisor check http logging
//! session connect service metrics
//! dial overhear transfer
//! keepalive ending
//! config cli
//! tls                               <- no sockets or clocks below
//! echo tally
//! mirror respond flood
//! reply head scope
//! unique step output stream_error
//! prefixes token
//! tag address numbers
//! wellformed
//! fault
//! ```

pub mod address;
pub mod check;
pub mod cli;
pub mod config;
pub mod connect;
pub mod dial;
pub mod echo;
pub mod ending;
pub mod fault;
pub mod flood;
pub mod head;
pub mod http;
pub mod keepalive;
pub mod logging;
pub mod metrics;
pub mod mirror;
pub mod numbers;
pub mod output;
pub mod overhear;
pub mod prefixes;
pub mod reply;
pub mod respond;
pub mod scope;
pub mod service;
pub mod session;
pub mod step;
pub mod stream_error;
pub mod supervisor;
pub mod tag;
pub mod tally;
pub mod tls;
pub mod token;
pub mod transfer;
pub mod unique;
pub mod wellformed;

//! echo-component as a library, so that tests, benchmarks and fuzz targets can drive it.
//!
//! This is no API to build on: only the program is released.
//!
//! # Rooms
//! Each may import those below it that its row names, never one above:
//!
//! ```text
//! main        cli, daemon
//! cli         daemon, stream, net, metrics, component
//! daemon      stream, net, metrics, component
//! stream      metrics, component
//! net         component (stream_error, address)
//! metrics     component (counts)
//! component   xml
//! xml         nothing of ours
//! ```

pub mod cli;
pub mod component;
pub mod daemon;
pub mod metrics;
pub mod net;
pub mod stream;
pub mod xml;

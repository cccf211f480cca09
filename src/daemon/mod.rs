//! The process that keeps the component online: tries again, tells systemd, logs, serves metrics.
//!
//! It knows nothing of XML, and of a stream only how it ended.

pub mod backoff;
pub mod http;
pub mod json;
pub mod lines;
pub mod logging;
pub mod offline;
pub mod signals;
pub mod supervisor;
pub mod systemd;
pub mod text;
pub mod told;

//! The process that keeps the component online: tries again, tells systemd, logs, serves metrics.
//!
//! It knows nothing of XML, and of a stream only how it ended.

pub mod http;
pub mod logging;
pub mod supervisor;
pub mod systemd;

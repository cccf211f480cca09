//! echo-component as a library, so that tests, benchmarks and fuzz targets can drive it.
//!
//! This is no API to build on: only the program is released.
//!
//! # The path of a message
//! 1. [`daemon::supervisor`] gets an authenticated connection from [`net::login`], and hands it to
//!    [`stream::session`].
//! 2. The session reads bytes and gives all that it has to [`component::Echo::feed`].
//! 3. There [`xml::elements`] finds where the message begins, and lets [`xml::judge`] go over it.
//! 4. Once its start tag is read, `component/begin.rs` asks [`component::message`] whether it is sent
//!    back, and what changes in that tag: `from` and `to` trade places, the id is mirrored.
//! 5. The judge goes on to the message's end, and says whether it may stand in our stream. It notes the
//!    children that name other messages by their ids.
//! 6. `component/finish.rs` lets [`component::ids`] mirror the ids in those children, too. Then it asks
//!    [`component::flood`] whether its sender may have more.
//! 7. The message goes to [`component::outbox`] with its edits; or an error does, or nothing.
//! 8. The session writes what is in the outbox.
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

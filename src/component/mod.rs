//! All that the component does, as functions of bytes: no I/O, no clock.

pub mod address;
pub mod counts;
pub mod echo;
pub mod flood;
pub mod head;
pub mod mirror;
pub mod outbox;
pub mod reply;
pub mod requests;
pub mod step;
pub mod stream_error;

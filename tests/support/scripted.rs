//! A server that does what a test says, in raw bytes.

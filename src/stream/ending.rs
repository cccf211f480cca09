//! Every way in which a stream ends, in an admin's words.
//!
//! It decides nothing: whether to try again is for the supervisor.

use std::fmt;
use std::io;

use crate::component::Fault;
use crate::component::stream_error::StreamError;

/// Why a stream is over.
#[derive(Debug)]
pub enum Ending {
    /// Stopped as asked, and the stream closed.
    Stopped,
    /// The server ended the stream with an error.
    StreamError(StreamError),
    /// The server closed the stream.
    Closed,
    /// The connection ended without a word.
    Lost,
    /// The connection broke.
    Broken(io::Error),
    /// The server did not answer a ping.
    Silent,
    /// The server stopped reading.
    Stuck,
    /// We ended the stream because of what the server sent.
    Faulty(Fault),
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Stopped => write!(f, "stopped"),
            Self::StreamError(error) => {
                write!(f, "the server says {error}")?;
                match &*error.condition {
                    "conflict" => write!(f, ": another process has connected with this JID"),
                    "see-other-host" => write!(f, ": give that host with --server"),
                    _ => Ok(()),
                }
            }
            Self::Closed => write!(f, "the server closed the stream"),
            Self::Lost => write!(f, "the server closed the connection"),
            Self::Broken(error) => write!(f, "the connection broke ({error})"),
            Self::Silent => write!(f, "the server did not answer a ping"),
            Self::Stuck => write!(f, "the server stopped reading"),
            Self::Faulty(fault) => write!(f, "the server sent {fault}"),
        }
    }
}

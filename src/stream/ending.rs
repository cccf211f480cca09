//! Every way in which a login or a session ends: what the admin reads, and whether to try again.
//!
//! Pure: it decides nothing by clocks and touches no socket.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use crate::component::stream_error::{StreamError, printable};
use crate::net::tls::Untrusted;
use crate::xml::error::Fault;

/// Why there is no session, or none any more.
#[derive(Debug)]
pub enum Ending {
    /// Stopped as asked, and the stream closed.
    Stopped,
    /// The server's name has no address.
    NoAddress(io::Error),
    /// No address of the server could be connected to; each with its reason.
    Unreachable(Vec<(SocketAddr, io::Error)>),
    /// The connection could not be made secure.
    Untrusted(Untrusted),
    /// The login took too long.
    Late,
    /// The port belongs to another service.
    OtherService(&'static str),
    /// The server's stream header has no id to make the handshake from (XEP-0114 §3).
    NoStreamId,
    /// The server closed the connection before it answered the handshake.
    ClosedAtLogin,
    /// The same, before it sent anything, and there was no TLS. Prosody and ejabberd close a TLS
    /// port so, while at a component port servers begin their stream first.
    ClosedWordless,
    /// What the server sent at login is no component stream.
    NoStream(io::Error),
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

impl Ending {
    /// Whether the server refuses this component as it is configured, so that trying again is
    /// pointless until someone has changed something.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::StreamError(error)
            if matches!(&*error.condition, "not-authorized" | "host-unknown")
                || error.is_servers_own_domain())
    }
}

/// The conditions of RFC 6120 §4.9.3, so that no server can invent figures without end.
const CONDITIONS: [&str; 25] = [
    "bad-format",
    "bad-namespace-prefix",
    "conflict",
    "connection-timeout",
    "host-gone",
    "host-unknown",
    "improper-addressing",
    "internal-server-error",
    "invalid-from",
    "invalid-namespace",
    "invalid-xml",
    "not-authorized",
    "not-well-formed",
    "policy-violation",
    "remote-connection-failed",
    "reset",
    "resource-constraint",
    "restricted-xml",
    "see-other-host",
    "system-shutdown",
    "undefined-condition",
    "unsupported-encoding",
    "unsupported-feature",
    "unsupported-stanza-type",
    "unsupported-version",
];

impl Ending {
    /// A short name for the figures: the stream error's condition, or one of ours.
    pub fn condition(&self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::NoAddress(_) => "no-address",
            Self::Unreachable(_) => "unreachable",
            Self::Untrusted(_) => "untrusted",
            Self::Late => "login-timeout",
            Self::OtherService(_) => "other-service",
            Self::NoStreamId | Self::NoStream(_) => "no-stream",
            Self::ClosedAtLogin | Self::ClosedWordless => "closed-at-login",
            Self::StreamError(error) => CONDITIONS
                .into_iter()
                .find(|condition| *condition == error.condition)
                .unwrap_or("undefined-condition"),
            Self::Closed => "closed",
            Self::Lost | Self::Broken(_) => "connection-lost",
            Self::Silent => "silent",
            Self::Stuck => "stuck",
            Self::Faulty(_) => "faulty-xml",
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Stopped => write!(f, "stopped"),
            Self::NoAddress(error) => write!(f, "the server's name has no address ({error})"),
            Self::Unreachable(causes) => {
                f.write_str("the server cannot be reached")?;
                for (nth, (address, error)) in causes.iter().enumerate() {
                    write!(f, "{} {address}: {error}", if nth == 0 { " at" } else { "," })?;
                }
                Ok(())
            }
            Self::Untrusted(why) => why.fmt(f),
            Self::Late => write!(
                f,
                "the server did not finish the login in time (15 s): check that the port is the \
                 server's component port"
            ),
            Self::OtherService(what) => {
                write!(f, "the port belongs to {what}: give the server's component port")
            }
            Self::NoStreamId => write!(
                f,
                "the server's stream header has no id: check that the port is the server's \
                 component port"
            ),
            Self::ClosedAtLogin => write!(
                f,
                "the server closed the connection during the login, as some do when the secret or \
                 the JID is wrong: check both"
            ),
            Self::ClosedWordless => write!(
                f,
                "the server closed the connection during the login, without a word: if the port \
                 wants TLS, give --tls; else check that it is the component port"
            ),
            Self::NoStream(error) => {
                f.write_str("what the server sent is no component stream (")?;
                // It may name what was sent.
                printable(f, &error.to_string())?;
                f.write_str("): check that the port is the server's component port")
            }
            Self::StreamError(error) => {
                write!(f, "the server says {error}")?;
                match &*error.condition {
                    "not-authorized" => write!(f, ": check the secret, and that the JID is set up"),
                    "host-unknown" => write!(f, ": check that the server has this component's JID"),
                    _ if error.is_servers_own_domain() => write!(
                        f,
                        ": the JID is one of the server's own domains: give the component one of \
                         its own with --jid"
                    ),
                    "conflict" => write!(f, ": the JID is already connected"),
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

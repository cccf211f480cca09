//! Why there is no login, in an admin's words.
//!
//! It decides nothing: whether to try again is for the supervisor.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use crate::component::stream_error::{StreamError, printable};
use crate::net::sniff::Service;
use crate::net::untrusted::Untrusted;

/// Why a try came to nothing.
#[derive(Debug)]
pub enum NoLogin {
    /// The server's name has no address, or looking it up failed.
    NoAddress(io::Error),
    /// The server's name has not been looked up in the time for a try.
    LookupLate,
    /// All of the server's addresses have been tried: each with its reason, and at least one.
    Failed(Vec<(SocketAddr, Cause)>),
}

/// Why there is no login at one address.
#[derive(Debug)]
pub enum Cause {
    /// It could not be connected to.
    Unreachable(io::Error),
    /// The connection could not be made secure.
    Untrusted(Untrusted),
    /// The login took too long.
    Late,
    /// The port belongs to another service.
    OtherService(Service),
    /// The server's stream header has no id to make the handshake from (XEP-0114 §3).
    NoStreamId,
    /// The server closed the connection before it answered the handshake.
    Closed,
    /// The same, before it sent anything, and there was no TLS. Prosody and ejabberd close a TLS
    /// port so, while at a component port servers begin their stream first.
    ClosedWordless,
    /// What the server sent is no component stream.
    NoStream(io::Error),
    /// The server ended the stream with an error.
    StreamError(StreamError),
    /// The connection broke.
    Broken(io::Error),
}

impl fmt::Display for NoLogin {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::NoAddress(error) => write!(
                f,
                "the server's name has no address ({error}): check --server, and this machine's name \
                 servers"
            ),
            Self::LookupLate => f.write_str(
                "the server's name was not looked up in time (30 s): check this machine's name \
                 servers",
            ),
            Self::Failed(causes) => match &causes[..] {
                [(_, cause)] if !matches!(cause, Cause::Unreachable(_)) => cause.fmt(f),
                _ if causes.iter().all(|(_, cause)| matches!(cause, Cause::Unreachable(_))) => {
                    each(f, "the server cannot be reached", causes, ",")?;
                    f.write_str(what_to_check(causes))
                }
                _ => each(f, "there is no login", causes, "; nor at"),
            },
        }
    }
}

/// What to do if none of the addresses can be connected to: said once, whatever each of them says.
fn what_to_check(causes: &[(SocketAddr, Cause)]) -> &'static str {
    let is_refused = |cause: &Cause| matches!(cause, Cause::Unreachable(error) if error.kind() == io::ErrorKind::ConnectionRefused);
    if causes.iter().any(|(_, cause)| is_refused(cause)) {
        "; check that it runs with a component set up, and --server and --port"
    } else {
        "; check --server and --port, and firewalls on the way"
    }
}

/// All causes, each with its address.
fn each(
    f: &mut fmt::Formatter,
    what: &str,
    causes: &[(SocketAddr, Cause)],
    between: &str,
) -> fmt::Result {
    f.write_str(what)?;
    for (nth, (address, cause)) in causes.iter().enumerate() {
        let link = if nth == 0 { " at" } else { between };
        write!(f, "{link} {address}: {cause}")?;
    }
    Ok(())
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Unreachable(error) => f.write_str(&words(error)),
            Self::Untrusted(why) => why.fmt(f),
            Self::Late => f.write_str(
                "the server did not finish the login in time: check that the port is the server's \
                 component port",
            ),
            Self::OtherService(Service::Tls) => f.write_str(
                "the port wants TLS: give --tls, or the server's port for components without TLS",
            ),
            Self::OtherService(Service::Other(name)) => {
                write!(f, "the port belongs to {name}: give the server's component port")
            }
            Self::NoStreamId => f.write_str(
                "the server's stream header has no id: check that the port is the server's \
                 component port",
            ),
            Self::Closed => f.write_str(
                "the server closed the connection during the login, as some do when the secret or \
                 the JID is wrong: check both",
            ),
            Self::ClosedWordless => f.write_str(
                "the server closed the connection during the login, without a word: if the port \
                 wants TLS, give --tls; else check that it is the component port",
            ),
            Self::NoStream(error) => {
                f.write_str("what the server sent is no component stream (")?;
                // It may name what was sent.
                printable(f, &error.to_string())?;
                f.write_str("): check that the port is the server's component port")
            }
            Self::StreamError(error) => {
                write!(f, "the server says {error}{}", hint(&error.condition))
            }
            Self::Broken(error) => write!(f, "the connection broke ({})", words(error)),
        }
    }
}

/// An error of the system without its number, which tells an admin nothing.
pub fn words(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error ").next().unwrap_or_default().to_owned()
}

/// Why an admin's file cannot be read, and what to do; `folder` is what to do if it is a folder.
pub fn unread(what: &str, folder: &str, error: &io::Error) -> String {
    let hint = match error.kind() {
        io::ErrorKind::PermissionDenied => {
            "the user that the daemon runs as must be able to read it"
        }
        io::ErrorKind::IsADirectory => folder,
        _ => return format!("cannot read {what}: {}", words(error)),
    };
    format!("cannot read {what}: {}: {hint}", words(error))
}

/// What to do about a stream error, as far as its condition tells: a server may say the rest in any
/// language.
fn hint(condition: &str) -> &'static str {
    match condition {
        "not-authorized" => ": check the secret, and that the JID is set up",
        "host-unknown" => {
            ": set up this JID as a component at the server (Prosody: restart it then)"
        }
        "conflict" => {
            ": another process is connected as this JID, as it is while a daemon runs; or the JID \
             is a domain of the server's own: then choose another with --jid"
        }
        "invalid-namespace" => ": check that the port is the server's component port",
        "see-other-host" => ": give that host with --server",
        _ => "",
    }
}

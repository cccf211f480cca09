//! Why the component is not online: a login that failed, or a stream that ended. What that is for the
//! metrics, and whether the server refuses the component as it is.
//!
//! Pure. The sentences are those of the rooms where it happened.

use std::fmt;
use std::net::SocketAddr;

use crate::component::stream_error::StreamError;
use crate::net::error::{Cause, NoLogin};
use crate::stream::ending::Ending;

/// Why it is not online.
#[derive(Debug)]
pub enum Offline {
    /// The login failed.
    NoLogin(NoLogin),
    /// The stream ended.
    Ended(Ending),
}

impl Offline {
    /// Whether the server refuses this component as it is configured, so that trying again is
    /// pointless until someone has changed something. Every address that answered must have done so:
    /// another may belong to a server that does not know the component yet.
    pub fn is_refusal(&self) -> bool {
        let Self::NoLogin(NoLogin::Failed(causes)) = self else {
            return false;
        };
        let mut answers = causes.iter().map(|(_, cause)| cause).filter(|cause| answered(cause));
        answers.clone().count() > 0 && answers.all(is_refusal)
    }

    /// The address where the login failed, if one could be connected to: the last of several, all of
    /// which the sentence names.
    pub fn peer(&self) -> Option<SocketAddr> {
        let Self::NoLogin(NoLogin::Failed(causes)) = self else {
            return None;
        };
        causes.iter().rfind(|(_, cause)| answered(cause)).map(|(address, _)| *address)
    }

    /// What tells this reason from another: the sentence, but for the order of the addresses, which a name
    /// server may change at each answer.
    pub fn reason(&self) -> String {
        let Self::NoLogin(NoLogin::Failed(causes)) = self else {
            return self.to_string();
        };
        let each = causes.iter().map(|(address, cause)| format!("{address}: {cause}"));
        let mut each: Vec<_> = each.collect();
        each.sort_unstable();
        each.join("\n")
    }

    /// A short name for the metrics: the stream error's condition, or one of ours.
    pub fn condition(&self) -> &'static str {
        match self {
            Self::NoLogin(NoLogin::NoAddress(_) | NoLogin::LookupLate) => "no-address",
            Self::NoLogin(NoLogin::Failed(causes)) => {
                // The address that answered says more than one that did not.
                let causes = || causes.iter().map(|(_, cause)| cause);
                let telling = causes().find(|cause| answered(cause)).or(causes().next());
                telling.map_or("unreachable", condition)
            }
            Self::Ended(ending) => match ending {
                Ending::Stopped => "stopped",
                Ending::StreamError(error) => of_stream(error),
                Ending::Closed => "closed",
                Ending::Lost | Ending::Broken(_) => "connection-lost",
                Ending::Silent => "silent",
                Ending::Stuck => "stuck",
                Ending::Faulty(_) => "faulty-xml",
            },
        }
    }
}

impl fmt::Display for Offline {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::NoLogin(why) => why.fmt(f),
            Self::Ended(ending) => ending.fmt(f),
        }
    }
}

fn answered(cause: &Cause) -> bool {
    !matches!(cause, Cause::Unreachable(_))
}

fn is_refusal(cause: &Cause) -> bool {
    matches!(cause, Cause::StreamError(error)
        if matches!(&*error.condition, "not-authorized" | "host-unknown"))
}

fn condition(cause: &Cause) -> &'static str {
    match cause {
        Cause::Unreachable(_) => "unreachable",
        Cause::Untrusted(_) => "untrusted",
        Cause::Late => "login-timeout",
        Cause::OtherService(_) => "other-service",
        Cause::NoStreamId | Cause::NoStream(_) => "no-stream",
        Cause::Closed | Cause::ClosedWordless => "closed-at-login",
        Cause::StreamError(error) => of_stream(error),
        Cause::Broken(_) => "connection-lost",
    }
}

fn of_stream(error: &StreamError) -> &'static str {
    let known = CONDITIONS.into_iter().find(|condition| *condition == error.condition);
    known.unwrap_or("undefined-condition")
}

/// All that [`Offline::condition`] may say.
pub fn conditions() -> impl Iterator<Item = &'static str> {
    CONDITIONS.into_iter().chain(OURS)
}

/// Those that no stream error names.
const OURS: [&str; 13] = [
    "closed",
    "closed-at-login",
    "connection-lost",
    "faulty-xml",
    "login-timeout",
    "no-address",
    "no-stream",
    "other-service",
    "silent",
    "stopped",
    "stuck",
    "unreachable",
    "untrusted",
];

/// The conditions of RFC 6120 §4.9.3, so that no server can invent metrics without end.
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

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    fn said(condition: &str) -> Cause {
        Cause::StreamError(StreamError { condition: condition.into(), text: None })
    }

    fn unreachable() -> Cause {
        Cause::Unreachable(io::ErrorKind::ConnectionRefused.into())
    }

    fn at(nth: usize) -> SocketAddr {
        format!("192.0.2.{nth}:1").parse().unwrap()
    }

    /// Each cause at an address of its own.
    fn no_login(causes: impl IntoIterator<Item = Cause>) -> Offline {
        let causes = causes.into_iter().enumerate().map(|(nth, cause)| (at(nth), cause));
        Offline::NoLogin(NoLogin::Failed(causes.collect()))
    }

    #[test]
    fn a_refusal_counts_if_every_address_that_answered_refused() {
        for (causes, refused, condition, sentence) in [
            (
                vec![said("host-unknown")],
                true,
                "host-unknown",
                "the server says host-unknown: set up this JID as a component at the server \
                 (Prosody: restart it then)",
            ),
            (
                vec![unreachable(), said("not-authorized")],
                true,
                "not-authorized",
                "there is no login at 192.0.2.0:1: connection refused; nor at 192.0.2.1:1: the \
                 server says not-authorized: check the secret, and that the JID is set up",
            ),
            (
                vec![said("host-unknown"), Cause::Late],
                false,
                "host-unknown",
                "there is no login at 192.0.2.0:1: the server says host-unknown: set up this JID as a \
                 component at the server (Prosody: restart it then); nor at 192.0.2.1:1: the server \
                 did not finish the login in time: check that the port is the server's component port",
            ),
        ] {
            let offline = no_login(causes);
            assert_eq!(offline.is_refusal(), refused, "{sentence}");
            assert_eq!(offline.condition(), condition, "{sentence}");
            assert!(conditions().any(|it| it == condition), "{condition}");
            assert_eq!(offline.to_string(), sentence);
        }
    }

    #[test]
    fn what_to_do_about_a_server_that_cannot_be_reached_is_said_once() {
        let silent = || Cause::Unreachable(io::Error::new(io::ErrorKind::TimedOut, "no answer"));
        for (causes, sentence) in [
            (
                [unreachable(), silent()],
                "the server cannot be reached at 192.0.2.0:1: connection refused, 192.0.2.1:1: no \
                 answer; check that it runs with a component set up, and --server and --port",
            ),
            (
                [silent(), silent()],
                "the server cannot be reached at 192.0.2.0:1: no answer, 192.0.2.1:1: no answer; \
                 check --server and --port, and firewalls on the way",
            ),
        ] {
            let offline = no_login(causes);
            assert!(!offline.is_refusal());
            assert_eq!(offline.condition(), "unreachable");
            assert_eq!(offline.to_string(), sentence);
        }
    }

    #[test]
    fn the_connection_is_the_last_one_that_was_made() {
        for (causes, peer) in [
            (vec![said("conflict")], Some(0)),
            (vec![said("conflict"), unreachable()], Some(0)),
            (vec![said("conflict"), Cause::Late], Some(1)),
            (vec![unreachable(), unreachable()], None),
        ] {
            let offline = no_login(causes);
            assert_eq!(offline.peer(), peer.map(at), "{offline}");
        }
    }

    #[test]
    fn nothing_is_decided_by_a_peers_prose() {
        for text in ["Unable to register route on existing local domain", "Konflikt", ""] {
            let conflict = StreamError { condition: "conflict".into(), text: Some(text.into()) };
            let failed = vec![("192.0.2.1:1".parse().unwrap(), Cause::StreamError(conflict))];
            let offline = Offline::NoLogin(NoLogin::Failed(failed));
            assert!(!offline.is_refusal(), "{text}");
            let said = offline.to_string();
            assert!(said.contains("another process is connected as this JID"), "{said}");
        }
    }
}

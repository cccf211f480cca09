//! Why a connection is not secure, in an admin's words.
//!
//! It decides by rustls' types, never by its words.

use std::fmt;
use std::io;

use tokio_rustls::rustls::{AlertDescription, Error};

use crate::net::certificate::Flaw;
use crate::net::sniff::is_end;

/// Why a connection is not secure.
#[derive(Debug)]
pub enum Untrusted {
    /// The certificate is not to be trusted.
    Certificate(Flaw),
    /// The server has no certificate for this name, and showed none.
    UnknownName(String),
    /// The server closed or reset the connection before TLS was agreed on.
    Closed,
    /// The port speaks no TLS.
    Plaintext,
    /// There is no version of TLS, no cipher or no kind of certificate that both sides know.
    NothingInCommon,
    /// The server wants to be shown a certificate, and there is none.
    CertificateWanted,
    /// Anything else.
    Other(io::Error),
}

impl Untrusted {
    /// Reads what went wrong when TLS was being agreed on with `server`.
    pub(super) fn from(error: io::Error, server: &str) -> Self {
        match error.get_ref().and_then(|error| error.downcast_ref::<Error>()) {
            Some(Error::InvalidCertificate(why)) => {
                Flaw::of(why, server).map_or(Self::Other(error), Self::Certificate)
            }
            Some(Error::AlertReceived(AlertDescription::UnrecognisedName)) => {
                Self::UnknownName(server.into())
            }
            Some(Error::AlertReceived(AlertDescription::CertificateRequired)) => {
                Self::CertificateWanted
            }
            // What OpenSSL says of a cipher, a certificate or a version.
            Some(
                Error::PeerIncompatible(_)
                | Error::AlertReceived(
                    AlertDescription::HandshakeFailure
                    | AlertDescription::InsufficientSecurity
                    | AlertDescription::ProtocolVersion,
                ),
            ) => Self::NothingInCommon,
            Some(Error::InvalidMessage(_)) => Self::Plaintext,
            None if is_end(&error) => Self::Closed,
            _ => Self::Other(error),
        }
    }

    /// The same if the server had asked for a certificate, and got none: with TLS 1.2 OpenSSL refuses
    /// that as it refuses anything else.
    pub(super) fn or_unshown(self, asked: bool) -> Self {
        match self {
            Self::NothingInCommon if asked => Self::CertificateWanted,
            why => why,
        }
    }
}

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Certificate(flaw) => flaw.fmt(f),
            Self::UnknownName(server) => write!(
                f,
                "the server has no certificate for the name {server}: give with --server a name \
                 that it serves (on Prosody a VirtualHost or Component), or its address"
            ),
            Self::Closed => f.write_str(
                "the server closed the connection before TLS was agreed on: check that the port \
                 speaks TLS",
            ),
            Self::Plaintext => f.write_str(
                "the port does not speak TLS: give the server's TLS port, or leave --tls out",
            ),
            Self::NothingInCommon => f.write_str(
                "the server and this program know no TLS in common: let the server speak TLS 1.2 or \
                 1.3 with today's ciphers, and have a certificate with a key of RSA, P-256 or Ed25519",
            ),
            Self::CertificateWanted => f.write_str(
                "the server wants a client's certificate, and this program has none: let the \
                 server's port for components ask for none",
            ),
            Self::Other(error) => write!(f, "TLS failed ({error})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_after_a_certificate_was_asked_for_is_about_that() {
        for (alert, asked, wanted) in [
            (AlertDescription::CertificateRequired, true, true),
            (AlertDescription::HandshakeFailure, true, true),
            (AlertDescription::HandshakeFailure, false, false),
            (AlertDescription::InternalError, true, false),
        ] {
            let error = io::Error::new(io::ErrorKind::InvalidData, Error::AlertReceived(alert));
            let why = Untrusted::from(error, "server.example").or_unshown(asked);
            assert_eq!(matches!(why, Untrusted::CertificateWanted), wanted, "{alert:?} {asked}");
        }
    }
}

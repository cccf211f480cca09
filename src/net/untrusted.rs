//! Why a connection is not secure, in an admin's words.
//!
//! It decides by rustls' types, never by its words.

use std::fmt;
use std::io;

use tokio_rustls::rustls::{AlertDescription, CertificateError, Error, OtherError};

use crate::net::sniff::is_end;

/// Why a connection is not secure.
#[derive(Debug)]
pub enum Untrusted {
    /// The certificate has expired, or is not valid yet.
    Expired,
    /// The certificate is for other names than this.
    WrongName(String),
    /// The certificate is for no name at all, where this one was wanted.
    Nameless(String),
    /// The certificate is not one for servers.
    OtherPurpose,
    /// The certificate is signed in a way that is too weak, or that few know.
    OddSignature,
    /// The server has no certificate for this name, and showed none.
    UnknownName(String),
    /// The certificate is signed by nobody who is trusted.
    UnknownIssuer,
    /// The certificate says of itself that it is an authority's, which no server may show.
    Authority,
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
            Some(Error::InvalidCertificate(why)) => match why {
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. } => Self::Expired,
                CertificateError::NotValidForNameContext { presented, .. }
                    if presented.is_empty() =>
                {
                    Self::Nameless(server.into())
                }
                CertificateError::NotValidForName
                | CertificateError::NotValidForNameContext { .. } => Self::WrongName(server.into()),
                CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                    Self::UnknownIssuer
                }
                CertificateError::InvalidPurpose
                | CertificateError::InvalidPurposeContext { .. } => Self::OtherPurpose,
                CertificateError::UnsupportedSignatureAlgorithmContext { .. }
                | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
                    Self::OddSignature
                }
                CertificateError::Other(why) if is_authoritys(why) => Self::Authority,
                _ => Self::Other(error),
            },
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
            Self::Expired => f.write_str(
                "the server's certificate has expired or is not valid yet: renew it, and check \
                 this machine's clock",
            ),
            Self::WrongName(server) => write!(
                f,
                "the server's certificate is not for {server}: give a name that it is for with \
                 --server"
            ),
            Self::Nameless(server) => write!(
                f,
                "the server's certificate names no host: make it again with {server} as its \
                 subjectAltName, since its CN does not count"
            ),
            Self::OtherPurpose => f.write_str(
                "the server's certificate is not one for servers: make it again with serverAuth in its \
                 extendedKeyUsage, or without that",
            ),
            Self::OddSignature => f.write_str(
                "the server's certificate is signed in a way that is too weak, such as SHA-1, or that \
                 few know: make it again with SHA-256 and a key of RSA, P-256 or Ed25519",
            ),
            Self::UnknownName(server) => write!(
                f,
                "the server has no certificate for the name {server}: give with --server a name \
                 that it serves (on Prosody a VirtualHost or Component), or its address"
            ),
            Self::UnknownIssuer => f.write_str(
                "the server's certificate is signed by nobody this machine trusts: name the \
                 authority's certificate with --tls-ca",
            ),
            Self::Authority => f.write_str(
                "the server's certificate is an authority's, as openssl makes self-signed ones: \
                 make it again with basicConstraints=CA:FALSE, and name it with --tls-ca",
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

fn is_authoritys(why: &OtherError) -> bool {
    matches!(why.0.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(error: Error) -> Untrusted {
        Untrusted::from(io::Error::new(io::ErrorKind::InvalidData, error), "server.example")
    }

    #[test]
    fn what_is_wrong_with_a_signature_is_said_in_words() {
        let (signature_algorithm_id, supported_algorithms) = (vec![6, 9, 42], vec![]);
        let why = CertificateError::UnsupportedSignatureAlgorithmContext {
            signature_algorithm_id,
            supported_algorithms,
        };
        let said = read(Error::InvalidCertificate(why)).to_string();
        assert!(said.contains("too weak, such as SHA-1"), "{said}");
    }

    #[test]
    fn a_refusal_after_a_certificate_was_asked_for_is_about_that() {
        for (alert, asked, wanted) in [
            (AlertDescription::CertificateRequired, true, true),
            (AlertDescription::HandshakeFailure, true, true),
            (AlertDescription::HandshakeFailure, false, false),
            (AlertDescription::InternalError, true, false),
        ] {
            let why = read(Error::AlertReceived(alert)).or_unshown(asked);
            assert_eq!(matches!(why, Untrusted::CertificateWanted), wanted, "{alert:?} {asked}");
        }
    }
}

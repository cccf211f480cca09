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
                CertificateError::NotValidForName
                | CertificateError::NotValidForNameContext { .. } => Self::WrongName(server.into()),
                CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                    Self::UnknownIssuer
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
            Some(Error::InvalidMessage(_)) => Self::Plaintext,
            None if is_end(&error) => Self::Closed,
            _ => Self::Other(error),
        }
    }

    /// The same if the server had asked for a certificate, and got none: with TLS 1.2 OpenSSL refuses
    /// that as it refuses anything else.
    pub(super) fn or_unshown(self, asked: bool) -> Self {
        match self {
            Self::Other(error) if asked && is_refusal(&error) => Self::CertificateWanted,
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
            Self::CertificateWanted => f.write_str(
                "the server wants a client's certificate, and this program has none: let the \
                 server's port for components ask for none",
            ),
            Self::Other(error) => write!(f, "TLS failed ({error})"),
        }
    }
}

fn is_refusal(error: &io::Error) -> bool {
    let error = error.get_ref().and_then(|error| error.downcast_ref());
    matches!(error, Some(Error::AlertReceived(AlertDescription::HandshakeFailure)))
}

fn is_authoritys(why: &OtherError) -> bool {
    matches!(why.0.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity))
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

//! What is wrong with the certificate that a server shows, in an admin's words.
//!
//! It decides by rustls' types, never by its words.

use std::fmt;

use tokio_rustls::rustls::{CertificateError, OtherError};

/// What is wrong with a certificate.
#[derive(Debug)]
pub enum Flaw {
    /// It has expired, or is not valid yet.
    Expired,
    /// It is for other names than this.
    WrongName(String),
    /// It is for no name at all, where this one was wanted.
    Nameless(String),
    /// It is not one for servers.
    OtherPurpose,
    /// It is signed in a way that is too weak, or that few know.
    OddSignature,
    /// It is signed by nobody who is trusted.
    UnknownIssuer,
    /// It says of itself that it is an authority's, which no server may show.
    Authority,
}

impl Flaw {
    /// Reads why the certificate was refused that `server` showed. None if it is something rare.
    pub(super) fn of(why: &CertificateError, server: &str) -> Option<Self> {
        use CertificateError as Why;
        Some(match why {
            Why::Expired
            | Why::ExpiredContext { .. }
            | Why::NotValidYet
            | Why::NotValidYetContext { .. } => Self::Expired,
            Why::NotValidForNameContext { presented, .. } if presented.is_empty() => {
                Self::Nameless(server.into())
            }
            Why::NotValidForName | Why::NotValidForNameContext { .. } => {
                Self::WrongName(server.into())
            }
            Why::InvalidPurpose | Why::InvalidPurposeContext { .. } => Self::OtherPurpose,
            Why::UnsupportedSignatureAlgorithmContext { .. }
            | Why::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => Self::OddSignature,
            Why::UnknownIssuer | Why::BadSignature => Self::UnknownIssuer,
            Why::Other(why) if is_authoritys(why) => Self::Authority,
            _ => return None,
        })
    }
}

fn is_authoritys(why: &OtherError) -> bool {
    matches!(why.0.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity))
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("the server's certificate ")?;
        match self {
            Self::Expired => f.write_str(
                "has expired or is not valid yet: renew it, and check this machine's clock",
            ),
            Self::WrongName(server) => {
                write!(f, "is not for {server}: give a name that it is for with --server")
            }
            Self::Nameless(server) => write!(
                f,
                "names no host: make it again with {server} as its subjectAltName, since its CN does \
                 not count"
            ),
            Self::OtherPurpose => f.write_str(
                "is not one for servers: make it again with serverAuth in its extendedKeyUsage, or \
                 without that",
            ),
            Self::OddSignature => f.write_str(
                "is signed in a way that is too weak, such as SHA-1, or that few know: make it again \
                 with SHA-256 and a key of RSA, P-256 or Ed25519",
            ),
            Self::UnknownIssuer => f.write_str(
                "is signed by nobody this machine trusts: name the authority's certificate with \
                 --tls-ca",
            ),
            Self::Authority => f.write_str(
                "is an authority's, as openssl makes self-signed ones: make it again with \
                 basicConstraints=CA:FALSE, and name it with --tls-ca",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_signature_is_said_in_words() {
        let why = CertificateError::UnsupportedSignatureAlgorithmContext {
            signature_algorithm_id: vec![6, 9, 42],
            supported_algorithms: vec![],
        };
        let said = Flaw::of(&why, "server.example").unwrap().to_string();
        assert!(said.contains("too weak, such as SHA-1"), "{said}");
    }
}

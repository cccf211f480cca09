//! TLS to the component port: trust, certificates, and what an admin reads when they do not fit.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{
    AlertDescription, CertificateError, ClientConfig, Error, RootCertStore,
};

/// How servers are recognised.
#[derive(Clone)]
pub struct Trust(Arc<ClientConfig>);

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("Trust")
    }
}

impl Trust {
    /// Trusts the authorities in `file`, or else those that the system trusts.
    ///
    /// # Errors
    /// If there are none.
    pub fn new(file: Option<&Path>) -> Result<Self> {
        let roots = match file {
            Some(path) => of_file(path)?,
            None => of_system()?,
        };
        let provider = Arc::new(ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }

    /// Secures `connection`, checking the server's certificate against `server`.
    ///
    /// # Errors
    /// See [`Untrusted`].
    pub async fn secure(
        &self,
        server: &str,
        connection: TcpStream,
    ) -> Result<TlsStream<TcpStream>, Untrusted> {
        let name = ServerName::try_from(server.to_owned())
            .map_err(|_| Untrusted::WrongName(server.to_owned()))?;
        TlsConnector::from(self.0.clone())
            .connect(name, connection)
            .await
            .map_err(|error| Untrusted::from(error, server))
    }
}

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
    /// Anything else.
    Other(io::Error),
}

impl Untrusted {
    fn from(error: io::Error, server: &str) -> Self {
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
                _ if format!("{why:?}").contains("CaUsedAsEndEntity") => Self::Authority,
                _ => Self::Other(error),
            },
            Some(Error::AlertReceived(AlertDescription::UnrecognisedName)) => {
                Self::UnknownName(server.into())
            }
            Some(Error::InvalidMessage(_)) => Self::Plaintext,
            None if is_end(&error) => Self::Closed,
            _ => Self::Other(error),
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
            Self::Other(error) => write!(f, "TLS failed ({error})"),
        }
    }
}

fn is_end(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), UnexpectedEof | ConnectionReset | BrokenPipe)
}

fn of_file(path: &Path) -> Result<RootCertStore> {
    let shown = path.display();
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(path)
        .with_context(|| format!("cannot read the certificates in {shown}"))?;
    for certificate in certificates {
        let certificate =
            certificate.with_context(|| format!("cannot read the certificates in {shown}"))?;
        roots.add(certificate).with_context(|| format!("a certificate in {shown} is of no use"))?;
    }
    ensure!(!roots.is_empty(), "there is no certificate in {shown}: it must be in PEM form");
    Ok(roots)
}

fn of_system() -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    ensure!(
        !roots.is_empty(),
        "this machine trusts no authorities: install ca-certificates, or name one with --tls-ca"
    );
    Ok(roots)
}

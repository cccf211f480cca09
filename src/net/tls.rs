//! TLS to the component port: whom to trust, and the connection that is secured so.

use std::fmt;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Error, Result, anyhow, bail, ensure};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::ResolvesClientCert;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, SignatureScheme};

use crate::net::certificate::Flaw;
use crate::net::error;
use crate::net::lookup::ascii;
use crate::net::untrusted::Untrusted;

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
        // Which of a machine's networks an address is in (RFC 4007 §11) is no part of a certificate.
        let address = server.split_once('%').map_or(server, |(address, _)| address);
        let name = ServerName::try_from(ascii(address))
            .map_err(|_| Untrusted::Certificate(Flaw::WrongName(server.to_owned())))?;
        let asked = Arc::new(Asked::default());
        let mut config = ClientConfig::clone(&self.0);
        config.client_auth_cert_resolver = asked.clone();
        let secured = TlsConnector::from(Arc::new(config)).connect(name, connection).await;
        secured.map_err(|error| {
            Untrusted::from(error, server).or_unshown(asked.0.load(Ordering::Relaxed))
        })
    }
}

/// Has no certificate to show, and notes whether the server wanted one.
#[derive(Debug, Default)]
struct Asked(AtomicBool);

impl ResolvesClientCert for Asked {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.store(true, Ordering::Relaxed);
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

fn of_file(path: &Path) -> Result<RootCertStore> {
    let shown = path.display();
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| unread(path, error))? {
        let certificate = certificate.map_err(|error| unread(path, error))?;
        roots.add(certificate).with_context(|| {
            format!("a certificate in {shown} is broken: export it again, as PEM")
        })?;
    }
    ensure!(!roots.is_empty(), "there is no certificate in {shown}: it must be in PEM form");
    Ok(roots)
}

/// Why the authorities cannot be read, and what to do.
fn unread(path: &Path, error: pem::Error) -> Error {
    let shown = path.display();
    let pem::Error::Io(error) = error else {
        return anyhow!("cannot read the certificates in {shown}: {error}");
    };
    if error.kind() == ErrorKind::NotFound {
        return anyhow!("there is no file {shown}: check --tls-ca");
    }
    let what = format!("the certificates in {shown}");
    anyhow!(error::unread(&what, "name a file with certificates in it", &error))
}

fn of_system() -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        // These say where the system's authorities are, and a wrong one hides them all.
        for variable in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
            if let Some(path) = std::env::var_os(variable).filter(|path| !path.is_empty()) {
                let path = Path::new(&path).display();
                bail!("{variable} is {path}, where no certificate is: correct or unset it");
            }
        }
        bail!(
            "this machine trusts no authorities: install ca-certificates, or name one with --tls-ca"
        );
    }
    Ok(roots)
}

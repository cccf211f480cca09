//! Certificates for one test: an authority, and what servers show, good or bad.
//!
//! Not every test file uses all of it.
#![allow(dead_code)]

use std::fs;
use std::path::PathBuf;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, date_time_ymd,
};

/// An authority of the test's own, whose certificate is in a file that goes with it.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    /// What the daemon is to trust.
    pub file: PathBuf,
}

impl Authority {
    /// One whose file is named after the test.
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // OpenSSL takes a certificate whose issuer is called as it is itself for self-signed.
        params.distinguished_name.push(DnType::CommonName, "the authority of a test");
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let file = format!("echo-component-{}-{name}.pem", std::process::id());
        let file = std::env::temp_dir().join(file);
        fs::write(&file, issuer.pem()).unwrap();
        Self { issuer, file }
    }

    /// Has that one trusted instead.
    pub fn give_way_to(&self, identity: &Identity) {
        fs::write(&self.file, identity.certificate.pem()).unwrap();
    }

    /// A server with a certificate for that name, valid to the end of that year.
    pub fn server(&self, name: &str, until: i32) -> Identity {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_after = date_time_ymd(until, 12, 31);
        self.sign(&params)
    }

    /// One whose certificate has a name only where names were before subjectAltName.
    pub fn server_by_common_name(&self, name: &str) -> Identity {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        self.sign(&params)
    }

    /// One with a certificate that is for clients.
    pub fn client(&self, name: &str) -> Identity {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth);
        self.sign(&params)
    }

    fn sign(&self, params: &CertificateParams) -> Identity {
        let key = KeyPair::generate().unwrap();
        Identity { certificate: params.signed_by(&key, &self.issuer).unwrap(), key }
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        // A leftover in the temporary folder is no reason to fail.
        let _ = fs::remove_file(&self.file);
    }
}

/// What a server shows and proves.
pub struct Identity {
    pub certificate: Certificate,
    pub key: KeyPair,
}

impl Identity {
    /// One that nobody but itself has signed.
    pub fn self_signed(name: &str) -> Self {
        Self::of_itself(name, IsCa::ExplicitNoCa)
    }

    /// The same that also says it is an authority, as `openssl req -x509` makes them.
    pub fn self_made_authority(name: &str) -> Self {
        Self::of_itself(name, IsCa::Ca(BasicConstraints::Unconstrained))
    }

    fn of_itself(name: &str, is_ca: IsCa) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.is_ca = is_ca;
        Self { certificate: params.self_signed(&key).unwrap(), key }
    }

    /// Both as servers read them from a file.
    pub fn pem(&self) -> String {
        self.certificate.pem() + &self.key.serialize_pem()
    }
}

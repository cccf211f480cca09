//! Whether an address is ours, decided on the address as it was given.
//!
//! Addresses are not parsed into JIDs for this: what a server forwards may be no JID by today's
//! rules and must be answered all the same.

use anyhow::{Context, ensure};
use xmpp_parsers::jid::{BareJid, DomainPart, Jid};

/// The domain that the component speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    jid: BareJid,
    name: String,
}

impl Domain {
    /// Takes a domain as an admin writes it.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn new(jid: &str) -> anyhow::Result<Self> {
        ensure!(!jid.contains('/'), "a component's JID has no resource");
        ensure!(
            !jid.contains('@'),
            "a component's JID is a domain alone, with nothing before an @"
        );
        let jid = BareJid::new(jid).context("this is not a domain")?;
        Ok(Self { name: jid.domain().as_str().to_owned(), jid })
    }

    /// The domain in its normal form.
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// The domain as a JID.
    pub fn jid(&self) -> Jid {
        self.jid.clone().into()
    }

    /// Whether `address` is at this domain.
    pub fn has(&self, address: &str) -> bool {
        self.has_bytes(address.as_bytes())
    }

    /// The same of an address that is still bytes.
    pub fn has_bytes(&self, address: &[u8]) -> bool {
        self.is(parts(address).1)
    }

    /// Whether `address` is one that we may speak for: at our domain, and without empty parts. A
    /// `from` that the server cannot parse costs the stream (RFC 6120 §4.9.3.9).
    pub fn speaks_for(&self, address: &str) -> bool {
        self.speaks_for_bytes(address.as_bytes())
    }

    /// The same of an address that is still bytes.
    pub fn speaks_for_bytes(&self, address: &[u8]) -> bool {
        let (local, domain, resource) = parts(address);
        self.is(domain) && local != Some(b"") && resource != Some(b"")
    }

    fn is(&self, domain: &[u8]) -> bool {
        domain == self.name.as_bytes()
            || domain.eq_ignore_ascii_case(self.name.as_bytes())
            || (may_have_other_forms(domain) && self.is_in_other_form(domain))
    }

    /// RFC 7622 §3.2: a final dot is dropped, and letters beyond ASCII are normalised. An A-label
    /// (`xn--…`) is left as it is: to servers, too, that is another domain.
    fn is_in_other_form(&self, domain: &[u8]) -> bool {
        let domain = str::from_utf8(domain).unwrap_or_default();
        DomainPart::new(domain).is_ok_and(|domain| domain.as_str() == self.name)
    }
}

/// An address without its resource (RFC 7622 §3.1: that begins at the first slash).
pub fn bare(address: &str) -> &str {
    address.split_once('/').map_or(address, |(bare, _)| bare)
}

/// Whether an address has something before an `@`: the component's domain answers as a component,
/// its nodes as bots.
pub fn is_node(address: &str) -> bool {
    bare(address).contains('@')
}

/// Local part, domain and resource. Addresses are short, and plain loops quickest.
fn parts(address: &[u8]) -> (Option<&[u8]>, &[u8], Option<&[u8]>) {
    let (local, rest) = match address.iter().position(|&b| matches!(b, b'@' | b'/')) {
        None => return (None, address, None),
        Some(at) if address[at] == b'@' => (Some(&address[..at]), &address[at + 1..]),
        Some(_) => (None, address),
    };
    match rest.iter().position(|&b| b == b'/') {
        Some(at) => (local, &rest[..at], Some(&rest[at + 1..])),
        None => (local, rest, None),
    }
}

/// A quick look that spares nearly all domains a slow one.
fn may_have_other_forms(domain: &[u8]) -> bool {
    !domain.is_ascii() || domain.ends_with(b".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_domain_decides_whose_address_it_is() {
        let domain = Domain::new("Echo.Example").unwrap();
        for (address, at_it, speaks) in [
            ("echo.example", true, true),
            ("bot@echo.example", true, true),
            ("Bot@ECHO.example/Res", true, true),
            ("echo.example/a@other.example", true, true),
            ("bot@echo.example/x/y@z", true, true),
            ("@echo.example", true, false),
            ("echo.example/", true, false),
            ("a@b@echo.example", false, false),
            ("other.example", false, false),
            ("echo.example.evil", false, false),
            ("sub.echo.example", false, false),
            ("echo.example@evil", false, false),
            ("evil/echo.example", false, false),
            ("", false, false),
        ] {
            assert_eq!(domain.has(address), at_it, "{address}");
            assert_eq!(domain.speaks_for(address), speaks, "{address}");
        }
    }

    #[test]
    fn an_internationalised_domain_is_known_in_each_form() {
        let domain = Domain::new("echö.example").unwrap();
        assert!(domain.has("a@ECHÖ.example"));
        assert!(domain.has("echo\u{308}.example"));
        assert!(!domain.has("echo.example"));
        assert!(domain.has("echö.example."));
        assert!(!domain.has("xn--ech-una.example"));
    }

    #[test]
    fn only_a_domain_is_a_components_jid() {
        for jid in ["a@echo.example", "echo.example/r", "", "a b", "@x"] {
            assert!(Domain::new(jid).is_err(), "{jid}");
        }
    }
}

//! Whether an address is ours, decided on the address as it was given.
//!
//! Addresses are not parsed into JIDs for this: what a server forwards may be no JID by today's
//! rules and must be answered all the same.

use std::ops::Range;

use anyhow::{Context, ensure};
use xmpp_parsers::jid::{BareJid, DomainPart, Jid};

use crate::xml::scan::find;
use crate::xml::tag::Attribute;

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
        self.is(parts(address.as_bytes(), 0..address.len()).domain)
    }

    /// Where the bare JID of a sender is, if that is somebody else.
    #[inline]
    pub fn foreign(&self, s: &[u8], from: &Attribute) -> Option<Range<usize>> {
        let Range { start, end } = from.value();
        if !from.plain {
            let foreign = from.text(s).is_some_and(|from| !self.has(&from));
            return foreign.then(|| start..find(s, start, end, b'/', b'/'));
        }
        let parts = parts(s, start..end);
        (!self.is(parts.domain)).then_some(start..parts.bare)
    }

    /// Where the bare JID is of an address that we may speak for: at our domain, and without empty
    /// parts. A `from` that the server cannot parse costs the stream (RFC 6120 §4.9.3.9).
    #[inline]
    pub fn ours(&self, s: &[u8], to: &Attribute) -> Option<Range<usize>> {
        let Range { start, end } = to.value();
        let may_speak = |parts: &Parts| self.is(parts.domain) && !parts.is_empty;
        if !to.plain {
            let text = to.text(s)?;
            let ours = may_speak(&parts(text.as_bytes(), 0..text.len()));
            return ours.then(|| start..find(s, start, end, b'/', b'/'));
        }
        let parts = parts(s, start..end);
        may_speak(&parts).then_some(start..parts.bare)
    }

    #[inline]
    fn is(&self, domain: &[u8]) -> bool {
        let name = self.name.as_bytes();
        (domain.len() == name.len() && (domain == name || domain.eq_ignore_ascii_case(name)))
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

/// The parts of an address.
struct Parts<'a> {
    domain: &'a [u8],
    /// Where the bare JID ends.
    bare: usize,
    /// Whether there is nothing before its `@` or behind its slash.
    is_empty: bool,
}

#[inline]
fn parts(s: &[u8], address: Range<usize>) -> Parts<'_> {
    let Range { start, end } = address;
    let first = find(s, start, end, b'@', b'/');
    let has_node = first < end && s[first] == b'@';
    let (domain, bare) =
        if has_node { (first + 1, find(s, first + 1, end, b'/', b'/')) } else { (start, first) };
    let is_empty = (has_node && first == start) || bare + 1 == end;
    Parts { domain: &s[domain..bare], bare, is_empty }
}

/// A quick look that spares nearly all domains a slow one.
fn may_have_other_forms(domain: &[u8]) -> bool {
    domain.ends_with(b".") || !domain.is_ascii()
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
            let parts = parts(address.as_bytes(), 0..address.len());
            assert_eq!(domain.is(parts.domain) && !parts.is_empty, speaks, "{address}");
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

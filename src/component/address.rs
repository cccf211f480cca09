//! Whether an address is ours, decided on the address as it was given.
//!
//! Addresses are not parsed into JIDs for this: what a server forwards may be no JID by today's
//! rules and must be answered all the same.

use std::net::IpAddr;
use std::ops::Range;

use anyhow::{Context, bail};
use xmpp_parsers::jid::DomainPart;

use crate::xml::attributes::Attribute;
use crate::xml::scan::find;

/// The domain that the component speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    name: String,
}

impl Domain {
    /// Takes a domain as an admin writes it.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn new(jid: &str) -> anyhow::Result<Self> {
        if let Some(why) = flaw(jid) {
            bail!("{why} (expected something like echo.example.com)");
        }
        let domain = DomainPart::new(jid)
            .context("no domain is written so (expected something like echo.example.com)")?;
        Ok(Self { name: domain.as_str().to_owned() })
    }

    /// The domain in its normal form.
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// Whether `address` is at this domain.
    pub fn has(&self, address: &str) -> bool {
        self.look(address.as_bytes(), 0..address.len(), false).is_ours
    }

    /// Where the bare JID of a sender is, if that is somebody else.
    #[inline]
    pub fn foreign(&self, s: &[u8], from: &Attribute) -> Option<Range<usize>> {
        let from = self.look_at(s, from)?;
        (!from.is_ours).then_some(from.bare)
    }

    /// Where the bare JID is of an address that we may speak for: at our domain, and without empty
    /// parts. A `from` that the server cannot parse costs the stream (RFC 6120 §4.9.3.9).
    #[inline]
    pub fn ours(&self, s: &[u8], to: &Attribute) -> Option<Range<usize>> {
        if s[to.value()] == *self.name.as_bytes() {
            return Some(to.value()); // as most are
        }
        let to = self.look_at(s, to)?;
        (to.is_ours && !to.has_empty_part).then_some(to.bare)
    }

    #[inline]
    fn look_at(&self, s: &[u8], address: &Attribute) -> Option<Seen> {
        if address.plain {
            return Some(self.look(s, address.value(), true));
        }
        self.look_at_escaped(s, address)
    }

    #[cold]
    fn look_at_escaped(&self, s: &[u8], address: &Attribute) -> Option<Seen> {
        let Range { start, end } = address.value();
        let text = address.text(s)?;
        let bare = start..find(s, start, end, b'/', b'/');
        Some(Seen { bare, ..self.look(text.as_bytes(), 0..text.len(), false) })
    }

    /// What the address in that place says.
    #[inline]
    fn look(&self, s: &[u8], address: Range<usize>, plain: bool) -> Seen {
        let Range { start, end } = address;
        let first = find(s, start, end, b'@', b'/');
        let has_node = first < end && s[first] == b'@';
        let (domain, bare) = if has_node {
            (first + 1, find(s, first + 1, end, b'/', b'/'))
        } else {
            (start, first)
        };
        Seen {
            is_ours: self.is(&s[domain..bare], plain),
            has_empty_part: (has_node && first == start) || bare + 1 == end,
            bare: start..bare,
        }
    }

    /// Whether that is this domain. One that is `plain` is known to be ASCII. The slow look is for those
    /// that may have other forms.
    #[inline]
    fn is(&self, domain: &[u8], plain: bool) -> bool {
        let name = self.name.as_bytes();
        (domain.len() == name.len() && (domain == name || domain.eq_ignore_ascii_case(name)))
            || ((domain.ends_with(b".") || !(plain || domain.is_ascii()))
                && self.is_in_other_form(domain))
    }

    /// RFC 7622 §3.2: a final dot is dropped, and letters beyond ASCII are normalised. An A-label
    /// (`xn--…`) is left as it is: to servers, too, that is another domain.
    #[cold]
    fn is_in_other_form(&self, domain: &[u8]) -> bool {
        let domain = str::from_utf8(domain).unwrap_or_default();
        DomainPart::new(domain).is_ok_and(|domain| domain.as_str() == self.name)
    }
}

/// What an address says.
struct Seen {
    is_ours: bool,
    /// Whether there is nothing before its `@` or behind its slash.
    has_empty_part: bool,
    /// Where its bare JID is.
    bare: Range<usize>,
}

/// Why an admin's word is no domain. A domain without these characters needs no escaping in XML.
fn flaw(jid: &str) -> Option<&'static str> {
    let address = jid.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(jid);
    let port = jid.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let labels = || jid.strip_suffix('.').unwrap_or(jid).split('.');
    let odd =
        |c: char| c.is_control() || c.is_ascii() && !(c.is_alphanumeric() || "-._".contains(c));
    Some(match jid {
        "" => "it is empty",
        _ if address.parse::<IpAddr>().is_ok() => "it is an IP address, and a component is a name",
        _ if jid.contains("://") || jid.starts_with("xmpp:") => {
            "it begins with a scheme: give the domain alone"
        }
        _ if jid.contains(char::is_whitespace) => "it contains a blank",
        _ if jid.contains('/') => "it has a resource: give the domain alone",
        _ if jid.contains('@') => "it has a part before an @: give the domain alone",
        _ if port => "it ends with a port: give the server's with --port",
        _ if labels().any(str::is_empty) => "it has a part without letters: a dot too many",
        _ if labels().any(|it| it.len() > 63) => "it has a part of more than 63 bytes between dots",
        _ if jid.contains(odd) => "it contains what domains do not",
        _ => return None,
    })
}

/// An address without its resource (RFC 7622 §3.1: that begins at the first slash).
pub fn bare(address: &str) -> &str {
    address.split_once('/').map_or(address, |(bare, _)| bare)
}

/// The domain of an address, whatever it is.
pub fn domain_of(address: &str) -> &str {
    let bare = bare(address);
    bare.split_once('@').map_or(bare, |(_, domain)| domain)
}

/// Whether an address has something before an `@`: the component's domain answers as a component,
/// its nodes as bots.
pub fn is_node(address: &str) -> bool {
    bare(address).contains('@')
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
            let seen = domain.look(address.as_bytes(), 0..address.len(), false);
            assert_eq!(seen.is_ours && !seen.has_empty_part, speaks, "{address}");
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
        for jid in ["echo.example", "echo.example.", "localhost", "echo_1.example", "echö.example"]
        {
            assert!(Domain::new(jid).is_ok(), "{jid}");
        }
    }

    #[test]
    fn no_domain_can_break_the_xml_that_it_is_written_into() {
        for jid in ["a&b.example", "a'b", "a\"b.example", "a<b", "a>b", "*.x", "a;b", "a\u{7f}b"] {
            assert!(Domain::new(jid).is_err(), "{jid}");
        }
    }

    #[test]
    fn an_address_is_no_components_jid() {
        for jid in ["127.0.0.1", "192.0.2.1", "::1", "2001:db8::1", "[::1]"] {
            let why = Domain::new(jid).unwrap_err().to_string();
            assert!(why.contains("IP address"), "{jid}: {why}");
        }
    }
}

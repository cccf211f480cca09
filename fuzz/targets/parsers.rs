//! The small parsers against another parser: what they let pass, it lets pass, and says the same.
#![no_main]

use echo_component::component::address::Domain;
use echo_component::component::stream_error::StreamError;
use echo_component::xml::attributes::Usual;
use echo_component::xml::error::Fault;
use echo_component::xml::frame::Framer;
use echo_component::xml::judge::Judge;
use echo_component::xml::names::qualified_name;
use echo_component::xml::text::{characters, normalized, text, value};
use echo_component_fuzz::document::{accepted_by_rxml, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((which, rest)) = input.split_first() else { return };
    match which % 7 {
        0 => stream_error(rest),
        1 => content(rest),
        2 => attribute(rest),
        3 => cdata(rest),
        4 => name(rest),
        5 => tokens(rest),
        _ => address(rest),
    }
});

/// A stream error goes into one line of a log.
fn stream_error(payload: &[u8]) {
    let said = StreamError::read(payload).to_string();
    assert!(!said.contains(char::is_control), "{said:?}");
    assert!(said.len() < 10_000);
}

/// Compares a verdict with those of other parsers on a document made of the same bytes.
fn compare(verdict: Result<bool, Fault>, bytes: &[u8], before: &str, after: &str) {
    let Ok(inner) = std::str::from_utf8(bytes) else {
        assert!(verdict.is_err(), "bad UTF-8 passed");
        return;
    };
    assert_ne!(verdict, Err(Fault::UnsupportedEncoding), "{inner:?}");
    let document = format!("{before}{inner}{after}");
    let accepted = parse(&document).map(|_| ());
    match verdict {
        Ok(true) => assert_eq!(accepted, Ok(()), "passed, but not by another: {document:?}"),
        // Where those two disagree, it is not for us to say who is right.
        _ => assert!(
            accepted.is_err() || !accepted_by_rxml(&document),
            "refused, but not by others: {document:?}"
        ),
    }
}

fn content(bytes: &[u8]) {
    if !bytes.contains(&b'<') {
        compare(text(bytes), bytes, "<a xmlns='u'>", "</a>");
    }
}

fn attribute(bytes: &[u8]) {
    if bytes.contains(&b'"') {
        return;
    }
    compare(value(bytes), bytes, "<a xmlns='u' b=\"", "\"/>");
    if let Some(reported) = normalized(bytes) {
        let document = format!("<a b=\"{}\"/>", String::from_utf8_lossy(bytes));
        let document = parse(&document).expect("judged before");
        assert_eq!(document.root_element().attribute("b"), Some(&*reported));
    }
}

fn cdata(bytes: &[u8]) {
    if !bytes.windows(3).any(|end| end == b"]]>") && !bytes.ends_with(b"]") {
        compare(characters(bytes), bytes, "<a xmlns='u'><![CDATA[", "]]></a>");
    }
}

fn name(bytes: &[u8]) {
    let verdict = qualified_name(bytes);
    let prefix = match verdict {
        Ok(Some(colon)) => &bytes[..colon],
        _ => b"p",
    };
    let delimits = |b: &u8| b" \t\r\n/<>='\"&".contains(b);
    if bytes.iter().any(delimits) || matches!(prefix, b"xml" | b"xmlns") || bytes == b"xmlns" {
        return;
    }
    let after = format!(" xmlns='u' xmlns:{}='u'/>", String::from_utf8_lossy(prefix));
    compare(verdict.map(|_| true), bytes, "<", &after);
}

const USUAL: [Usual; Usual::COUNT] =
    [Usual::From, Usual::To, Usual::Id, Usual::Type, Usual::Xmlns, Usual::Lang];

/// Tokens are the same, however they are cut, and their attributes lie within them.
fn tokens(bytes: &[u8]) {
    let cut = |step: usize| {
        let (mut framer, mut from, mut seen) = (Framer::default(), 0, vec![]);
        for end in (step..bytes.len()).step_by(step).chain([bytes.len()]) {
            loop {
                match framer.end(&bytes[from..end.max(from)]) {
                    Ok(Some((kind, size))) => {
                        from += size;
                        seen.push((kind, size));
                    }
                    Ok(None) => break,
                    Err(fault) => return (seen, Some(fault)),
                }
            }
        }
        (seen, None)
    };
    let whole = cut(bytes.len().max(1));
    assert_eq!(cut(1), whole);
    assert_eq!(cut(3), whole);
    let mut judge = Judge::default();
    if bytes.starts_with(b"<") && judge.begin(bytes).is_ok() {
        assert!(bytes[..judge.head.end].ends_with(b">"));
        let usual = USUAL.into_iter().filter_map(|name| judge.head.get(name));
        for attribute in usual.chain(judge.head.others.iter().map(|it| &it.attribute)) {
            let quoted = &bytes[attribute.quoted()];
            assert!(quoted.len() >= 2 && quoted[0] == quoted[quoted.len() - 1]);
        }
    }
}

/// What we may speak for is at our domain, and a JID of it reads as ours.
fn address(bytes: &[u8]) {
    let Ok(address) = std::str::from_utf8(bytes) else { return };
    let ours = Domain::new("echo.example").expect("a domain");
    if speaks_for(&ours, address) {
        assert!(ours.has(address), "{address:?}");
    }
    if let Ok(domain) = Domain::new(address) {
        assert!(domain.has(domain.as_str()), "{address:?}");
        assert!(speaks_for(&domain, &format!("a@{}/r", domain.as_str())), "{address:?}");
    }
}

/// Whether the domain may speak for an address that a stanza is sent to.
fn speaks_for(domain: &Domain, address: &str) -> bool {
    let escaped = address.replace('&', "&amp;").replace('<', "&lt;").replace('\'', "&apos;");
    let tag = format!("<a to='{escaped}'/>").into_bytes();
    let mut judge = Judge::default();
    judge.begin(&tag) == Ok(())
        && judge.head.get(Usual::To).is_some_and(|to| domain.ours(&tag, to).is_some())
}

//! Whether what the component sent is right, as another parser sees it.

use echo_component::component::Event;
use echo_component::component::address::Domain;
use echo_component::xml::error::Fault;
use roxmltree::{Document, Node};

use crate::document::{COMPONENT, STANZAS, STREAMS, accepted_by_rxml, parse, whole};
use crate::drive::{DOMAIN, Outcome};

/// Whatever came in, what goes out is whole stanzas from our domain, with nothing but blanks between
/// them.
///
/// # Panics
/// If it is not.
pub fn sent_is_legal(sent: &[u8]) {
    let text = whole(sent).expect("UTF-8");
    let document = parse(&text).unwrap_or_else(|error| panic!("{error} in {text}"));
    for node in document.root_element().children() {
        if node.is_text() {
            // Behind a stanza with a long tag (RFC 6120 §4.6.1).
            assert_eq!(node.text().map(str::trim), Some(""), "text between stanzas: {text}");
            continue;
        }
        assert!(node.is_element(), "neither a stanza nor blanks: {text}");
        let tag = node.tag_name();
        assert_eq!(tag.namespace(), Some(COMPONENT), "{text}");
        assert!(matches!(tag.name(), "message" | "presence" | "iq"), "{text}");
        assert!(is_ours(value(node, "from").expect("from")), "{text}");
        assert!(value(node, "to").is_some(), "{text}");
    }
}

/// If other parsers read the input, the stream lives and its messages are echoed.
///
/// # Panics
/// If that is not so.
pub fn messages_are_echoed(input: &[u8], limit: usize, outcome: &Outcome) {
    match outcome.event {
        Err(Fault::UnsupportedEncoding) => assert!(std::str::from_utf8(input).is_err()),
        Err(Fault::RestrictedXml) => assert!(input.windows(2).any(|w| w == b"<!" || w == b"<?")),
        _ => {}
    }
    // Comments and the like are legal in documents.
    if outcome.event == Err(Fault::RestrictedXml) {
        return;
    }
    let Some(text) = whole(input) else { return };
    let Ok(read) = parse(&text) else { return };
    // Where the two disagree, it is not for us to say who is right.
    if !accepted_by_rxml(&text) {
        return;
    }
    if read.root_element().children().any(is_doubtful) {
        return;
    }
    if outcome.event == Err(Fault::NotWellFormed) && declares_twice(&text) {
        return;
    }
    assert!(outcome.event.is_ok(), "{:?} for {text}", outcome.event);
    let output = whole(&outcome.sent).unwrap_or_default();
    let sent = parse(&output).expect("judged before");
    let mut echoes = sent.root_element().children().filter(|node| node.has_tag_name("message"));
    for message in read.root_element().children().take_while(|node| !is_stream_error(*node)) {
        if is_answered(message) && start_tag(message) <= limit {
            let echo = echoes.next().unwrap_or_else(|| panic!("no echo of {message:?}"));
            is_echo_or_bounce(message, echo, limit);
        }
    }
    assert!(echoes.next().is_none(), "more messages than there should be: {output}");
    let ended = matches!(outcome.event, Ok(Event::StreamError(_)));
    assert_eq!(ended, read.root_element().children().any(is_stream_error), "{text}");
}

fn domain(address: &str) -> &str {
    let bare = address.split('/').next().unwrap_or_default();
    let domain = bare.split_once('@').map_or(bare, |(_, domain)| domain);
    domain.strip_suffix('.').unwrap_or(domain)
}

/// Whether `address` is at our domain, of which there are other forms than ours: then its normal form
/// tells.
fn is_ours(address: &str) -> bool {
    let domain = domain(address);
    domain.eq_ignore_ascii_case(DOMAIN)
        || (has_other_forms(address) && Domain::new(domain).is_ok_and(|it| it.as_str() == DOMAIN))
}

fn has_other_forms(address: &str) -> bool {
    !domain(address).is_ascii() || domain(address).contains("xn--")
}

/// Whether it takes more than is known here to tell whose address it is.
fn is_doubtful(stanza: Node) -> bool {
    ["from", "to"].iter().any(|name| value(stanza, name).is_some_and(has_other_forms))
}

/// Whether a tag seems to declare the same prefix twice, which no document may and both of the other
/// parsers let pass.
fn declares_twice(text: &str) -> bool {
    text.split('<').any(|tag| {
        let declared = tag.split("xmlns").skip(1).filter_map(|rest| rest.split('=').next());
        let mut names: Vec<_> = declared.map(str::trim).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        names.len() < all
    })
}

fn is_stream_error(node: Node) -> bool {
    node.is_element() && node.tag_name() == (STREAMS, "error").into()
}

/// How long the start tag of an element is. Where it alone is over the limit, nobody is answered.
fn start_tag(node: Node) -> usize {
    let source = &node.document().input_text()[node.range()];
    let mut quote = None;
    let end = source.bytes().position(|byte| {
        match (quote, byte) {
            (None, b'\'' | b'"') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
        quote.is_none() && byte == b'>'
    });
    end.map_or(source.len(), |end| end + 1)
}

/// Whether a top-level element is a message that wants an answer. Other than in the component
/// itself, this is decided on what the parser says.
fn is_answered(node: Node) -> bool {
    let tag = node.tag_name();
    let is_message =
        tag.name() == "message" && tag.namespace().is_some_and(|ns| STANZAS.contains(&ns));
    let empty_part =
        |to: &str| to.starts_with('@') || to.split_once('/').is_some_and(|it| it.1.is_empty());
    is_message
        && value(node, "type") != Some("error")
        && value(node, "from").is_some_and(|from| !is_ours(from))
        && value(node, "to").is_none_or(|to| is_ours(to) && !empty_part(to))
}

fn is_echo_or_bounce(message: Node, answer: Node, limit: usize) {
    let traded = |to: Option<&str>| to.unwrap_or(DOMAIN).to_owned();
    assert_eq!(value(answer, "from"), Some(&*traded(value(message, "to"))));
    assert_eq!(value(answer, "to"), value(message, "from"));
    let condition = bounced(answer);
    match condition.as_deref() {
        None => is_same(message, answer, true),
        Some("policy-violation") => {
            // The declaration of our own domain may be what takes it over the limit.
            assert!(message.range().len() + DOMAIN.len() + 10 > limit, "{message:?} bounced");
        }
        Some("not-acceptable") => assert!(has_foreign_default(message), "{message:?} bounced"),
        Some(other) => panic!("bounced with {other}"),
    }
}

/// The condition with which a message has been bounced.
fn bounced(answer: Node) -> Option<String> {
    value(answer, "type").filter(|kind| *kind == "error")?;
    let error = answer.children().find(|child| child.has_tag_name((COMPONENT, "error")))?;
    Some(error.first_element_child()?.tag_name().name().to_owned())
}

/// Whether a message has a prefix, and its default namespace is another: it cannot be moved.
fn has_foreign_default(message: Node) -> bool {
    let source = &message.document().input_text()[message.range()];
    let name = source.split([' ', '\t', '\r', '\n', '/', '>']).next().unwrap_or_default();
    name.contains(':') && !message.default_namespace().is_some_and(|ns| STANZAS.contains(&ns))
}

/// Compares what two elements say. The namespaces of stanzas count as one, since a message is moved
/// from the server's to ours, and `traded` excepts addresses.
fn is_same(a: Node, b: Node, traded: bool) {
    let one = |namespace: Option<&str>| match namespace {
        Some(namespace) if STANZAS.contains(&namespace) => Some(COMPONENT.to_owned()),
        other => other.map(ToOwned::to_owned),
    };
    let tag = |node: Node| (one(node.tag_name().namespace()), node.tag_name().name().to_owned());
    assert_eq!(tag(a), tag(b));
    assert_eq!(attributes(a, traded), attributes(b, traded));
    let (mut left, mut right) = (a.children(), b.children());
    loop {
        match (left.next(), right.next()) {
            (None, None) => return,
            (Some(a), Some(b)) if a.is_element() && b.is_element() => is_same(a, b, false),
            (Some(a), Some(b)) => assert_eq!(a.text(), b.text()),
            (a, b) => panic!("{a:?} became {b:?}"),
        }
    }
}

/// A node's attributes, without addresses if those have been `traded`.
fn attributes(node: Node, traded: bool) -> Vec<(Option<String>, String, String)> {
    let is_address = |attribute: &roxmltree::Attribute| {
        attribute.namespace().is_none() && matches!(attribute.name(), "from" | "to")
    };
    let kept = node.attributes().filter(|attribute| !(traded && is_address(attribute)));
    let owned = kept.map(|attribute| {
        let namespace = attribute.namespace().map(ToOwned::to_owned);
        (namespace, attribute.name().to_owned(), attribute.value().to_owned())
    });
    owned.collect()
}

/// An attribute that has no prefix. The parser's own look-up takes one of any namespace.
#[must_use]
pub fn value<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    let is = |it: &roxmltree::Attribute| it.namespace().is_none() && it.name() == name;
    node.attributes().find(is).map(|it| it.value())
}

/// The stanzas on a stream, without what is between them.
#[must_use]
pub fn stanzas<'a>(document: &'a Document<'a>) -> Vec<Node<'a, 'a>> {
    document.root_element().children().filter(Node::is_element).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_forms_of_our_domain_are_ours() {
        for ours in ["echo.example", "a@ECHO.example./r", "\u{ff45}cho.example"] {
            assert!(is_ours(ours), "{ours}");
        }
        for foreign in ["x@evil.\u{e9}", "xn--ecco-pna.example", "x@xn--.example", "evil.example"] {
            assert!(!is_ours(foreign), "{foreign}");
        }
    }
}

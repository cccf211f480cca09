//! Stream errors of every condition (RFC 6120 §4.9.3) and form.

use super::case::Case;
use super::case::Outcome::Ended;
use crate::support::CONDITIONS;

const STREAMS: &str = "urn:ietf:params:xml:ns:xmpp-streams";

/// Of RFC 3920, and what servers make up.
const OTHERS: [&str; 3] = ["invalid-id", "xml-not-well-formed", "made-up"];

pub fn cases() -> Vec<Case> {
    let error = |payload: &str| format!("<stream:error>{payload}</stream:error>");
    let mut cases = vec![];
    for condition in CONDITIONS.into_iter().chain(OTHERS) {
        let payload = format!("<{condition} xmlns='{STREAMS}'/>");
        cases.push(Case::new(error(&payload), Ended(condition)));
        let payload = format!(
            "<{condition} xmlns='{STREAMS}'>other.example</{condition}>\
             <text xmlns='{STREAMS}' xml:lang='de'>so &amp; so</text><a xmlns='urn:x'/>"
        );
        cases.push(Case::new(error(&payload) + "</stream:stream>", Ended(condition)));
    }
    let reset = format!("<reset xmlns='{STREAMS}'/>");
    for payload in [
        format!("<text xmlns='{STREAMS}'>first</text>{reset}"),
        format!("<a xmlns='urn:x'/>{reset}"),
        format!("\n {reset} \n"),
        format!("{reset}{}", reset.replace("reset", "conflict")),
        format!("<s:reset xmlns:s='{STREAMS}'/>"),
        format!("{reset}<text xmlns='{STREAMS}'>\u{202e}&#13;&#10;\u{1f600}</text>"),
        format!("{reset}<text xmlns='{STREAMS}'>{}</text>", "x".repeat(60_000)),
    ] {
        cases.push(Case::new(error(&payload), Ended("reset")));
    }
    for payload in [
        String::new(),
        "text".into(),
        "<reset/>".into(),
        "<reset xmlns='urn:x'/>".into(),
        format!("<text xmlns='{STREAMS}'>only</text>"),
        // What cannot be read, or is too much.
        format!("{reset}<p:a/>"),
        format!("{reset}&nbsp;"),
        format!("{reset}\u{1}"),
        format!("{reset}{}", "x".repeat(100_000)),
        format!("{reset}{}{}", "<a>".repeat(200_000), "</a>".repeat(200_000)),
    ] {
        cases.push(Case::new(error(&payload), Ended("undefined-condition")));
    }
    cases.push(Case::new("<stream:error/>", Ended("undefined-condition")));
    for tag in [
        "stream:error xmlns:stream='http://etherx.jabber.org/streams'",
        "error xmlns='http://etherx.jabber.org/streams'",
        "s:error xmlns:s='http://etherx.jabber.org/streams'",
        "undeclared:error",
        "stream:error a='b' from='x' xml:lang='de'",
    ] {
        let name = tag.split(' ').next().unwrap_or_default();
        cases.push(Case::new(format!("<{tag}>{reset}</{name}>"), Ended("reset")));
    }
    // What comes behind it is not looked at.
    let behind = error(&reset) + "<message from='u@x' to='echo.example'/><a></b>\u{1}";
    cases.push(Case::new(behind, Ended("reset")));
    cases
}

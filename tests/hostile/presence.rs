//! Presence of every type with every payload, and what is no presence at all.

use echo_component::xml::error::Fault::{NotWellFormed, UnsupportedEncoding};

use super::case::Outcome::{self, Answer, Ends, Silence};
use super::case::{BOT, Case, U};

const SUBSCRIBED: Outcome = Answer(&["presence subscribed", "presence"]);
const UNSUBSCRIBED: Outcome = Answer(&["presence unsubscribed", "presence unavailable"]);
const AVAILABLE: Outcome = Answer(&["presence"]);
const NO_ROOM: Outcome = Answer(&["presence error service-unavailable"]);

const JOIN: &str = "<x xmlns='http://jabber.org/protocol/muc'/>";

pub fn cases() -> Vec<Case> {
    let mut cases = types();
    cases.extend(joins());
    cases.extend(addresses());
    cases.extend(broken());
    cases
}

fn presence(kind: &str, payload: &str) -> String {
    format!("<presence{kind} from='{U}' to='{BOT}'>{payload}</presence>")
}

/// What cannot be read of the payload does not matter.
fn types() -> Vec<Case> {
    let large = "<a>b</a>".repeat(20_000);
    let payloads = [
        "",
        "text",
        "<show>foo</show><show/><priority>300</priority><status/><status/>",
        "<p:a/>",
        "&nbsp;",
        "\u{1}",
        "<a b='&#0;'/>",
        "<c xmlns='http://jabber.org/protocol/caps'/>",
        "<x xmlns='vcard-temp:x:update'><photo/></x>",
        "<presence/><iq/>",
        &large,
    ];
    let mut cases = vec![];
    for (kind, outcome) in [
        (" type='subscribe'", SUBSCRIBED),
        (" type=\"subscribe\"", SUBSCRIBED),
        (" type='&#115;ubscribe'", SUBSCRIBED),
        (" type='subscribe' id='1' xml:lang='de' foo='bar' xmlns:p='u' p:b=''", SUBSCRIBED),
        (" type='unsubscribe'", UNSUBSCRIBED),
        (" type='probe'", AVAILABLE),
        ("", Silence),
        (" type=''", Silence),
        (" type='available'", Silence),
        (" type='unavailable'", Silence),
        (" type='subscribed'", Silence),
        (" type='unsubscribed'", Silence),
        (" type='invisible'", Silence),
        (" type='Subscribe'", Silence),
        (" type=' subscribe'", Silence),
        (" type='error'", Silence),
        (" type='\u{1f600}'", Silence),
        (" xmlns:p='u' p:type='subscribe'", Silence),
    ] {
        cases.extend(payloads.map(|payload| Case::new(presence(kind, payload), outcome.clone())));
    }
    cases
}

/// Whoever tries to join a room waits for an answer.
fn joins() -> Vec<Case> {
    let nested = format!("<a xmlns='u'>{JOIN}</a>");
    let mut cases = vec![];
    for (payload, outcome) in [
        (JOIN.to_owned(), NO_ROOM),
        (format!("\n{JOIN}\n{JOIN}<status/>text"), NO_ROOM),
        (JOIN.replace("x xmlns", "p:x xmlns:p"), NO_ROOM),
        (JOIN.replace("/>", "><history since='never'/><password>&lt;</password></x>"), NO_ROOM),
        (JOIN.replace("muc", "&#109;uc"), NO_ROOM),
        (format!("<a/>&amp;<![CDATA[<b>]]>{JOIN}"), NO_ROOM),
        (format!("<![CDATA[{JOIN}]]>"), Silence),
        (nested, Silence),
        (JOIN.replace("<x", "<y"), Silence),
        (JOIN.replace("muc", "muc#user"), Silence),
        // Unreadable with what stands beside it.
        (format!("{JOIN}<p:a/>"), Silence),
    ] {
        cases.push(Case::new(presence(" id='j'", &payload), outcome));
    }
    for kind in ["unavailable", "error", "subscribed"] {
        cases.push(Case::new(presence(&format!(" type='{kind}'"), JOIN), Silence));
    }
    cases
}

fn addresses() -> Vec<Case> {
    let mut cases = vec![];
    for (addresses, outcome) in [
        ("", Silence),
        ("to='bot@echo.example'", Silence),
        ("from='u@x'", SUBSCRIBED),
        ("from='' to='echo.example'", SUBSCRIBED),
        ("from='a b@c@d/&lt;' to='Echo.Example'", SUBSCRIBED),
        ("from='u@x' to='bot@echo.example/r/s'", SUBSCRIBED),
        ("from='u@x' to=''", Silence),
        ("from='u@x' to='other.example'", Silence),
        ("from='u@x' to='@echo.example'", Silence),
        ("from='x@echo.example' to='y@echo.example'", Silence),
        ("from='echo.example' to='echo.example'", Silence),
        ("from='&#0;' to='echo.example'", Silence),
        ("from='u@x' to='&nbsp;'", Silence),
    ] {
        cases.push(Case::new(format!("<presence type='subscribe' {addresses}/>"), outcome));
    }
    for (namespace, outcome) in [
        ("xmlns='jabber:client'", SUBSCRIBED),
        ("xmlns='jabber:server'", SUBSCRIBED),
        ("xmlns='urn:x'", Silence),
        ("xmlns=''", Silence),
    ] {
        let input = format!("<presence {namespace} type='subscribe' from='{U}' to='{BOT}'/>");
        cases.push(Case::new(input, outcome));
    }
    let input = format!("<c:presence xmlns:c='jabber:client' type='probe' from='{U}' to='{BOT}'/>");
    cases.push(Case::new(input, AVAILABLE));
    cases
}

fn broken() -> Vec<Case> {
    let mut cases = vec![];
    for payload in ["<a></b>", "</iq>", "&", "]]>", "<a b='1' b='2'/>", "<1/>", "<a:b:c/>"] {
        for kind in ["", " type='subscribe'", " type='unavailable'"] {
            cases.push(Case::new(presence(kind, payload), Ends(NotWellFormed)));
        }
    }
    cases.push(Case::new(presence(" type='probe' type='probe'", ""), Ends(NotWellFormed)));
    let mut input = presence("", "?").into_bytes();
    if let Some(at) = input.iter().position(|&byte| byte == b'?') {
        input[at] = 0xff;
    }
    cases.push(Case::new(input, Ends(UnsupportedEncoding)));
    cases
}

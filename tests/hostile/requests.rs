//! IQ of every type, id and payload: one answer to each request, none to an answer.

use echo_component::xml::error::Fault::NotWellFormed;

use super::case::Outcome::{self, Answer, Ends, Silence};
use super::case::{BOT, Case, U};

const RESULT: Outcome = Answer(&["iq result"]);
const MALFORMED: Outcome = Answer(&["iq error bad-request"]);
const UNAVAILABLE: Outcome = Answer(&["iq error service-unavailable"]);
const NOT_FOUND: Outcome = Answer(&["iq error item-not-found"]);
const TOO_LARGE: Outcome = Answer(&["iq error policy-violation"]);

const PING: &str = "<ping xmlns='urn:xmpp:ping'/>";

pub fn cases() -> Vec<Case> {
    let mut cases = payloads();
    cases.extend(types());
    cases.extend(known());
    cases.extend(addresses());
    cases.extend(broken());
    cases
}

fn iq(attributes: &str, payload: &str) -> String {
    format!("<iq{attributes} from='{U}' to='{BOT}'>{payload}</iq>")
}

/// RFC 6120 §8.2.3: a request has one child, and every request an answer.
fn payloads() -> Vec<Case> {
    let mut cases = vec![];
    for payload in [
        "",
        " \n ",
        "text",
        "<![CDATA[<a/>]]>",
        "<a/><b/>",
        "<p:a/>",
        "<a p:b=''/>",
        "&nbsp;",
        "<a>&#0;</a>",
        "<a b='\u{1}'/>",
        "<a>\u{fffe}</a>",
        "<ping xmlns='urn:xmpp:ping'/><ping xmlns='urn:xmpp:ping'/>",
    ] {
        for kind in ["get", "set"] {
            let attributes = format!(" type='{kind}' id='1'");
            cases.push(Case::new(iq(&attributes, payload), MALFORMED));
        }
        for kind in ["result", "error"] {
            let attributes = format!(" type='{kind}' id='1'");
            cases.push(Case::new(iq(&attributes, payload), Silence));
        }
    }
    for payload in [
        "<a/>",
        "<a xmlns=''/>",
        "<a xmlns='urn:x'><b/>text</a>",
        "<iq/>",
        "<message/>",
        "<error/>",
        "<error type='cancel'/>",
        "<query/>",
        "<query xmlns='jabber:iq:private'/>",
        "<ping/>",
        "<ping xmlns='urn:xmpp:pin'/>",
        "<Ping xmlns='urn:xmpp:ping'/>",
        "<query xmlns='urn:xmpp:ping'/>",
        "<a xmlns:stream='u'><stream:b/></a>",
        "<stream:a/>",
        "<a stream:b=''/>",
    ] {
        cases.push(Case::new(iq(" type='get' id='1'", payload), UNAVAILABLE));
        cases.push(Case::new(iq(" type='set' id='1'", payload), UNAVAILABLE));
        cases.push(Case::new(iq(" type='result' id='1'", payload), Silence));
    }
    let large = "<a>b</a>".repeat(10_000);
    for (kind, outcome) in [("get", TOO_LARGE), ("set", TOO_LARGE), ("result", Silence)] {
        cases.push(Case::new(iq(&format!(" type='{kind}' id='1'"), &large), outcome));
    }
    cases
}

fn types() -> Vec<Case> {
    let mut cases = vec![];
    for (attributes, outcome) in [
        ("", MALFORMED),
        (" id='1'", MALFORMED),
        (" type='' id='1'", MALFORMED),
        (" type='GET' id='1'", MALFORMED),
        (" type=' get' id='1'", MALFORMED),
        (" type='probe' id='1'", MALFORMED),
        (" type='\u{1f600}' id='1'", MALFORMED),
        (" type='get'", MALFORMED),
        (" type='set'", MALFORMED),
        (" type='get' xmlns:p='u' p:id='1'", MALFORMED),
        (" type='result'", Silence),
        (" type='error'", Silence),
        (" type='&#114;esult' id='1'", Silence),
        (" type='get' id=''", RESULT),
        (" type='&#103;et' id='1'", RESULT),
        (" type='get' id='&lt;&amp;&quot;&#13;&#10;'", RESULT),
        (" type='get' id='\u{1f600}\u{202e}'", RESULT),
        (" type='get' id='1' foo='bar' xml:lang='de' xmlns:p='u' p:type='error'", RESULT),
        (" type='set' id='1'", UNAVAILABLE),
        // The start tag itself is unfit, so that nothing in it counts but the addresses.
        (" type='get' id='1' p:a=''", MALFORMED),
        (" type='get' id='1' a='&nbsp;'", MALFORMED),
        (" type='get' id='1' a='\u{1}'", MALFORMED),
    ] {
        cases.push(Case::new(iq(attributes, PING), outcome));
    }
    cases
}

/// What is answered, asked for in odd ways.
fn known() -> Vec<Case> {
    let info = "xmlns='http://jabber.org/protocol/disco#info'";
    let items = "xmlns='http://jabber.org/protocol/disco#items'";
    let pubsub = "xmlns='http://jabber.org/protocol/pubsub'";
    let mut cases = vec![];
    for (payload, outcome) in [
        (PING.to_owned(), RESULT),
        (format!("\n\t{PING}\n"), RESULT),
        (format!("text{PING}<![CDATA[text]]>"), RESULT),
        ("<p:ping xmlns:p='urn:xmpp:ping'></p:ping>".into(), RESULT),
        (format!("<![CDATA[<a/>]]>{PING}<![CDATA[</iq><b/>]]>"), RESULT),
        ("<p:ping xmlns='urn:xmpp:ping' xmlns:p='u'/>".into(), UNAVAILABLE),
        ("<ping xmlns:p='urn:xmpp:ping'/>".into(), UNAVAILABLE),
        ("<ping xmlns='urn:xmpp:&#112;ing' a='b'><c/></ping>".into(), RESULT),
        ("<query xmlns='jabber:iq:version'><name>x</name></query>".into(), RESULT),
        ("<query xmlns='jabber:iq:last' seconds='-1'/>".into(), RESULT),
        ("<time xmlns='urn:xmpp:time'><utc>never</utc></time>".into(), RESULT),
        ("<vCard xmlns='vcard-temp'><FN/></vCard>".into(), RESULT),
        (format!("<query {info}/>"), RESULT),
        (format!("<query {info} node='x'/>"), NOT_FOUND),
        (format!("<query {info} node=''/>"), RESULT),
        (format!("<query {info} p:node='x' xmlns:p='u'/>"), RESULT),
        (format!("<query {info} node='&lt;&#13;\u{1f600}'/>"), NOT_FOUND),
        (format!("<query {info} node='{}'/>", "n".repeat(5_000)), NOT_FOUND),
        (format!("<query {items}/>"), RESULT),
        (format!("<query {items} node='x'/>"), NOT_FOUND),
        (format!("<query {items} node=''/>"), RESULT),
        (format!("<pubsub {pubsub}><items node='urn:xmpp:vcard4'/></pubsub>"), RESULT),
        (format!("<pubsub {pubsub}>x<items node='urn:xmpp:&#118;card4'/><a/></pubsub>"), RESULT),
        (format!("<pubsub {pubsub}><![CDATA[<items/>]]><items/></pubsub>"), MALFORMED),
        (format!("<pubsub {pubsub}><items node=''/></pubsub>"), NOT_FOUND),
        (format!("<pubsub {pubsub}><items node='{}'/></pubsub>", "n".repeat(5_000)), NOT_FOUND),
        (
            format!("<pubsub {pubsub}>{}</pubsub>", "<items>".repeat(40) + &"</items>".repeat(40)),
            MALFORMED,
        ),
        (format!("<pubsub {pubsub}/>"), UNAVAILABLE),
        (format!("<pubsub {pubsub}><a/><items node='urn:xmpp:vcard4'/></pubsub>"), UNAVAILABLE),
    ] {
        cases.push(Case::new(iq(" type='get' id='1'", &payload), outcome));
    }
    cases
}

fn addresses() -> Vec<Case> {
    let mut cases = vec![];
    for (addresses, outcome) in [
        ("", Silence),
        ("to='bot@echo.example'", Silence),
        ("from='u@x'", RESULT),
        ("from='' to='echo.example'", RESULT),
        ("from='x' to='echo.example/r'", RESULT),
        ("from='a b@c@d/&lt;&#10;' to='\u{1f600}@Echo.Example/\u{202e}'", RESULT),
        ("from='u@x' to=''", Silence),
        ("from='u@x' to='other.example'", Silence),
        ("from='u@x' to='@echo.example'", Silence),
        ("from='u@x' to='bot@echo.example/'", Silence),
        ("from='&#0;' to='echo.example'", Silence),
        ("from='u@x' to='&nbsp;'", Silence),
    ] {
        cases.push(Case::new(format!("<iq type='get' id='1' {addresses}>{PING}</iq>"), outcome));
    }
    for (namespace, outcome) in [
        ("jabber:client", RESULT),
        ("jabber:server", RESULT),
        ("jabber:component:accept", RESULT),
        ("urn:x", Silence),
        ("", Silence),
    ] {
        let attributes = format!(" xmlns='{namespace}' type='get' id='1'");
        cases.push(Case::new(iq(&attributes, PING), outcome));
    }
    cases
}

fn broken() -> Vec<Case> {
    let mut cases = vec![];
    for payload in [
        "<a></b>",
        "</a>",
        "<a></iq>",
        "<a",
        "&",
        "<a>&</a>",
        "]]>",
        "<a b='1' b='2'/>",
        "<1/>",
        "<a:b:c/>",
    ] {
        for kind in ["get", "set", "result", "error", "foo"] {
            let attributes = format!(" type='{kind}' id='1'");
            cases.push(Case::new(iq(&attributes, payload), Ends(NotWellFormed)));
        }
    }
    for attributes in [" type='get' type='get'", " id='1' id='1'", " type", " type=get", " a='<'"] {
        cases.push(Case::new(iq(attributes, PING), Ends(NotWellFormed)));
    }
    cases
}

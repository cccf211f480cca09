//! What any user can send to end a component that is built the usual way. Each input must
//! reach ours, be echoed, and leave it on the connection it began with.

use std::time::Duration;

use crate::chat::assert_mirrored;
use crate::real::{Kind, Server, Stage, Stanza, wait_until};

/// The daemon's default, and what Prosody takes from a component.
const MAX_STANZA_SIZE: usize = 512 * 1024;

pub fn an_unknown_message_type_comes_back(kind: Kind) {
    let echo = survive(
        kind,
        "m1",
        "<message to='echo.localhost' type='foo' id='m1'><body>foo</body></message>",
    );
    assert_eq!(echo.body(), "foo");
}

pub fn two_bodies_of_one_language_come_back(kind: Kind) {
    let echo = survive(
        kind,
        "m1",
        "<message to='echo.localhost' id='m1'><body>one</body><body>two</body></message>",
    );
    assert_eq!(echo.all("", "body").count(), 2, "{echo:?}");
}

pub fn a_jid_that_stringprep_rejects_gets_its_echo(kind: Kind) {
    // Emoji are younger than the Unicode that stringprep knows; servers let them pass.
    for to in ["bot@echo.localhost/😀", "b😀t@echo.localhost"] {
        let echo = survive(
            kind,
            "m1",
            &format!("<message to='{to}' id='m1'><body>to {to}</body></message>"),
        );
        assert_eq!(echo.attr("from"), to);
    }
}

pub fn names_ids_and_values_of_9000_bytes_come_back(kind: Kind) {
    let long = "x".repeat(9_000);
    survive(
        kind,
        &long,
        &format!("<message to='echo.localhost' id='{long}'><body>id</body></message>"),
    );
    survive(
        kind,
        "m1",
        &format!("<message to='echo.localhost' id='m1'><x xmlns='urn:x' a='{long}'/></message>"),
    );
    survive(
        kind,
        "m1",
        &format!("<message to='echo.localhost' id='m1'><{long} xmlns='urn:x'/></message>"),
    );
}

pub fn a_carriage_return_in_an_attribute_comes_back(kind: Kind) {
    survive(
        kind,
        "m1",
        "<message to='echo.localhost' id='m1'><x xmlns='urn:x' a='3&#13;4'>5&#13;6</x></message>",
    );
}

/// On the way some servers lose a prefix's declaration, or declare the namespace of `xml`,
/// which is for that prefix alone. To send that back would cost the stream, so it is refused
/// in such a case, and echoed by the others: the stream lives on either way.
pub fn namespaces_that_servers_break_cost_no_stream(kind: Kind) {
    let mut stage = Stage::start(kind);
    let mut alice = stage.user("alice");
    for (id, message) in [
        ("name", "<message to='echo.localhost' id='name'><xml:x/></message>"),
        ("attribute", "<message to='echo.localhost' id='attribute'><x xml:y='1'/></message>"),
        ("stream", "<message to='echo.localhost' id='stream'><stream:x stream:y='1'/></message>"),
        ("lost", "<message to='echo.localhost' id='lost' xmlns:p='urn:p'><x p:y='1'/></message>"),
    ] {
        alice.send(message);
        let answer = alice.wait_for_id(id);
        if answer.attr("type") == "error" {
            assert_eq!(answer.error_condition(), Some("not-acceptable"), "{answer:?}");
        } else {
            assert_mirrored(&stage, id);
        }
        stage.assert_still_echoing(&mut alice);
    }
}

pub fn fifty_thousand_nested_elements_come_back(kind: Kind) {
    const LEVELS: usize = 50_000;
    let (down, up) = ("<a>".repeat(LEVELS), "</a>".repeat(LEVELS));
    let echo =
        survive(kind, "m1", &format!("<message to='echo.localhost' id='m1'>{down}{up}</message>"));
    assert_eq!(echo.all("", "a").count(), LEVELS);
}

pub fn presence_and_requests_of_any_depth_do_no_harm(kind: Kind) {
    const LEVELS: usize = 50_000;
    let deep = format!("<x xmlns='urn:x'>{}{}</x>", "<a>".repeat(LEVELS), "</a>".repeat(LEVELS));
    let mut stage = Stage::start(kind);
    let mut alice = stage.user("alice");
    alice.send(&format!("<presence to='bot@echo.localhost' type='subscribe'>{deep}</presence>"));
    stage.assert_still_echoing(&mut alice);
    alice.send(&format!("<iq to='echo.localhost' type='get' id='m1'>{deep}</iq>"));
    let refusal = alice.wait_for_id("m1");
    assert!(refusal.is("iq", "error"), "{refusal:?}");
    assert_eq!(refusal.error_condition(), Some("policy-violation"));
    stage.assert_still_echoing(&mut alice);
}

pub fn a_stanza_that_grew_over_the_limit_is_bounced(kind: Kind) {
    let mut stage = Stage::start(kind);
    let mut alice = stage.user("alice");
    let namespace = "n".repeat(1_000);
    let children = "<p:a/>".repeat(1_000);
    alice.send(&format!(
        "<message to='echo.localhost' type='chat' id='m1'>\
         <x xmlns='urn:x' xmlns:p='urn:{namespace}'>{children}</x></message>"
    ));
    let bounce = alice.wait_for_id("m1");
    assert!(bounce.is("message", "error"), "{bounce:?}");
    assert_eq!(bounce.error_condition(), Some("policy-violation"));
    // The server has written the namespace out on each of the children.
    let has_id = |stanza: &Stanza| stanza.attr("id") == "m1";
    let grown = stage.tap.inbound().into_iter().find(has_id);
    assert!(grown.is_some_and(|stanza| stanza.xml().len() > MAX_STANZA_SIZE));
    stage.assert_still_echoing(&mut alice);
}

/// Prosody declares a namespace again for each attribute that is in it: 64 kB become 20 MB, all in one
/// tag, which is more than anybody waits for.
pub fn a_tag_that_grew_to_20_mb_costs_no_stream(kind: Kind) {
    let mut stage = Stage::with(Server::start_for_large_stanzas(kind));
    let mut alice = stage.user("alice");
    let (growing, to) = (growing(), "to='echo.localhost'");
    alice.send(&pushed(&format!("<message {to} id='m1'><x {growing}/></message>")));
    let answer = alice.wait_for_id("m1");
    let is_bounce = answer.error_condition() == Some("policy-violation");
    assert!(is_bounce || answer.attr("type") != "error", "{answer:?}");
    stage.assert_still_echoing(&mut alice);
    for stanza in [
        format!("<message {to} id='m2' {growing}/>"),
        format!("<iq {to} type='get' id='m3'><x {growing}/></iq>"),
        format!("<presence {to} type='subscribe'><x {growing}/></presence>"),
    ] {
        alice.send(&pushed(&stanza));
        stage.assert_still_echoing(&mut alice);
    }
    let grown = stage.tap.inbound().into_iter().map(|stanza| stanza.xml().len()).max();
    assert_eq!(grown > Some(16 << 20), kind == Kind::Prosody, "{grown:?}");
}

/// Prosody 13.0.1 loses all but the first 4 MiB of a stanza, unless the component's socket takes those at once.
/// Whatever it sends from then on would be a part of the tag that was cut off. The daemon sees that in the
/// next stanza, and connects again: others that write all the time would keep it from ever sending a ping.
pub fn a_stanza_that_the_server_cuts_off_silences_nobody(kind: Kind) {
    let mut stage = Stage::start(kind);
    let mut alice = stage.user("alice");
    alice.send(&pushed(&format!(
        "<message to='echo.localhost' id='m1'><x {}/></message>",
        growing()
    )));
    alice.wait_for_id("m1");
    let mut sent = 0;
    wait_until("another echo", || {
        sent += 1;
        let attributes = format!("to='echo.localhost' type='chat' id='try-{sent}'");
        alice.send(&format!("<message {attributes}><body>x</body></message>"));
        let came = alice.take(Duration::from_secs(1)).expect("a stream");
        came.iter().any(|stanza| stanza.is("message", "chat")).then_some(())
    });
    assert_eq!(stage.daemon.count_lines("did not answer a ping"), 0);
}

/// Attributes that Prosody makes 20 MB of.
fn growing() -> String {
    let attributes = (0..5_000).map(|n| format!(" p:a{n}=''")).collect::<Vec<_>>().concat();
    format!("xmlns:p='urn:{}'{attributes}", "n".repeat(4_000))
}

/// A stanza with as many blanks behind it, so that it gets through the sender's own connection, where the
/// server's parser (expat 2.6 and later) holds long tags back.
fn pushed(stanza: &str) -> String {
    format!("{stanza}{:width$}", "", width = stanza.len().min(60_000))
}

/// Sends one such message, checks its echo, and that the next message is echoed too.
#[track_caller]
fn survive(kind: Kind, id: &str, xml: &str) -> Stanza {
    let mut stage = Stage::start(kind);
    let mut alice = stage.user("alice");
    alice.send(&pushed(xml));
    let echo = alice.wait_for_id(id);
    assert!(echo.name() == "message", "no echo: {echo:?}");
    assert_ne!(echo.attr("type"), "error", "no echo: {echo:?}");
    assert_mirrored(&stage, id);
    stage.assert_still_echoing(&mut alice);
    echo
}

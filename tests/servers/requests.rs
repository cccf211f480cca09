//! Requests (iq): what clients and servers ask a service is answered, all else refused.

use crate::real::{Kind, Stage, Stanza, User};

const DISCO_INFO: &str = "http://jabber.org/protocol/disco#info";
const DISCO_ITEMS: &str = "http://jabber.org/protocol/disco#items";
const PUBSUB: &str = "http://jabber.org/protocol/pubsub";
const BOT: &str = "bot@echo.localhost";

pub fn disco_info_calls_the_domain_a_component(kind: Kind) {
    let stage = Stage::start(kind);
    let mut alice = stage.user("alice");
    let query = format!("<query xmlns='{DISCO_INFO}'/>");
    let info = ask(&mut alice, "echo.localhost", &query);
    assert_identity(&info, "component", "generic");
}

pub fn disco_info_calls_a_node_a_bot(kind: Kind) {
    let stage = Stage::start(kind);
    let mut alice = stage.user("alice");
    let query = format!("<query xmlns='{DISCO_INFO}'/>");
    let info = ask(&mut alice, "bot@echo.localhost", &query);
    assert_identity(&info, "client", "bot");
}

pub fn disco_items_are_none(kind: Kind) {
    let stage = Stage::start(kind);
    let mut alice = stage.user("alice");
    let query = format!("<query xmlns='{DISCO_ITEMS}'/>");
    let items = ask(&mut alice, "echo.localhost", &query);
    assert!(items.find(DISCO_ITEMS, "query").is_some(), "{items:?}");
    assert!(items.find(DISCO_ITEMS, "item").is_none(), "{items:?}");
}

pub fn ping_version_time_last_activity_and_vcard_are_answered(kind: Kind) {
    let stage = Stage::start(kind);
    let mut alice = stage.user("alice");
    for to in ["echo.localhost", "bot@echo.localhost"] {
        ask(&mut alice, to, "<ping xmlns='urn:xmpp:ping'/>");
        for (namespace, request, answer) in [
            ("jabber:iq:version", "query", "name"),
            ("urn:xmpp:time", "time", "utc"),
            ("jabber:iq:last", "query", "query"),
            ("vcard-temp", "vCard", "vCard"),
        ] {
            let result = ask(&mut alice, to, &format!("<{request} xmlns='{namespace}'/>"));
            assert!(result.find(namespace, answer).is_some(), "{result:?}");
        }
    }
}

pub fn a_contact_that_nobody_knows_explains_itself(kind: Kind) {
    let stage = Stage::start(kind);
    let mut alice = stage.user("alice");
    let vcard = ask(&mut alice, BOT, "<vCard xmlns='vcard-temp'/>");
    for property in ["FN", "DESC", "PHOTO", "BINVAL"] {
        assert!(vcard.find("vcard-temp", property).is_some(), "{property}: {vcard:?}");
    }
    for (node, namespace, payload) in [
        ("urn:xmpp:vcard4", "urn:ietf:params:xml:ns:vcard-4.0", "note"),
        ("urn:xmpp:avatar:metadata", "urn:xmpp:avatar:metadata", "info"),
        ("urn:xmpp:avatar:data", "urn:xmpp:avatar:data", "data"),
    ] {
        let items = format!("<pubsub xmlns='{PUBSUB}'><items node='{node}'/></pubsub>");
        let items = ask(&mut alice, BOT, &items);
        assert!(items.find(namespace, payload).is_some(), "{node}: {items:?}");
    }
}

pub fn the_answer_comes_from_the_address_that_was_asked(kind: Kind) {
    let stage = Stage::start(kind);
    let mut alice = stage.user("alice");
    alice.send(
        "<iq to='Bot@Echo.Localhost/Desk' type='get' id='m1'><ping xmlns='urn:xmpp:ping'/></iq>",
    );
    let pong = alice.wait_for_id("m1");
    assert!(pong.is("iq", "result"), "{pong:?}");
    // ejabberd hands the address on as it is written, the others in small letters.
    let has_id = |stanza: &Stanza| stanza.attr("id") == "m1";
    let asked = stage.tap.inbound().into_iter().find(has_id);
    let asked = asked.expect("the server has passed it on");
    assert_eq!(pong.attr("from"), asked.attr("to"));
}

pub fn an_unknown_request_is_refused(kind: Kind) {
    let stage = Stage::start(kind);
    let mut alice = stage.user("alice");
    for (id, kind, to) in [
        ("get", "get", "echo.localhost"),
        ("set", "set", "bot@echo.localhost"),
        ("full", "get", "bot@echo.localhost/Some Where"),
    ] {
        alice.send(&format!(
            "<iq to='{to}' type='{kind}' id='{id}'><query xmlns='urn:example:unknown'/></iq>"
        ));
        let refusal = alice.wait_for_id(id);
        assert!(refusal.is("iq", "error"), "{refusal:?}");
        assert_eq!(refusal.attr("from"), to);
        assert_eq!(refusal.error_condition(), Some("service-unavailable"));
    }
}

/// Sends a request and returns its result, which must come from where it was sent to.
#[track_caller]
fn ask(user: &mut User, to: &str, request: &str) -> Stanza {
    user.send(&format!("<iq to='{to}' type='get' id='ask'>{request}</iq>"));
    let result = user.wait_for_id("ask");
    assert!(result.is("iq", "result"), "{request}: {result:?}");
    assert_eq!(result.attr("from"), to);
    result
}

/// Checks the identity, and that features are told, each once.
#[track_caller]
fn assert_identity(info: &Stanza, category: &str, kind: &str) {
    let identity = info.find(DISCO_INFO, "identity").expect("disco#info has an identity");
    assert_eq!(identity.attr("category"), category);
    assert_eq!(identity.attr("type"), kind);
    let features: Vec<_> =
        info.all(DISCO_INFO, "feature").map(|feature| feature.attr("var")).collect();
    for feature in [DISCO_INFO, DISCO_ITEMS, "urn:xmpp:ping"] {
        let count = features.iter().filter(|var| **var == feature).count();
        assert_eq!(count, 1, "{feature}: {info:?}");
    }
}

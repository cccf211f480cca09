//! The component at one server, its user at another: two real servers from Debian that find each other
//! by DNS and check each other's certificates, in a network namespace of each test's own.
//!
//! What is not installed is left out, unless `ECHO_COMPONENT_REQUIRE_SERVERS=1`.

#[path = "support/certificates.rs"]
mod certificates;
#[path = "federation/names.rs"]
mod names;
#[path = "faults/namespace.rs"]
mod namespace;
#[path = "support/real/mod.rs"]
mod real;
#[path = "federation/scene.rs"]
mod scene;

use real::{Kind, Stanza, wait_until};
use scene::{BOT, ECHO, Scene};

const CAPS: &str = "http://jabber.org/protocol/caps";
const DISCO_INFO: &str = "http://jabber.org/protocol/disco#info";

/// The server of the component, and that of the user.
type Pair = (Kind, Kind);

/// Makes a test of each scenario for each pair: `prosody_to_ejabberd::the_name` has the component at
/// Prosody.
macro_rules! scenarios {
    ($($name:ident)*) => {
        mod prosody_to_prosody { $(scenario!("prosody_to_prosody" $name Prosody Prosody);)* }
        mod prosody_to_ejabberd { $(scenario!("prosody_to_ejabberd" $name Prosody Ejabberd);)* }
        mod ejabberd_to_prosody { $(scenario!("ejabberd_to_prosody" $name Ejabberd Prosody);)* }
    };
}

macro_rules! scenario {
    ($module:literal $name:ident $near:ident $far:ident) => {
        #[test]
        fn $name() {
            use super::Kind::*;
            let test = concat!($module, "::", stringify!($name));
            if $near.is_there() && $far.is_there() && super::namespace::is_inside(test, &["--net"])
            {
                super::$name(($near, $far));
            }
        }
    };
}

scenarios! {
    messages_come_back
    a_subscription_is_granted_and_there_after_the_next_login
    requests_are_answered_or_refused
    no_hostile_stanza_costs_the_components_stream
    an_echo_that_a_dead_domain_bounces_is_not_answered_and_the_domain_comes_back
    without_dns_the_user_is_told
    with_a_certificate_for_another_name_the_user_is_told_or_dialback_does
}

fn messages_come_back(pair: Pair) {
    let scene = Scene::start(pair);
    let mut alice = scene.user();
    for (id, to) in [("domain", ECHO), ("node", BOT), ("full", "bot@echo.near.example/Some Where")]
    {
        alice.send(&format!(
            "<message to='{to}' type='chat' id='{id}'><body>👋 to {to}</body>\
             <x:thing xmlns:x='urn:example:x' kind='odd'> <x:part/></x:thing>\
             <request xmlns='urn:xmpp:receipts'/></message>"
        ));
        let echo = alice.wait_for_id(id);
        assert!(echo.is("message", "chat"), "{echo:?}");
        assert_eq!(echo.attr("from"), to);
        assert_eq!(echo.attr("to"), alice.jid());
        assert_eq!(echo.body(), format!("👋 to {to}"));
        assert_eq!(echo.all("urn:example:x", "part").count(), 1, "{echo:?}");
        scene.assert_mirrored(id);
    }
}

fn a_subscription_is_granted_and_there_after_the_next_login(pair: Pair) {
    let scene = Scene::start(pair);
    let mut alice = scene.user();
    alice.send(&format!("<presence to='{BOT}' type='subscribe'/>"));
    alice.wait_for("the contact list says so", |stanza| {
        stanza
            .find("jabber:iq:roster", "item")
            .is_some_and(|item| item.attr("jid") == BOT && item.attr("subscription") == "to")
    });
    let is_there = |stanza: &Stanza| {
        stanza.is("presence", "")
            && stanza.attr("from") == format!("{BOT}/echo")
            && stanza.find(CAPS, "c").is_some()
    };
    alice.wait_for("the bot's presence", is_there);
    scene.user().wait_for("the bot's presence, in a second session", is_there);
}

fn requests_are_answered_or_refused(pair: Pair) {
    let scene = Scene::start(pair);
    let mut alice = scene.user();
    for (to, category) in [(ECHO, "component"), (BOT, "client")] {
        alice.send(&format!(
            "<iq to='{to}' type='get' id='disco'><query xmlns='{DISCO_INFO}'/></iq>"
        ));
        let info = alice.wait_for_id("disco");
        assert_eq!(info.attr("from"), to);
        let identity = info.find(DISCO_INFO, "identity").expect("an identity");
        assert_eq!(identity.attr("category"), category, "{info:?}");
        for (request, answer) in [
            ("<ping xmlns='urn:xmpp:ping'/>", None),
            ("<query xmlns='jabber:iq:version'/>", None),
            ("<query xmlns='urn:example:unknown'/>", Some("service-unavailable")),
        ] {
            alice.send(&format!("<iq to='{to}' type='get' id='ask'>{request}</iq>"));
            let said = alice.wait_for_id("ask");
            assert_eq!((said.attr("from"), said.error_condition()), (to, answer), "{said:?}");
        }
    }
    alice.send(
        "<presence to='room@echo.near.example/nick' id='join'>\
         <x xmlns='http://jabber.org/protocol/muc'/></presence>",
    );
    let refusal = alice.wait_for("a refusal", |stanza| stanza.is("presence", "error"));
    assert_eq!(refusal.error_condition(), Some("service-unavailable"), "{refusal:?}");
}

fn no_hostile_stanza_costs_the_components_stream(pair: Pair) {
    let mut scene = Scene::start(pair);
    let mut alice = scene.user();
    let long = "x".repeat(9_000);
    let deep = format!("{}{}", "<a>".repeat(1_000), "</a>".repeat(1_000));
    let error = "<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
    for stanza in [
        format!("<message to='{ECHO}' type='foo'><body>one</body><body>two</body></message>"),
        format!("<message to='{ECHO}' id='{long}'/>"),
        format!("<message to='{ECHO}'><x xmlns='urn:x' a='{long}'>&#13;</x></message>"),
        format!("<message to='{BOT}'><x xmlns='urn:x' a='3&#13;4'/></message>"),
        format!("<message to='{BOT}'><xml:x/><x xml:y='1'/></message>"),
        format!("<message to='{BOT}' xmlns:p='urn:p'><x p:y='1'/></message>"),
        format!("<message to='{ECHO}'><x xmlns='urn:x'>{deep}</x></message>"),
        format!("<iq to='{ECHO}' type='set' id='deep'><x xmlns='urn:x'>{deep}</x></iq>"),
        format!("<presence to='{BOT}' type='subscribe'><x xmlns='urn:x'>{deep}</x></presence>"),
        format!("<message to='{ECHO}' type='error'>{error}</message>"),
        format!("<iq to='{ECHO}' type='result' id='nobody-asked'/>"),
        format!("<presence to='{BOT}' type='error'>{error}</presence>"),
    ] {
        alice.send(&stanza);
        scene.assert_still_echoing(&mut alice);
    }
}

/// The user's server dies while the component has a message to echo: the component's server cannot
/// deliver the echo, and says so to the component.
fn an_echo_that_a_dead_domain_bounces_is_not_answered_and_the_domain_comes_back(pair: Pair) {
    let mut scene = Scene::start(pair);
    let mut alice = scene.user();
    scene.assert_still_echoing(&mut alice);
    let is_late = |stanza: &Stanza| stanza.attr("id") == "late";
    scene.daemon.signal("STOP");
    alice.send(&format!("<message to='{ECHO}' id='late'><body>late</body></message>"));
    wait_until("the message is at the daemon", || scene.tap.passed_on().into_iter().find(is_late));
    scene.kill_far();
    scene.daemon.signal("CONT");
    wait_until("the echo is bounced", || {
        scene.tap.inbound().into_iter().find(|it| is_late(it) && it.is("message", "error"))
    });

    scene.far.start_again();
    let mut alice = scene.user();
    let echo = wait_until("there is an echo again", || {
        alice.send(&format!("<message to='{ECHO}' id='again'><body>again</body></message>"));
        Some(alice.wait_for_id("again")).filter(|answer| answer.attr("type") != "error")
    });
    assert_eq!(echo.body(), "again");
    scene.assert_still_echoing(&mut alice);
    let sent: Vec<_> = scene.tap.outbound().into_iter().filter(is_late).collect();
    assert_eq!(sent.len(), 1, "the echo alone: {sent:?}");
    assert_ne!(sent[0].attr("type"), "error");
}

fn without_dns_the_user_is_told(pair: Pair) {
    let scene = Scene::start_with(pair, "*.near.example", false);
    let mut alice = scene.user();
    alice.send(&format!("<message to='{ECHO}' id='m1'><body>hello</body></message>"));
    let bounce = alice.wait_for_id("m1");
    assert_eq!(bounce.error_condition(), Some("remote-server-not-found"), "{bounce:?}");
}

/// Prosody as Debian configures it wants a certificate for the very name; ejabberd asks back at the
/// server that DNS names (XEP-0220).
fn with_a_certificate_for_another_name_the_user_is_told_or_dialback_does((near, far): Pair) {
    let mut scene = Scene::start_with((near, far), "other.example", true);
    let mut alice = scene.user();
    alice.send(&format!("<message to='{ECHO}' id='m1'><body>hello</body></message>"));
    let answer = alice.wait_for_id("m1");
    if far == Kind::Prosody {
        assert_eq!(answer.error_condition(), Some("remote-server-timeout"), "{answer:?}");
        let words = "certificate is not valid for this name";
        assert!(answer.xml().contains(words), "{answer:?}");
    } else {
        assert_eq!(answer.body(), "hello", "{answer:?}");
        scene.assert_still_echoing(&mut alice);
    }
}

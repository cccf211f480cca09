//! Presence: the component can be in a contact list, and is not a chat room.

use crate::real::{Kind, Stage, Stanza, User};

const CAPS: &str = "http://jabber.org/protocol/caps";
const DISCO_INFO: &str = "http://jabber.org/protocol/disco#info";
const BOT: &str = "bot@echo.localhost";
const RESOURCE: &str = "bot@echo.localhost/echo";

pub fn a_subscription_is_granted_and_presence_follows(kind: Kind) {
    let stage = Stage::start(kind);
    let mut alice = stage.user("alice");
    subscribe(&mut alice);
    let granted = |stanza: &Stanza| {
        stanza.is("presence", "subscribed")
            && stanza.attr("from") == BOT
            && stanza.attr("to") == "alice@localhost"
    };
    let sent = stage.tap.outbound();
    assert!(sent.iter().any(granted), "{sent:#?}");
}

pub fn presence_is_there_after_the_next_login(kind: Kind) {
    let stage = Stage::start(kind);
    // This session stays: jabberd2 may give the number of one that has just ended to the
    // next, and then closes the wrong one over a stanza that came late.
    let mut earlier = stage.user("alice");
    subscribe(&mut earlier);
    // The server asks for it with a probe.
    let presence = stage.user("alice").wait_for("the bot's presence", is_there);
    assert!(presence.find(CAPS, "c").is_some(), "{presence:?}");
    let probe = |stanza: &Stanza| stanza.is("presence", "probe") && stanza.attr("to") == BOT;
    assert!(stage.tap.inbound().iter().any(probe));
}

pub fn what_its_presence_announces_can_be_asked_for(kind: Kind) {
    let stage = Stage::start(kind);
    let mut alice = stage.user("alice");
    let presence = subscribe(&mut alice);
    let caps = presence.find(CAPS, "c").expect("checked there");
    alice.send(&format!(
        "<iq to='{BOT}' type='get' id='caps'><query xmlns='{DISCO_INFO}' node='{}#{}'/></iq>",
        caps.attr("node"),
        caps.attr("ver"),
    ));
    let info = alice.wait_for_id("caps");
    assert!(info.is("iq", "result"), "{info:?}");
    assert!(info.find(DISCO_INFO, "identity").is_some(), "{info:?}");
}

pub fn an_unsubscription_is_confirmed(kind: Kind) {
    let mut stage = Stage::start(kind);
    let mut alice = stage.user("alice");
    subscribe(&mut alice);
    alice.send("<presence to='bot@echo.localhost' type='unsubscribe'/>");
    stage.assert_still_echoing(&mut alice);
    // Servers keep part of the answer for themselves, as the user has asked for nothing
    // less; so the component's own words count.
    for (kind, from) in [("unsubscribed", BOT), ("unavailable", RESOURCE)] {
        let answer = |stanza: &Stanza| {
            stanza.is("presence", kind)
                && stanza.attr("from") == from
                && stanza.attr("to").starts_with("alice@localhost")
        };
        let sent = stage.tap.outbound();
        assert!(sent.iter().any(answer), "no {kind}: {sent:#?}");
    }
}

pub fn joining_a_room_is_refused_at_once(kind: Kind) {
    let stage = Stage::start(kind);
    let mut alice = stage.user("alice");
    alice.send(
        "<presence to='room@echo.localhost/nick' id='join'>\
         <x xmlns='http://jabber.org/protocol/muc'/></presence>",
    );
    let refusal = alice.wait_for("a refusal", |stanza| stanza.is("presence", "error"));
    assert_eq!(refusal.attr("from"), "room@echo.localhost/nick");
    assert_eq!(refusal.attr("id"), "join");
    assert_eq!(refusal.error_condition(), Some("service-unavailable"));
}

/// Subscribes to the bot and returns the presence that follows.
fn subscribe(user: &mut User) -> Stanza {
    user.send("<presence to='bot@echo.localhost' type='subscribe'/>");
    // jabberd2 does not pass `subscribed` on, but all three keep the contact list.
    user.wait_for("the contact list says so", |stanza| {
        stanza
            .find("jabber:iq:roster", "item")
            .is_some_and(|item| item.attr("jid") == BOT && item.attr("subscription") == "to")
    });
    let presence = user.wait_for("the bot's presence", is_there);
    assert!(presence.find(CAPS, "c").is_some(), "{presence:?}");
    presence
}

fn is_there(stanza: &Stanza) -> bool {
    stanza.is("presence", "") && stanza.attr("from") == RESOURCE
}

//! Ids are mirrored: `echo-` is put before them, or taken away, wherever a message names itself or
//! another. All else comes back byte for byte.

mod support;

use echo_component::component::Event;
use proptest::prelude::*;
use support::scripted::{Daemon, SECRET, Server, program};
use support::{COMPONENT, Component};

const U: &str = "u@users.example/r1";
const BOT: &str = "bot@echo.example/x";

/// Where ids stand, with the XEP that says so. `ID` is the id.
const PLACES: [(&str, &str); 15] = [
    ("XEP-0359", "<origin-id xmlns='urn:xmpp:sid:0' id='ID'/>"),
    ("XEP-0308", "<replace xmlns='urn:xmpp:message-correct:0' id='ID'/>"),
    ("XEP-0184", "<received xmlns='urn:xmpp:receipts' id='ID'/>"),
    ("XEP-0333", "<received xmlns='urn:xmpp:chat-markers:0' id='ID'/>"),
    ("XEP-0333", "<displayed xmlns='urn:xmpp:chat-markers:0' id='ID'/>"),
    ("XEP-0333", "<acknowledged xmlns='urn:xmpp:chat-markers:0' id='ID'/>"),
    (
        "XEP-0444",
        "<reactions xmlns='urn:xmpp:reactions:0' id='ID'><reaction>+</reaction></reactions>",
    ),
    ("XEP-0461", "<reply xmlns='urn:xmpp:reply:0' id='ID'/>"),
    ("XEP-0424", "<retract xmlns='urn:xmpp:message-retract:0' id='ID'/>"),
    ("XEP-0424", "<retract xmlns='urn:xmpp:message-retract:1' id='ID'/>"),
    ("XEP-0422", "<apply-to xmlns='urn:xmpp:fasten:0' id='ID'><x/></apply-to>"),
    ("XEP-0367", "<attach-to xmlns='urn:xmpp:message-attaching:1' id='ID'/>"),
    ("a prefix", "<p:replace xmlns:p='urn:xmpp:message-correct:0' id='ID'></p:replace >"),
    ("a prefix beyond ASCII", "<é:received xmlns:é='urn:xmpp:receipts' id='ID'/>"),
    ("blanks and quotes", "<replace\n\tid = \"ID\"\r xmlns=\"urn:xmpp:message-correct&#58;0\" />"),
];

/// Ids in a message, and in its echo.
const PAIRS: [(&str, &str); 8] = [
    ("m1", "echo-m1"),
    ("echo-m1", "m1"),
    ("echo-", "echo-echo-"),
    ("echo-echo-", "echo-"),
    ("echo-echo-m1", "echo-echo-echo-m1"),
    ("Echo-m1", "echo-Echo-m1"),
    ("a&amp;b&#x2d;", "echo-a&amp;b&#x2d;"),
    ("", ""),
];

fn message(from: &str, to: &str, id: &str, payload: &str) -> String {
    format!("<message from='{from}' id='{id}' to='{to}'><body>x</body>{payload}</message>")
}

fn answer(input: &str) -> String {
    Component::mirroring_ids().answer(input)
}

#[test]
fn an_id_is_mirrored_in_each_place_and_both_ways() {
    for (xep, place) in PLACES {
        for (there, back) in PAIRS {
            let [sent, echoed] = [there, back].map(|id| place.replace("ID", id));
            let input = message(U, BOT, there, &sent);
            let echo = message(BOT, U, back, &echoed);
            assert_eq!(answer(&input), echo, "{xep}");
            let returned = message(BOT.replace("echo", "other").as_str(), BOT, back, &echoed);
            assert!(answer(&returned).contains(&sent), "{xep}: twice is as it was");
        }
    }
}

#[test]
fn the_same_names_elsewhere_are_nobodys_ids() {
    for payload in [
        "<replace xmlns='urn:xmpp:message-correct:1' id='m1'/>",
        "<replace id='m1'/>",
        "<Replace xmlns='urn:xmpp:message-correct:0' id='m1'/>",
        "<replace xmlns='urn:xmpp:message-correct:0' ID='m1' p:id='m2' xmlns:p='urn:x'/>",
        "<p:replace xmlns:p='urn:x' xmlns='urn:xmpp:message-correct:0' id='m1'/>",
        "<stanza-id xmlns='urn:xmpp:sid:0' id='m1' by='users.example'/>",
        "<a xmlns='urn:x'><replace xmlns='urn:xmpp:message-correct:0' id='m1'/></a>",
        "<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' id='m1'/></forwarded>",
        "<body>&lt;replace xmlns='urn:xmpp:message-correct:0' id='m1'/></body>",
        "<![CDATA[<replace xmlns='urn:xmpp:message-correct:0' id='m1'/>]]>",
        "<a xmlns:p='urn:xmpp:receipts'/><a xmlns='urn:x'/>",
    ] {
        assert_eq!(answer(&message(U, BOT, "1", payload)), message(BOT, U, "echo-1", payload));
    }
}

#[test]
fn a_message_without_an_id_gets_none() {
    let input = format!("<message from='{U}' to='{BOT}'><body>x</body></message>");
    assert_eq!(answer(&input), format!("<message from='{BOT}' to='{U}'><body>x</body></message>"));
}

#[test]
fn errors_answers_and_presence_keep_the_id_that_they_answer() {
    for input in [
        message(U, BOT, "m1", "<x:y/>"),
        message(U, BOT, "m1", &"x".repeat(support::LIMIT)),
        format!("<iq type='get' id='m1' from='{U}' to='{BOT}'><ping xmlns='urn:xmpp:ping'/></iq>"),
        format!("<iq type='set' id='m1' from='{U}' to='{BOT}'><x xmlns='urn:x'/></iq>"),
        format!(
            "<presence id='m1' from='{U}' to='{BOT}'><x xmlns='http://jabber.org/protocol/muc'/>\
             </presence>"
        ),
    ] {
        let sent = answer(&input);
        assert!(sent.contains(" id='m1'") || sent.contains(" id=\"m1\""), "{sent}");
    }
}

#[test]
fn the_author_of_what_is_replied_to_trades_places_too() {
    let reply = |to: &str| format!("<reply to={to} id='m1' xmlns='urn:xmpp:reply:0'/>");
    for (to, traded) in [
        ("'u@users.example'", "'bot@echo.example'"),
        ("\"bot@echo.example\"", "\"u@users.example\""),
        ("'u@users.example/r1'", "'u@users.example/r1'"),
        ("'bot@echo.example/x'", "'bot@echo.example/x'"),
        ("'someone@else.example'", "'someone@else.example'"),
        ("''", "''"),
    ] {
        let echo = message(BOT, U, "echo-1", &reply(traded).replace("m1", "echo-m1"));
        assert_eq!(answer(&message(U, BOT, "1", &reply(to))), echo);
    }
    assert_eq!(
        answer(&format!("<message from='{U}'>{}</message>", reply("'u@users.example'"))),
        format!(
            "<message to='{U}' from='echo.example'>{}</message>",
            reply("'echo.example'").replace("m1", "echo-m1")
        ),
        "a message without to is for the component"
    );
    let odd = "<message from=\"o'x@users.example\" to='echo.example'>";
    assert!(
        answer(&format!("{odd}{}</message>", reply("'echo.example'")))
            .contains("to='echo.example'"),
        "an address that would end the value it is put into stays away"
    );
}

/// Looking for the place of each edit from the first one on takes the square of their number.
#[test]
fn thousands_of_replies_are_mirrored_whatever_comes_first_in_them() {
    let replies = |id: &str, to: &str| {
        let reply = "<p:reply id='ID' to='TO'/><p:reply to='TO' id='ID'/>";
        reply.replace("ID", id).replace("TO", to).repeat(20_000)
    };
    let start = |from: &str, to: &str| {
        format!("<message from='{from}' to='{to}' xmlns:p='urn:xmpp:reply:0'>")
    };
    let input = start(U, BOT) + &replies("m1", "u@users.example") + "</message>";
    let echo = start(BOT, U) + &replies("echo-m1", "bot@echo.example") + "</message>";
    assert!(Component::mirroring_ids_within(8 << 20).answer(&input) == echo);
}

/// The component is no amplifier, blanks behind the echo included.
#[test]
fn replies_in_any_number_do_not_multiply_their_senders_address() {
    let sender = format!("{}@{}/r", "u".repeat(1_000), "d".repeat(1_000));
    for replies in [1, 10, 100, 1_000] {
        let start = format!("<message from='{sender}' to='{BOT}' xmlns:p='urn:xmpp:reply:0'>");
        let reply = "<p:reply id='m1' to='bot@echo.example'/>".repeat(replies);
        let input = format!("{start}{reply}</message>");
        let (sent, event) = Component::mirroring_ids().feed(input.as_bytes());
        assert_eq!(event, Ok(Event::Hungry));
        assert!(sent.len() < 8 * input.len(), "{replies}: {} to {}", input.len(), sent.len());
        assert!(sent.starts_with(b"<message from='bot@echo.example/x' to='u"), "it is echoed");
        assert!(String::from_utf8_lossy(&sent).contains("id='echo-m1' to='uuu"), "the first is");
    }
}

#[test]
fn the_daemon_mirrors_ids_unless_it_is_told_to_keep_them() {
    for (option, id) in [(None, "echo-m1"), (Some("--keep-ids"), "m1")] {
        let server = Server::start();
        let mut command = program();
        command.args(["--jid", COMPONENT, "--server", "127.0.0.1", "--port"]);
        command.arg(server.port().to_string()).args(option).env("ECHO_COMPONENT_SECRET", SECRET);
        let _daemon = Daemon::run_as_is(&mut command);
        let mut peer = server.online();
        peer.send(&message(U, BOT, "m1", ""));
        peer.expect(&message(BOT, U, id, ""));
    }
}

#[test]
fn conversations_shows_the_echo() {
    // Conversations takes a message for one of its own, where the server stamps stanza-ids, if the bare
    // address of the chat, the body and the id are the same; the id is that of origin-id, or else the
    // message's own.
    let sent = message(U, BOT, "m1", "<origin-id xmlns='urn:xmpp:sid:0' id='m1'/>");
    let id = |xml: &str| {
        let message: minidom::Element =
            format!("<s xmlns='jabber:client'>{xml}</s>").parse().unwrap();
        let message = message.children().next().unwrap().clone();
        let origin = message.get_child("origin-id", "urn:xmpp:sid:0").cloned();
        origin.unwrap_or(message).attr("id").map(ToOwned::to_owned)
    };
    assert_ne!(id(&answer(&sent)), id(&sent));
    let without = message(U, BOT, "m1", "");
    assert_ne!(id(&answer(&without)), id(&without));
}

#[test]
fn an_echo_that_ids_take_over_the_limit_is_bounced() {
    let fits = |limit: usize, id: &str| {
        let input = message(U, BOT, id, "<origin-id xmlns='urn:xmpp:sid:0' id='m1'/>");
        let mut component = Component::mirroring_ids_within(input.len() + limit);
        !component.answer(&input).contains("policy-violation")
    };
    assert!(fits(10, "m1") && !fits(9, "m1"));
    assert!(fits(0, "echo-m1"), "one grows, one shrinks");
}

fn id() -> impl Strategy<Value = String> {
    prop_oneof!["(echo-){0,3}[a-z0-9&&[^&<]]{0,5}", "echo-?", "[ -~&&[^&<'\"]]{0,8}"]
}

fn child() -> impl Strategy<Value = String> {
    let nested = prop::sample::select(PLACES.to_vec());
    (nested, id(), any::<bool>()).prop_map(|((_, place), id, inside)| {
        let element = place.replace("ID", &id);
        if inside { format!("<a xmlns='urn:x'>{element}</a>") } else { element }
    })
}

proptest! {
    #[test]
    fn mirrored_twice_a_message_is_as_it_was_however_it_is_cut(
        own in id(),
        children in prop::collection::vec(child(), 0..6),
        replied in prop::sample::select(vec!["u@users.example", "bot@echo.example", "x@y", ""]),
        cut in any::<prop::sample::Index>(),
    ) {
        let payload = children.concat()
            + &format!("<reply id='{own}' xmlns='urn:xmpp:reply:0' to='{replied}'/>");
        let input = message(U, BOT, &own, &payload);
        let mut component = Component::mirroring_ids();
        let (start, end) = input.as_bytes().split_at(cut.index(input.len()));
        let pieces = [start, end].map(|piece| component.feed(piece).0).concat();
        let echo = String::from_utf8(pieces).unwrap();
        prop_assert_eq!(&echo, &answer(&input), "cut or not");
        // The echo comes back as if the two had changed their parts.
        let parts = |xml: &str| xml.replace("users.example", "\0").replace("echo.example", "users.example").replace('\0', "echo.example");
        let again = parts(&answer(&parts(&echo)));
        prop_assert_eq!(again, input);
    }

    #[test]
    fn without_the_ids_an_echo_is_the_same_whether_they_are_mirrored_or_not(
        own in id(),
        children in prop::collection::vec(child(), 0..6),
    ) {
        let input = message(U, BOT, &own, &children.concat());
        let without = |echo: String| echo.replace("echo-", "");
        prop_assert_eq!(without(answer(&input)), without(support::answer(&input)));
    }
}

//! Presence and IQ of every type with any payload: one answer to each request, none to an answer.
#![no_main]

use echo_component_fuzz::document::{COMPONENT, parse, whole};
use echo_component_fuzz::drive::feed;
use echo_component_fuzz::judge::{sent_is_legal, stanzas, value};
use libfuzzer_sys::fuzz_target;
use roxmltree::Node;

const TYPES: [&str; 10] = [
    "get",
    "set",
    "result",
    "error",
    "subscribe",
    "unsubscribe",
    "subscribed",
    "unavailable",
    "probe",
    "",
];
const TO: [&str; 4] =
    ["echo.example", "bot@echo.example", "Bot@Echo.Example/R\u{e9}s", "echo.example/r"];
const FROM: &str = "u@users.example/r";

fuzz_target!(|input: &[u8]| {
    let [form, payload @ ..] = input else { return };
    let form = usize::from(*form);
    let (kind, to) = (TYPES[form % TYPES.len()], TO[form / TYPES.len() % TO.len()]);
    let name = if form / 40 % 2 == 0 { "iq" } else { "presence" };
    let mut stanza = format!("<{name} from='{FROM}' to='{to}' id='1'").into_bytes();
    if !kind.is_empty() {
        stanza.extend_from_slice(format!(" type='{kind}'").as_bytes());
    }
    stanza.push(b'>');
    stanza.extend_from_slice(payload);
    stanza.extend_from_slice(format!("</{name}>").as_bytes());
    let outcome = feed(&stanza, 512 << 10, 0);
    sent_is_legal(&outcome.sent);
    assert_eq!(feed(&stanza, 512 << 10, 7).sent, outcome.sent, "cut otherwise");

    // The payload may have ended the stanza and begun others: then there is no more to say.
    let Some(text) = whole(&stanza) else { return };
    let Ok(read) = parse(&text) else { return };
    if stanzas(&read).len() != 1 || outcome.event.is_err() {
        return;
    }
    let sent = whole(&outcome.sent).unwrap_or_default();
    let sent = parse(&sent).expect("judged before");
    let answers = stanzas(&sent);
    match (name, kind) {
        ("iq", "result" | "error") | ("presence", "error" | "subscribed" | "unavailable") => {
            assert_eq!(answers.len(), 0, "an answer to {text}");
        }
        ("iq", _) => {
            assert_eq!(answers.len(), 1, "answers to {text}");
            is_answer(answers[0], to);
        }
        (_, "subscribe" | "unsubscribe") => assert_eq!(answers.len(), 2, "answers to {text}"),
        (_, "probe") => assert_eq!(answers.len(), 1, "answers to {text}"),
        _ => assert!(answers.len() <= 1, "answers to {text}"),
    }
});

fn is_answer(answer: Node, to: &str) {
    assert_eq!(answer.tag_name(), (COMPONENT, "iq").into());
    assert_eq!(value(answer, "from"), Some(to));
    assert_eq!(value(answer, "to"), Some(FROM));
    assert_eq!(value(answer, "id"), Some("1"));
    match value(answer, "type") {
        Some("result") => {}
        // RFC 6120 §8.3.2
        Some("error") => {
            let error = answer.children().find(|child| child.has_tag_name((COMPONENT, "error")));
            let error = error.expect("an error's description");
            let condition = error.first_element_child().expect("an error's condition");
            let namespace = condition.tag_name().namespace();
            assert_eq!(namespace, Some("urn:ietf:params:xml:ns:xmpp-stanzas"));
        }
        other => panic!("answered with type {other:?}"),
    }
}

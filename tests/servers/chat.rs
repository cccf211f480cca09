//! Chat: what a user sends comes back, from the address it was sent to.

use crate::real::{COMPONENT, Daemon, Kind, SECRET, Server, Stage, Stanza, User};

pub fn chat_to_the_domain_comes_back(kind: Kind) {
    let stage = Stage::start(kind);
    let mut alice = stage.user("alice");
    alice.send("<message to='echo.localhost' type='chat' id='m1'><body>Hello</body></message>");
    let echo = alice.wait_for_id("m1");
    assert!(echo.is("message", "chat"), "{echo:?}");
    assert_eq!(echo.attr("from"), COMPONENT);
    assert_eq!(echo.attr("to"), alice.jid());
    assert_eq!(echo.body(), "Hello");
    assert_mirrored(&stage, "m1");
}

pub fn chat_to_a_node_comes_back_from_that_node(kind: Kind) {
    let stage = Stage::start(kind);
    let mut alice = stage.user("alice");
    for (id, to) in [
        ("bare", "bot@echo.localhost"),
        ("full", "bot@echo.localhost/Some Where"),
        ("resource", "echo.localhost/desk"),
    ] {
        alice.send(&format!(
            "<message to='{to}' type='chat' id='{id}'><body>to {to}</body></message>"
        ));
        let echo = alice.wait_for_id(id);
        assert!(echo.is("message", "chat"), "{echo:?}");
        assert_eq!(echo.attr("from"), to);
        assert_eq!(echo.attr("to"), alice.jid());
        assert_eq!(echo.body(), format!("to {to}"));
    }
}

pub fn chat_to_a_jid_in_capitals_comes_back(kind: Kind) {
    let stage = Stage::start(kind);
    let mut alice = stage.user("alice");
    alice.send("<message to='Bot@Echo.Localhost/Desk' id='m1'><body>Hi</body></message>");
    let echo = alice.wait_for_id("m1");
    assert_eq!(echo.body(), "Hi");
    // ejabberd hands the address on as it is written, the others in small letters.
    assert_mirrored(&stage, "m1");
}

pub fn an_echo_has_an_id_of_its_own(kind: Kind) {
    let server = Server::start(kind);
    let mut command = Daemon::command(COMPONENT, SECRET, "127.0.0.1", server.component_port());
    let mut daemon = Daemon::run(command.env_remove("ECHO_COMPONENT_KEEP_IDS"));
    daemon.wait_until_online();
    let mut alice = User::login(&server, "alice");
    let correction = |id: &str| format!("<replace xmlns='urn:xmpp:message-correct:0' id='{id}'/>");
    alice.send(&format!(
        "<message to='bot@echo.localhost' type='chat' id='m2'><body>x</body>{}</message>",
        correction("m1")
    ));
    let echo = alice.wait_for_id("echo-m2");
    assert!(echo.xml().contains("echo-m1"), "{echo:?}");
}

pub fn emoji_come_back(kind: Kind) {
    // A family joined by zero-width joiners, a flag, a skin tone, a keycap, and e with an
    // accent that no one may compose.
    const BODY: &str = "👨‍👩‍👧‍👦 🏳️‍🌈 👍🏽 #️⃣ e\u{301}";
    let stage = Stage::start(kind);
    let mut alice = stage.user("alice");
    alice.send(&format!(
        "<message to='bot@echo.localhost' type='chat' id='😀'><body>{BODY}</body></message>"
    ));
    let echo = alice.wait_for_id("😀");
    assert_eq!(echo.body(), BODY);
}

pub fn a_rich_payload_comes_back_byte_for_byte(kind: Kind) {
    let stage = Stage::start(kind);
    let mut alice = stage.user("alice");
    alice.send(
        "<message to='bot@echo.localhost' type='chat' id='rich' xml:lang='de'>\
         <subject>Grüße &amp; &lt;so weiter&gt;</subject>\
         <body> blanks before and after, \"quotes\" &amp; 'more' </body>\
         <body xml:lang='en'>Regards</body>\
         <thread parent='t0'>t1</thread>\
         <html xmlns='http://jabber.org/protocol/xhtml-im'>\
         <body xmlns='http://www.w3.org/1999/xhtml'>\
         <p style='font-weight: bold'>Grüße<br/>and <a href='http://example.org/?a=1&amp;b=2'>\
         a link</a></p></body></html>\
         <active xmlns='http://jabber.org/protocol/chatstates'/>\
         <request xmlns='urn:xmpp:receipts'/>\
         <markable xmlns='urn:xmpp:chat-markers:0'/>\
         <replace xmlns='urn:xmpp:message-correct:0' id='an earlier one'/>\
         <x:thing xmlns:x='urn:example:x' xmlns:y='urn:example:y' y:kind='odd' plain=''>\
         <y:part>1</y:part> <part xmlns=''/></x:thing>\
         </message>",
    );
    let echo = alice.wait_for_id("rich");
    assert_mirrored(&stage, "rich");

    // And what the user sees of it is what was sent.
    assert_eq!(echo.attr("xml:lang"), "de");
    assert_eq!(echo.body(), " blanks before and after, \"quotes\" & 'more' ");
    for (namespace, name) in [
        ("", "subject"),
        ("", "thread"),
        ("http://jabber.org/protocol/xhtml-im", "html"),
        ("http://www.w3.org/1999/xhtml", "br"),
        ("http://jabber.org/protocol/chatstates", "active"),
        ("urn:xmpp:receipts", "request"),
        ("urn:xmpp:chat-markers:0", "markable"),
        ("urn:xmpp:message-correct:0", "replace"),
        ("urn:example:x", "thing"),
        ("urn:example:y", "part"),
    ] {
        assert_eq!(echo.all(namespace, name).count(), 1, "{name}: {echo:?}");
    }
}

pub fn a_burst_comes_back_in_order(kind: Kind) {
    let stage = Stage::start(kind);
    let mut alice = stage.user("alice");
    let burst: Vec<_> = (0..200)
        .map(|n| format!("<message to='echo.localhost' id='{n}'><body>{n}</body></message>"))
        .collect();
    alice.send(&burst.concat());
    for n in 0..200 {
        let echo = alice.wait_for("the next echo", |stanza| stanza.name() == "message");
        assert_eq!(echo.body(), n.to_string());
    }
}

pub fn two_users_each_get_their_own_echo(kind: Kind) {
    let stage = Stage::start(kind);
    let mut alice = stage.user("alice");
    let mut bob = stage.user("bob");
    alice.send("<message to='echo.localhost' id='same'><body>of alice</body></message>");
    bob.send("<message to='echo.localhost' id='same'><body>of bob</body></message>");
    assert_eq!(alice.wait_for_id("same").body(), "of alice");
    assert_eq!(bob.wait_for_id("same").body(), "of bob");
}

pub fn an_error_message_is_not_answered(kind: Kind) {
    let mut stage = Stage::start(kind);
    let mut alice = stage.user("alice");
    alice.send(
        "<message to='echo.localhost' type='error' id='e1'><body>no</body><error type='cancel'>\
         <gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
    );
    stage.assert_still_echoing(&mut alice);
    // The later message has been answered, so the earlier one never will be.
    let is_e1 = |stanza: &Stanza| stanza.attr("id") == "e1";
    assert!(stage.tap.inbound().iter().any(is_e1));
    assert!(!stage.tap.outbound().iter().any(is_e1));
    assert!(!alice.has(is_e1));
}

/// Compares what the server sent to the component with what the component sent back:
/// `from` and `to` have traded places, all else is the same, the payload to the byte.
#[track_caller]
pub fn assert_mirrored(stage: &Stage, id: &str) {
    let has_id = |stanza: &Stanza| stanza.attr("id") == id;
    let sent = stage.tap.inbound().into_iter().find(has_id);
    let echo = stage.tap.outbound().into_iter().find(has_id);
    let (sent, echo) = (sent.expect("it was sent"), echo.expect("it was echoed"));
    let traded: Vec<_> = echo
        .attributes()
        .into_iter()
        .map(|(name, value)| match name.as_str() {
            "from" => ("to".to_owned(), value),
            "to" => ("from".to_owned(), value),
            _ => (name, value),
        })
        .collect();
    assert_eq!(sent.name(), echo.name());
    assert_eq!(sent.attributes(), sorted(traded));
    assert_eq!(sent.payload(), echo.payload());
}

fn sorted<T: Ord>(mut values: Vec<T>) -> Vec<T> {
    values.sort();
    values
}

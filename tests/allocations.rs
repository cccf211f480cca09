//! Echoing a message allocates nothing once the buffers have grown to what messages need, nor does
//! presence that nobody answers; and a request takes the same, however much is in it.

use std::num::NonZeroU32;
use std::time::Duration;

use echo_component::component::address::Domain;
use echo_component::component::flood::Allowance;
use echo_component::component::ids::Ids;
use echo_component::component::outbox::Outbox;
use echo_component::component::requests::{Now, Responder};
use echo_component::component::{Echo, Event, Settings};

const NOW: Now = Now { utc: chrono::DateTime::UNIX_EPOCH, uptime: Duration::from_secs(42) };

/// The component's side of a stream with all guards on.
fn echo() -> Echo {
    let responder = Responder::new("Echo", &[]);
    let of = |it| NonZeroU32::new(it).unwrap();
    let allowance = Allowance { burst: of(10_000), rate: of(10) };
    let domain = Domain::new("echo.example").unwrap();
    Echo::new(Settings {
        domain,
        max_stanza_size: 512 << 10,
        ids: Ids::Mirrored,
        allowance: Some(allowance),
        responder,
    })
}

/// How many allocations it takes to feed `input`, which is answered or not.
fn allocations(input: &str, is_answered: bool) -> u64 {
    let (mut echo, mut output) = (echo(), Outbox::default());
    let mut once = || {
        let fed = echo.feed(input.as_bytes(), &mut output, NOW);
        assert_eq!(fed, Ok((input.len(), Event::Hungry)));
        assert_eq!(!output.pending().is_empty(), is_answered);
        output.wrote(output.pending().len());
    };
    once();
    allocation_counter::measure(once).count_total
}

/// Lets `input` come in pieces that end at `cuts`, and what is sent go out.
fn feed(echo: &mut Echo, output: &mut Outbox, input: &[u8], cuts: &[usize]) {
    let mut from = 0;
    for &cut in cuts {
        let (used, event) = echo.feed(&input[from..cut], output, NOW).unwrap();
        assert_eq!(event, Event::Hungry);
        from += used;
    }
    assert_eq!(from, input.len());
    assert!(output.pending().len() >= input.len());
    output.wrote(output.pending().len());
}

#[test]
fn a_message_costs_no_allocation() {
    for (kind, attributes, payload) in [
        ("small", "", "<body>hello</body>".to_owned()),
        (
            "with an id and a language",
            " id='1' xml:lang='de'",
            "<body>&#x1F600; \u{fc}</body>".into(),
        ),
        (
            "with extensions",
            " type='chat'",
            "<x xmlns='urn:x'><y z='&amp;'/></x><p:x xmlns:p='urn:p' p:q=''/><q:a xmlns:q='u'/>"
                .into(),
        ),
        ("large", "", format!("<body>{}</body>", "x".repeat(100_000))),
        ("deep", "", "<a>".repeat(10_000) + &"</a>".repeat(10_000)),
        ("with many children", "", "<a b='c'/>".repeat(10_000)),
    ] {
        let message = format!(
            "<message from='user@some-server.example/r' to='bot@echo.example'{attributes}>{payload}\
             </message>"
        );
        let (input, whole) = (message.as_bytes(), message.len());
        let (mut echo, mut output) = (echo(), Outbox::default());
        let mut three = || {
            feed(&mut echo, &mut output, input, &[whole]);
            feed(&mut echo, &mut output, input, &[20, 80, whole - 3, whole]);
            feed(&mut echo, &mut output, input, &[whole]);
        };
        three();
        let counted = allocation_counter::measure(three);
        assert_eq!(counted.count_total, 0, "{kind}: {counted:?}");
    }
}

#[test]
fn a_namespace_is_not_read_anew_for_each_child_that_it_is_declared_for() {
    let take = |children: usize| {
        let (long, children) = ("&amp;".repeat(2_000), "<p:reply id='1'/>".repeat(children));
        let addresses = "from='user@some-server.example/r' to='bot@echo.example'";
        let message = format!("<message {addresses} xmlns:p='{long}'>{children}</message>");
        allocations(&message, true)
    };
    assert_eq!(take(2_000), take(1));
}

#[test]
fn a_request_takes_as_many_allocations_however_much_is_in_it() {
    for (small, name) in [
        ("<a>?</a>", "unknown"),
        ("<query xmlns='http://jabber.org/protocol/disco#info'>?</query>", "disco"),
        ("<vCard xmlns='vcard-temp'>?</vCard>", "vCard"),
        (
            "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:vcard4'>\
             <item>?</item></items></pubsub>",
            "vCard4",
        ),
    ] {
        let take = |more: &str| {
            let payload = small.replace('?', more);
            let from = "from='user@some-server.example/r' to='bot@echo.example'";
            allocations(&format!("<iq type='get' id='1' {from}>{payload}</iq>"), true)
        };
        let few = take("");
        assert!(few < 40, "{name}: {few}");
        for more in ["<a/>".repeat(2_400), "<a b='c'>d</a>".repeat(650), "x".repeat(9_500)] {
            assert_eq!(take(&more), few, "{name}, {} bytes more", more.len());
        }
    }
}

#[test]
fn presence_that_nobody_answers_costs_no_allocation() {
    for payload in [
        "",
        "<show>away</show><status>Gone</status><c xmlns='http://jabber.org/protocol/caps'/>",
        &"<a/>".repeat(2_400),
        &"<x xmlns='u'>y</x>".repeat(500),
    ] {
        for kind in ["", " type='unavailable'", " type='subscribed'"] {
            let from = "from='user@some-server.example/r' to='bot@echo.example'";
            let presence = format!("<presence{kind} {from}>{payload}</presence>");
            assert_eq!(allocations(&presence, false), 0, "{presence}");
        }
    }
}

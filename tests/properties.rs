//! What holds for any message and any bytes at all, tried on many.

mod support;

use echo_component::component::echo::Event;
use minidom::Element;
use proptest::collection::vec;
use proptest::prelude::*;
use support::Component;

/// Text as a server may write it into an element.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[ -~&&[^<&\\]>]]{0,12}",
        "[\\t\\n\u{e9}\u{fffd}\u{1f600}\u{202e}\u{10fffd}]{0,4}",
        Just("&lt;&gt;&amp;&apos;&quot;&#13;&#x1F600;".to_owned()),
        Just("<![CDATA[ <a>&b; ]] ]]>".to_owned()),
    ];
    vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~&&[^<&'\"]]{0,12}".prop_map(|value| format!("'{value}'")),
        "[ -~&&[^<&\"]]{0,12}".prop_map(|value| format!("\"{value}\"")),
        "[\u{e9}\u{1f600}]{0,3}".prop_map(|value| format!("'&amp;{value}&#10;'")),
    ]
}

fn name() -> impl Strategy<Value = String> {
    "[a-z_\u{e9}][a-zA-Z0-9._-]{0,6}"
}

/// An element with up to a hundred others in it, some of other namespaces, with and without prefix.
fn element() -> impl Strategy<Value = String> {
    let leaf = (name(), text()).prop_map(|(name, text)| format!("<{name}>{text}</{name}>"));
    leaf.prop_recursive(6, 100, 5, |inner| {
        (name(), value(), vec(inner, 0..5), text(), 0..4).prop_map(
            |(name, value, inner, text, form)| {
                let inner = inner.concat() + &text;
                match form {
                    0 => format!("<{name} a={value}>{inner}</{name}>"),
                    1 => format!("<{name} xmlns='urn:x' b = {value}\n/>"),
                    2 => format!("<p:{name} xmlns:p='urn:p' p:c={value}>{inner}</p:{name} >"),
                    _ => format!("<{name} xml:lang={value} d=''>{inner}</{name}>"),
                }
            },
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_echo_is_the_message_with_addresses_traded_however_it_is_cut(
        payload in vec(element(), 0..4),
        id in value(),
        cuts in vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let payload = payload.concat();
        let message = |from: &str, to: &str| {
            format!("<message id={id} from='{from}' to='{to}'>{payload}</message>")
        };
        let input = message("u@users.example/r", "bot@echo.example");
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(input.len())).collect();
        cuts.extend([0, input.len()]);
        cuts.sort_unstable();
        let mut component = Component::new();
        let mut sent = vec![];
        for cut in cuts.windows(2) {
            let (more, event) = component.feed(&input.as_bytes()[cut[0]..cut[1]]);
            prop_assert_eq!(event, Ok(Event::Hungry));
            sent.extend(more);
        }
        let sent = String::from_utf8(sent).unwrap();
        prop_assert_eq!(&sent, &message("bot@echo.example", "u@users.example/r"));
        // Another parser agrees that this is XML, and what it says.
        let read = |xml: &str| format!("<s xmlns='jabber:component:accept'>{xml}</s>").parse::<Element>();
        prop_assert_eq!(read(&sent).unwrap(), read(&message("bot@echo.example", "u@users.example/r")).unwrap());
    }

    #[test]
    fn no_bytes_make_it_panic_or_send_half_a_stanza(
        pieces in vec(prop_oneof![
            vec(any::<u8>(), 0..20),
            Just(b"<message from='u@x' to='echo.example'>".to_vec()),
            Just(b"<message from='u@x'/>".to_vec()),
            Just(b"<iq type='get' id='1' from='u@x'>".to_vec()),
            Just(b"<presence type='probe' from='u@x'/>".to_vec()),
            Just(b"<a b='1'>".to_vec()),
            Just(b"</a>".to_vec()),
            Just(b"</iq>".to_vec()),
            Just(b"</message>".to_vec()),
            Just(b"<![CDATA[".to_vec()),
            Just(b"]]>".to_vec()),
            Just(b"&#0;".to_vec()),
        ], 0..12),
    ) {
        let mut component = Component::new();
        for piece in pieces {
            let (sent, event) = component.feed(&piece);
            let sent = String::from_utf8(sent).unwrap();
            let document = format!("<all xmlns='jabber:component:accept' xmlns:stream='s'>{sent}</all>");
            prop_assert!(document.parse::<Element>().is_ok(), "{}", sent);
            prop_assert!(component.longest_rest() < 400);
            if event != Ok(Event::Hungry) {
                break;
            }
        }
    }
}

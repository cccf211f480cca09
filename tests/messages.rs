//! The mirror's rules for messages: what goes in, what must come out, byte for byte.

mod support;

use echo_component::component::Event;
use echo_component::xml::error::Fault;
use support::{COMPONENT, Component, LIMIT, answer};

const U: &str = "u@users.example/r1";
const BOT: &str = "bot@echo.example";

/// A message from U to the bot.
fn message(attributes: &str, payload: &str) -> String {
    format!("<message from='{U}' to='{BOT}'{attributes}>{payload}</message>")
}

/// Its echo.
fn echo(attributes: &str, payload: &str) -> String {
    format!("<message from='{BOT}' to='{U}'{attributes}>{payload}</message>")
}

#[track_caller]
fn is_bounced(input: &str, condition: &str) {
    let mut component = Component::new();
    let sent = component.answer(input);
    assert!(sent.contains(&format!("<{condition} ")), "{sent} for {input}");
    assert!(sent.contains(" type='error'"), "{sent}");
    assert_eq!(component.answer(&message("", "next")), echo("", "next"), "after {input}");
}

#[test]
fn from_and_to_trade_places_and_all_else_stays() {
    for (attributes, payload) in [
        ("", "<body>hello</body>"),
        (" type='chat' id='1' xml:lang='de'", "<body>hallo</body>"),
        (" type='foo' id='a&amp;b'", "<body>1</body><body>2</body>"),
        (" xmlns:x='urn:x' x:a=\"1\"", "<x:y x:b='&lt;'/>"),
        (" type='headline'", ""),
        ("", "<thread>1</thread><thread>2</thread><delay xmlns='urn:xmpp:delay'/>"),
        ("", "<a xmlns='urn:a' b = \"'\" ><c\n/> </a >"),
    ] {
        assert_eq!(answer(&message(attributes, payload)), echo(attributes, payload));
    }
}

#[test]
fn attributes_keep_their_order_and_their_quotes() {
    assert_eq!(
        answer(
            "<message id=\"1\" to=\"bot@echo.example/a'b\" type='chat' from='u@users.example'/>"
        ),
        "<message id=\"1\" to='u@users.example' type='chat' from=\"bot@echo.example/a'b\"/>"
    );
}

#[test]
fn error_messages_are_never_answered() {
    for payload in ["", "<body>x</body>", "<error type='cancel'><x xmlns='urn:x'/></error>"] {
        for from in [U, COMPONENT, BOT] {
            let id = "<message type='error' id='1'";
            assert_eq!(answer(&format!("{id} from='{from}' to='{BOT}'>{payload}</message>")), "");
        }
    }
    assert_eq!(answer(&message(" type='err&#111;r'", "")), "", "whatever way it is written");
    assert_ne!(answer(&message(" type='Error'", "")), "", "that is another type");
}

#[test]
fn messages_without_someone_to_answer_are_not_answered() {
    for addresses in [
        "to='bot@echo.example'",
        "from='x@echo.example/1' to='y@echo.example'",
        "from='ECHO.example' to='echo.example'",
        "from='echo.example/x' to='echo.example'",
    ] {
        assert_eq!(answer(&format!("<message {addresses}><body>x</body></message>")), "");
    }
}

#[test]
fn nothing_is_sent_from_outside_the_components_domain() {
    for to in ["other.example", "a@echo.example.evil", "sub.echo.example", "@echo.example", "", "/"]
    {
        assert_eq!(answer(&format!("<message from='{U}' to='{to}'/>")), "", "{to}");
    }
}

#[test]
fn a_message_without_to_is_for_the_component() {
    assert_eq!(
        answer("<message from='u@users.example' id='1'>x</message>"),
        "<message to='u@users.example' from='echo.example' id='1'>x</message>"
    );
}

#[test]
fn odd_senders_are_answered_at_the_address_they_gave() {
    let long = "l".repeat(1023);
    for from in [
        "a b@x",
        "@x",
        "x@/r",
        "room@muc.example/\u{1f600}",
        "u@[2001:db8::1]/r",
        &format!("{long}@{long}/{long}"),
        "a&apos;b@x",
        "",
    ] {
        assert_eq!(
            answer(&format!("<message from='{from}' to='Bot@Echo.Example/R'>x</message>")),
            format!("<message from='Bot@Echo.Example/R' to='{from}'>x</message>")
        );
    }
}

#[test]
fn the_echo_is_in_the_streams_own_namespace() {
    let expected = "<message from='echo.example' to='u@x'><body xmlns='jabber:client'/></message>";
    for namespace in ["jabber:client", "jabber:component:accept", "jabber:server"] {
        let head = format!("<message xmlns='{namespace}' from='u@x' to='echo.example'>");
        assert_eq!(answer(&format!("{head}<body xmlns='jabber:client'/></message>")), expected);
    }
    assert_eq!(
        answer(
            "<c:message xmlns:c='jabber:component:accept' from='u@x' to='echo.example'><c:body>b\
             </c:body><body xmlns='urn:x'/></c:message >"
        ),
        "<message xmlns:c='jabber:component:accept' from='echo.example' to='u@x'><c:body>b\
         </c:body><body xmlns='urn:x'/></message>"
    );
    assert_eq!(
        answer("<c:message xmlns:c='jabber:client' from='u@x' to='echo.example'/>"),
        "<message xmlns:c='jabber:client' from='echo.example' to='u@x'/>"
    );
}

#[test]
fn what_is_no_stanza_is_passed_over() {
    for element in [
        "<message xmlns='urn:x' from='u@x' to='echo.example'>x</message>",
        "<x:message xmlns:x='urn:x' from='u@x' to='echo.example'>x</x:message>",
        "<foo/>",
        "<stream:features><a xmlns='urn:a'/></stream:features>",
        "stray text ",
        "<![CDATA[x]]>",
    ] {
        let mut component = Component::new();
        assert_eq!(component.answer(element), "", "{element}");
        assert_eq!(component.answer(&message("", "next")), echo("", "next"));
    }
}

#[test]
fn text_is_neither_trimmed_nor_normalised() {
    for body in [
        "  blanks \t\n around  ",
        "\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467} \u{202e}abc\u{2066} e\u{301}",
        "a&#13;b\r\nc&#x1F600;",
        "<![CDATA[ <not> &markup; ]]]]><![CDATA[> ]]>",
    ] {
        let payload = format!("<body>{body}</body><a b='3\r4&#13;5'/>");
        assert_eq!(answer(&message("", &payload)), echo("", &payload));
    }
}

#[test]
fn what_libraries_choke_on_is_echoed() {
    let name = "n".repeat(9000);
    for payload in [
        format!("<{name} {name}='{name}'/>"),
        format!("{}{}", "<a>".repeat(50_000), "</a>".repeat(50_000)),
        format!("<body>{}</body>", "&lt;".repeat(60_000)),
        "<a/>".repeat(50_000),
        (0..20_000).fold("<a".to_owned(), |tag, n| tag + &format!(" b{n}=''")) + "/>",
        (0..10_000).fold("<a".to_owned(), |tag, n| tag + &format!(" xmlns:p{n}='u'")) + "/>",
    ] {
        assert_eq!(answer(&message("", &payload)), echo("", &payload));
    }
}

#[test]
fn an_echo_over_the_limit_is_bounced_and_the_next_is_echoed() {
    let room = LIMIT - message("", "").len();
    let fits = "x".repeat(room);
    assert_eq!(answer(&message("", &fits)), echo("", &fits));
    is_bounced(&message("", &"x".repeat(room + 1)), "policy-violation");
    is_bounced(&message("", &"<a/>".repeat(room)), "policy-violation");
    is_bounced(
        &message("", &"<a>".repeat(300_000)).replace("</m", &("</a>".repeat(300_000) + "</m")),
        "policy-violation",
    );
    let tag = format!(" a='{}'", "x".repeat(room - 5));
    is_bounced(&message(&tag, "x"), "policy-violation");
    let bounce = answer(&message(" id='7'", &"x".repeat(LIMIT)));
    assert!(bounce.starts_with(&format!("<message from='{BOT}' to='{U}' id='7'")), "{bounce}");
    assert!(bounce.contains("524288 bytes"), "{bounce}");
}

#[test]
fn addresses_too_long_for_a_bounce_get_none() {
    let long = "x".repeat(LIMIT);
    let mut component = Component::new();
    assert_eq!(component.answer(&format!("<message from='{long}' to='{BOT}'/>")), "");
    assert_eq!(component.answer(&message("", "next")), echo("", "next"));
}

#[test]
fn what_would_break_our_own_stream_is_bounced() {
    for payload in [
        "<x:y/>",
        "<y x:a=''/>",
        "<a xmlns:x='u'/><x:b/>",
        "a\u{1}b",
        "\u{ffff}",
        "&#1;",
        "&#xfffe;",
        "&nbsp;",
        "<a b='&nbsp;'/>",
        "<a b='\u{2}'/>",
        "<![CDATA[\u{3}]]>",
    ] {
        is_bounced(
            &message("", &format!("<body>1</body>{payload}<body>2</body>")),
            "not-acceptable",
        );
    }
    is_bounced(&message(" x:a=''", ""), "not-acceptable");
    is_bounced(&message(" a='&nbsp;'", "<a><b/></a>"), "not-acceptable");
    is_bounced(&message(" id='&nbsp;'", ""), "not-acceptable");
    let prefixed = "<c:message xmlns:c='jabber:client' xmlns='urn:x' from='u@x' to='echo.example'>";
    is_bounced(&format!("{prefixed}<a/></c:message>"), "not-acceptable");
}

#[test]
fn what_leaves_in_doubt_where_things_end_ends_the_stream() {
    use Fault::{NotWellFormed, RestrictedXml, UnsupportedEncoding};
    for (payload, fault) in [
        (&b"<!-- x -->"[..], RestrictedXml),
        (b"<?pi?>", RestrictedXml),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]>", RestrictedXml),
        (b"<a></b>", NotWellFormed),
        (b"<a></message>", NotWellFormed),
        (b"<a b='1' b='2'/>", NotWellFormed),
        (b"<a b='1'c='2'/>", NotWellFormed),
        (b"<a b=1/>", NotWellFormed),
        (b"<a b='<'/>", NotWellFormed),
        (b"<1a/>", NotWellFormed),
        (b"< a/>", NotWellFormed),
        (b"<a:b:c/>", NotWellFormed),
        (b"]]>", NotWellFormed),
        (b"&", NotWellFormed),
        (b"\xff", UnsupportedEncoding),
        (b"<a b='\xc3'/>", UnsupportedEncoding),
    ] {
        let mut component = Component::new();
        let first = message("", "first");
        let mut input = [first.as_bytes(), b"<message from='u@x' to='echo.example'>"].concat();
        input.extend_from_slice(payload);
        input.extend_from_slice(b"</message>");
        let (sent, event) = component.feed(&input);
        assert_eq!(event, Err(fault), "{}", payload.escape_ascii());
        assert_eq!(sent, echo("", "first").as_bytes(), "what came before is answered");
    }
}

#[test]
fn structure_is_watched_in_stanzas_that_are_passed_over_too() {
    for message in [
        "<message type='error' from='u@x' to='echo.example'><a></message>",
        "<foo><a></b></foo>",
        "</message>",
        "</stream:streams>",
    ] {
        let (sent, event) = Component::new().feed(message.as_bytes());
        assert_eq!((sent, event), (vec![], Err(Fault::NotWellFormed)), "{message}");
    }
}

#[test]
fn a_token_of_any_size_takes_bounded_memory() {
    for (start, chunk, end) in [
        ("<body>", "x", "</body>"),
        ("<body><![CDATA[", "]]", "]]></body>"),
        ("<body a='", ">", "'/>"),
        // Prosody declares a namespace again for each attribute that is in it.
        ("<x ", " xmlns:p='uuuuuuuuuuuuuuuuuuuu' p:a=''", "></x>"),
    ] {
        let mut component = Component::new();
        component.answer("<message id='1' from='u@x' to='echo.example'>");
        component.answer(start);
        let chunk = chunk.repeat((1 << 20) / chunk.len());
        let bounce = component.answer(&chunk);
        assert!(bounce.contains(" id='1'") && bounce.contains("policy-violation"), "{bounce}");
        for _ in 0..3 {
            assert_eq!(component.answer(&chunk), "", "its sender has been told");
        }
        assert!(component.longest_rest() < 2 << 20, "{start}: {}", component.longest_rest());
        component.answer(end);
        assert_eq!(component.answer("</message>"), "");
        let next = "<message from='u@x' to='echo.example'>next</message>";
        assert!(component.answer(next).contains("next"), "after {start}");
    }
}

#[test]
fn what_servers_write_themselves_is_not_waited_for_beyond_8_mib() {
    for start in ["x", "<![CDATA[", "</a"] {
        let mut component = Component::new();
        component.answer(start);
        let chunk = "x".repeat(1 << 20);
        let ended = (0..20).find_map(|_| component.feed(chunk.as_bytes()).1.err());
        assert_eq!(ended, Some(Fault::PolicyViolation), "{start}");
        assert!(component.longest_rest() <= 9 << 20);
    }
}

#[test]
fn a_name_without_end_costs_its_stanza_alone() {
    for start in ["<", "<message><", "<message></message"] {
        let mut component = Component::new();
        component.answer(start);
        let chunk = "x".repeat(1 << 20);
        for _ in 0..20 {
            assert_eq!(component.answer(&chunk), "", "{start}");
        }
        assert!(component.longest_rest() <= 2 << 20, "{start}");
    }
}

#[test]
fn a_stanza_of_any_size_takes_bounded_memory_and_is_bounced_at_once() {
    let mut component = Component::new();
    component.answer("<message from='u@x' to='echo.example'>");
    let child = format!("<a b='{}'/>", "x".repeat(1000));
    let sent: Vec<String> = (0..60_000).map(|_| component.answer(&child)).collect();
    let told: Vec<usize> = (0..sent.len()).filter(|&nth| !sent[nth].is_empty()).collect();
    assert_eq!(told, [LIMIT / child.len()], "of 80 MB of amplified namespaces");
    assert!(sent[told[0]].contains("policy-violation"));
    assert!(component.longest_rest() < LIMIT + child.len());
    assert_eq!(component.answer("</message>"), "");
}

#[test]
fn a_message_whose_start_tag_alone_is_over_the_limit_gets_no_answer() {
    // Its type, which may follow, may be `error`.
    for tag in [
        format!("<message id='{}' from='{U}' to='{BOT}'", "x".repeat(LIMIT)),
        format!("<message from='{U}' to='{BOT}' a='{}'", "x".repeat(LIMIT)),
    ] {
        let mut component = Component::new();
        assert_eq!(component.answer(&format!("{tag}><body>x</body></message>")), "");
        assert_eq!(component.answer(&format!("{tag}/>")), "");
        assert_eq!(component.answer(&message("", "next")), echo("", "next"));
    }
}

#[test]
fn white_space_between_stanzas_keeps_no_memory() {
    let mut component = Component::new();
    for _ in 0..1000 {
        assert_eq!(component.answer(" \n"), "");
    }
    assert_eq!(component.longest_rest(), 0);
    assert_eq!(component.answer(&message("", "next")), echo("", "next"));
}

#[test]
fn two_hundred_stanzas_in_one_read_are_answered_in_order() {
    let numbered = |form: fn(&str, &str) -> String| {
        (0..200).map(|n| form(&format!(" id='{n}'"), "<body>é&amp;</body>")).collect::<String>()
    };
    assert_eq!(answer(&numbered(message)), numbered(echo));
}

#[test]
fn a_stanza_may_come_byte_by_byte() {
    let input = message("", "<body a='>'>ü&amp;\u{1f600}<![CDATA[]]]]></body><x/>");
    let mut component = Component::new();
    let sent: Vec<u8> = input.bytes().flat_map(|byte| component.feed(&[byte]).0).collect();
    assert_eq!(String::from_utf8(sent).unwrap(), answer(&input));
    let cut = input.len() - 1;
    assert_eq!(Component::new().feed(&input.as_bytes()[..cut]).0, b"", "whole or not at all");
}

#[test]
fn the_footer_is_known_whatever_its_prefix() {
    for footer in ["</stream:stream>", "</stream>", "</s:stream >"] {
        let (sent, event) = Component::new().feed((message("", "1") + footer).as_bytes());
        assert_eq!(event, Ok(Event::Footer), "{footer}");
        assert_eq!(sent, echo("", "1").as_bytes());
    }
}

#[test]
fn stream_errors_are_told_in_the_servers_words() {
    const STREAMS: &str = "urn:ietf:params:xml:ns:xmpp-streams";
    for (start, end) in [
        ("<stream:error>", "</stream:error>"),
        ("<stream:error xmlns:stream='http://etherx.jabber.org/streams'>", "</stream:error>"),
        ("<error xmlns='http://etherx.jabber.org/streams'>", "</error>"),
        ("<s:error>", "</s:error>"),
    ] {
        let error =
            format!("{start}<reset xmlns='{STREAMS}'/><text xmlns='{STREAMS}'>t</text>{end}");
        let (_, event) = Component::new().feed(error.as_bytes());
        let Ok(Event::StreamError(error)) = event else { panic!("{event:?} for {start}") };
        assert_eq!(error.to_string(), "reset (t)");
    }
}

/// A tree is dropped recursively, a level at a time.
#[test]
fn a_stream_error_too_deep_for_a_tree_is_told_without_its_words() {
    for (levels, told) in
        [(60, "reset"), (65, "undefined-condition"), (9_000, "undefined-condition")]
    {
        let deep = "<a>".repeat(levels) + &"</a>".repeat(levels);
        let reset = "<reset xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>";
        let error = format!("<stream:error>{reset}{deep}</stream:error>");
        let (_, event) = Component::new().feed(error.as_bytes());
        let Ok(Event::StreamError(error)) = event else { panic!("{event:?} for {levels}") };
        assert_eq!(error.to_string(), told, "{levels} levels");
    }
}

#[test]
fn nothing_goes_out_that_is_over_the_limit() {
    const LIMIT: usize = 10_000;
    // Each becomes four bytes where it is written anew.
    let angles = ">".repeat(9_900);
    let long = "i".repeat(60_000);
    let from = "from='u@x' to='echo.example'";
    let join = "<x xmlns='http://jabber.org/protocol/muc'/>";
    let ping = "<ping xmlns='urn:xmpp:ping'/>";
    for (input, answered) in [
        (format!("<message {from} id='{}'>{}</message>", &long[..9_800], &long[..300]), true),
        (format!("<message {from} id='{angles}'><body>&nbsp;</body></message>"), true),
        (format!("<message {from} id='{long}'><body>x</body></message>"), false),
        (format!("<message from='u@{long}' to='echo.example'/>"), false),
        (format!("<presence {from} id='{}'>{join}</presence>", &long[..4_500]), true),
        // The blanks that must follow such a tag count, too.
        (format!("<presence {from} id='{}'>{join}</presence>", &long[..9_000]), false),
        (format!("<presence {from} id='{angles}'>{join}</presence>"), false),
        (format!("<iq type='get' {from} id='{}'>{ping}</iq>", &long[..4_500]), true),
        (format!("<iq type='get' {from} id='{}'>{ping}</iq>", &long[..9_000]), false),
        (format!("<iq type='get' {from} id='{angles}'>{ping}</iq>"), false),
        (format!("<iq type='get' {from} id='{long}'>{ping}</iq>"), false),
        (format!("<iq type='get' {from} id='{}'>{ping}</iq>", "\"".repeat(4_500)), true),
    ] {
        let mut component = Component::with_limit(LIMIT);
        let sent = component.answer(&input);
        let shown = &input[..input.len().min(80)];
        assert!(sent.len() <= LIMIT, "{} bytes for {shown}", sent.len());
        assert_eq!(!sent.is_empty(), answered, "{shown}");
    }
}

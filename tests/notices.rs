//! What is counted and told of stanzas that get no answer: those for another domain, of which the server's
//! settings are the cause, and those of a sender with a used up allowance. Each cause is warned of once;
//! with `-v` each stanza is told of.

mod support;

use echo_component::component::notice::Notice;
use echo_component::component::requests::Responder;
use support::scripted::{Daemon, Server};
use support::{COMPONENT, Component, LIMIT};

const PING: &str = "<ping xmlns='urn:xmpp:ping'/>";
const JOIN: &str = "<x xmlns='http://jabber.org/protocol/muc'/>";

/// Stanzas for another domain, and what counts them there: a message by its name, what asks for something
/// as a request, and the rest not at all.
const FOREIGN: [(&str, &str, &str, &str); 14] = [
    ("message", "", "<body>x</body>", "message"),
    ("message", "type='error'", "", "error"),
    ("iq", "type='get' id='1'", PING, "request"),
    ("iq", "type='set' id='1'", PING, "request"),
    ("iq", "id='1'", PING, "request"),
    ("iq", "type='result' id='1'", "", ""),
    ("iq", "type='error' id='1'", "", ""),
    ("presence", "type='subscribe'", "", "request"),
    ("presence", "type='unsubscribe'", "", "request"),
    ("presence", "type='probe'", "", "request"),
    ("presence", "", JOIN, "request"),
    ("presence", "", "<show>away</show>", ""),
    ("presence", "type='unavailable'", "", ""),
    ("presence", "type='error'", "", ""),
];

fn stanza((name, attributes, content): (&str, &str, &str), to: &str) -> String {
    format!("<{name} from='u@users.example/r' to='{to}' {attributes}>{content}</{name}>")
}

/// What the component counts as not answered, of messages and of requests, and nothing else.
#[track_caller]
fn ignored(component: &mut Component) -> Vec<(&'static str, &'static str)> {
    let counts = component.counts();
    assert!(!counts.has_answer(), "{counts:?}");
    let messages = counts.ignored().map(|(reason, count)| (("message", reason), count));
    let requests = counts.ignored_requests().map(|(reason, count)| (("request", reason), count));
    let each = |(named, count)| (0..count).map(move |_| named);
    messages.chain(requests).flat_map(each).collect()
}

/// Of what is new, the foreign domains, and the lines that `-v` shows.
fn told(component: &mut Component) -> (Vec<String>, Vec<String>) {
    let (mut domains, mut lines) = (vec![], vec![]);
    for notice in component.notices() {
        match notice {
            Notice::ForeignDomain(domain) => domains.push(domain),
            Notice::Flooded => domains.push("flooded".into()),
            Notice::Stanza { how, .. } => lines.push(how.to_string()),
        }
    }
    (domains, lines)
}

#[test]
fn a_stanza_for_another_domain_is_counted_and_its_domain_warned_of_once() {
    for (name, attributes, content, counted) in FOREIGN {
        let kind = (name, attributes, content);
        let case = stanza(kind, "other.example");
        let mut component = Component::with_burst(10_000);
        let expected = match counted {
            "" => vec![],
            "error" => vec![("message", "error")],
            what => vec![(what, "foreign-to")],
        };
        // An error of a message is not answered, whomever it is for.
        let (domain, line) = match (name, counted) {
            (_, "error") => (vec![], "message not answered: it is an error"),
            ("message", _) => (
                vec!["other.example"],
                "message not answered: its address is none that this component answers for",
            ),
            _ => (
                vec!["other.example"],
                "request not answered: its address is none that this component answers for",
            ),
        };
        assert_eq!(component.answer(&case), "", "{case}");
        assert_eq!(ignored(&mut component), expected, "{case}");
        assert_eq!(
            told(&mut component),
            (domain.iter().map(|it| (*it).into()).collect(), vec![line.into()]),
            "{case}"
        );

        // The same again, to somebody else there: counted, not warned of.
        assert_eq!(component.answer(&stanza(kind, "bot@other.example/r")), "", "{case}");
        assert_eq!(ignored(&mut component), expected, "{case}");
        assert_eq!(told(&mut component), (vec![], vec![line.into()]), "{case}");
    }
}

#[test]
fn each_foreign_domain_is_warned_of_up_to_sixteen() {
    let mut component = Component::with_burst(10_000);
    let message = |nth| stanza(("message", "", ""), &format!("n{nth}.example"));
    let first: String = (0..40).map(message).collect();
    assert_eq!(component.answer(&first.repeat(2)), "");
    let expected: Vec<_> = (0..16).map(|nth| format!("n{nth}.example")).collect();
    assert_eq!(told(&mut component).0, expected);
    // What is ours in another form, or no address that we may speak for, is no other domain.
    for ours in ["ECHO.example", "bot@echo.example", "@echo.example", "bot@echo.example/", ""] {
        let mut component = Component::with_burst(10_000);
        component.answer(&stanza(("message", "", ""), ours));
        assert_eq!(told(&mut component).0, Vec::<String>::new(), "{ours}");
    }
}

/// Its type may follow, and nobody answers an error.
#[test]
fn a_stanza_whose_start_tag_alone_is_too_large_is_counted_and_told_of() {
    for (name, what) in [("message", "message"), ("presence", "request"), ("iq", "request")] {
        let mut component = Component::with_burst(10_000);
        let stanza = format!("<{name} from='u@x' a='{}'/>", "a".repeat(LIMIT));
        assert_eq!(component.answer(&stanza), "", "{name}");
        assert_eq!(ignored(&mut component), [(what, "unanswerable")], "{name}");
        let line = "not answered: its addresses or its start tag are too large";
        assert_eq!(told(&mut component).1, [format!("{what} {line}")]);
    }
}

#[test]
fn a_used_up_allowance_is_warned_of_once_for_each_sender() {
    let request = format!("<iq type='get' id='1' from='FROM' to='{COMPONENT}'>{PING}</iq>");
    let message = format!("<message from='FROM' to='{COMPONENT}'>x</message>");
    let probe = format!("<presence type='probe' from='FROM' to='{COMPONENT}'/>");
    for stanza in [message, request, probe] {
        let mut component = Component::with_burst(5);
        for sender in ["u@users.example/r", "other@users.example"] {
            let stanza = stanza.replace("FROM", sender);
            let within = if stanza.starts_with("<message") { 5 } else { 1 };
            component.answer(&stanza.repeat(within));
            assert_eq!(told(&mut component).0, Vec::<String>::new(), "{stanza}");
            component.answer(&stanza.repeat(9));
            assert_eq!(told(&mut component).0, ["flooded"], "{stanza}");
            component.answer(&stanza.repeat(9));
            assert_eq!(told(&mut component).0, Vec::<String>::new(), "{stanza}");
        }
    }
}

/// Whatever is not answered is told of with its reason, and counted if it asked for something.
#[test]
fn a_request_without_an_answer_is_told_of_with_its_reason() {
    let long = "a".repeat(70_000);
    let ping = |attributes: &str| format!("<iq type='get' id='1' {attributes}>{PING}</iq>");
    let probe = |attributes: &str| format!("<presence type='probe' {attributes}/>");
    let large = format!("from='{long}' to='{COMPONENT}'");
    for (stanza, counted, line) in [
        (ping(""), "no-sender", "there is nobody to answer"),
        (probe("from='&nbsp;'"), "no-sender", "there is nobody to answer"),
        (ping(&large), "unanswerable", "its addresses or its start tag are too large"),
        (probe(&large), "unanswerable", "its addresses or its start tag are too large"),
    ] {
        let mut component = Component::with_burst(10_000);
        assert_eq!(component.answer(&stanza), "", "{line}");
        assert_eq!(ignored(&mut component), [("request", counted)], "{line}");
        assert_eq!(told(&mut component).1, [format!("request not answered: {line}")]);
    }
    let mut component = Component::with_burst(1);
    component.answer(&(probe("from='u@x'").repeat(2) + &ping("from='u@x'")));
    let flood = "request not answered: allowance used up";
    assert_eq!(told(&mut component).1, ["request answered", flood, flood]);
    let counts = component.counts();
    assert_eq!(counts.ignored_requests().last(), Some(("flood", 2)));
}

/// What asks for nothing is no request, so that it is not counted as one.
#[test]
fn what_asks_for_nothing_is_counted_nowhere() {
    for stanza in [
        "<presence from='u@x' to='echo.example'/>",
        "<presence type='error' from='u@x' to='echo.example'/>",
        "<presence type='unavailable'/>",
        "<iq type='result' id='1' from='u@x' to='echo.example'/>",
        "<iq type='error' id='1'/>",
    ] {
        let mut component = Component::with_burst(10_000);
        assert_eq!(component.answer(stanza), "", "{stanza}");
        assert_eq!(ignored(&mut component), [], "{stanza}");
        assert_eq!(told(&mut component).0, Vec::<String>::new(), "{stanza}");
    }
}

/// RFC 6120 §8.2.3: an IQ gets an answer. One that is too large with its payload gets an error.
#[test]
fn an_iq_whose_answer_is_too_large_gets_an_error() {
    // The answer has the contacts in it. With the least limit nothing over 10,000 bytes is sent.
    let contacts = [format!("mailto:{}@x.example", "a".repeat(8_000))];
    let responder = Responder::new("Echo", &contacts);
    for (id, sent) in [
        (1, "type='result'"),
        (3_000, "<policy-violation "),
        // An error, too, is too large with such an id and the blanks behind it.
        (6_000, ""),
    ] {
        let mut component = Component::with(10_000, responder.clone());
        let id = "i".repeat(id);
        let query = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
        let answer = component
            .answer(&format!("<iq type='get' id='{id}' from='u@x' to='{COMPONENT}'>{query}</iq>"));
        let is_answered = !sent.is_empty();
        assert!(answer.contains(sent) && answer.is_empty() != is_answered, "{sent}: {answer}");
        assert_eq!(answer.contains(&format!(" id='{id}'")), is_answered, "{sent}");
        let counts = component.counts();
        let unanswerable = ("unanswerable", u64::from(!is_answered));
        assert_eq!(counts.iq, u64::from(is_answered), "{sent}");
        assert!(counts.ignored_requests().any(|it| it == unanswerable), "{sent}");
    }
}

/// Lines of the log with these words, once somebody else has been answered.
#[track_caller]
fn lines(daemon: &mut Daemon, words: &str) -> Vec<String> {
    daemon.signal("TERM");
    assert!(daemon.ends().success());
    daemon.log.iter().filter(|line| line.contains(words)).cloned().collect()
}

#[test]
fn the_log_names_another_components_domain_and_global_routes_once() {
    let server = Server::start();
    let mut daemon = Daemon::start(&server);
    for _ in 0..2 {
        // On the next stream, too, it is known.
        let mut peer = server.online();
        for (name, attributes, content, _) in FOREIGN {
            peer.send(&stanza((name, attributes, content), "bot@other.example/r"));
        }
        peer.echoes("the first answer");
        peer.send("</stream:stream>");
        peer.until("</stream:stream>");
        peer.close();
    }
    let _peer = server.online();
    let lines = lines(&mut daemon, "another domain");
    let [line] = &lines[..] else { panic!("{lines:?}") };
    assert!(line.contains(" WARN ") && line.contains("domain=\"other.example\""), "{line}");
    assert!(line.contains("global_routes: false"), "{line}");
}

#[test]
fn the_log_tells_once_that_a_sender_has_used_up_its_allowance() {
    let server = Server::start();
    let mut daemon = Daemon::start_with(&server, &["--flood-burst", "100", "--flood-rate", "1"]);
    for _ in 0..2 {
        let mut peer = server.online();
        // Far more than the allowance, and than what comes back of it while this runs.
        for _ in 0..3 {
            peer.send(&format!("<message from='u@x' to='{COMPONENT}'>x</message>").repeat(200));
        }
        let ping = format!("<iq type='get' id='p' from='other@x' to='{COMPONENT}'>{PING}</iq>");
        peer.send(&ping);
        peer.until("</iq>");
        peer.send("</stream:stream>");
        peer.until("</stream:stream>");
        peer.close();
    }
    let _peer = server.online();
    let lines = lines(&mut daemon, "used up its allowance");
    let [line] = &lines[..] else { panic!("{lines:?}") };
    assert!(line.contains(" WARN ") && !line.contains("u@x"), "{line}");
}

//! What expat 2.6 and later hold back: a tag that came in two parts is not tried again until twice as
//! many bytes are there as the first part had. Behind each stanza there must be enough of them, or all
//! that follows lies in the server's parser.

mod support;

use std::io::Write;
use std::process::{Command, Stdio};

use support::{Component, LIMIT, tags};

const FROM: &str = "from='u@users.example/r1' to='bot@echo.example'";

/// Inputs whose answers have a long tag.
fn inputs() -> Vec<String> {
    let long = |length: usize| "A".repeat(length);
    let mut inputs = vec![];
    for length in [1, 200, 900, 1_448, 9_000, 100_000] {
        let name = long(length);
        inputs.extend([
            format!("<message {FROM} id='{name}'/>"),
            format!("<message {FROM} id='{name}'><body>hello</body></message>"),
            format!("<message {FROM}><body>hello</body><x a='{name}'/></message>"),
            format!("<message {FROM}><{name}>hello</{name}></message>"),
            format!("<message {FROM}><x xmlns='{name}'/></message>"),
            format!("<message {FROM} id='{name}'><body>&nbsp;</body></message>"),
        ]);
    }
    // Behind these tags the echo is shorter than the message.
    let replies = "<reply xmlns='urn:xmpp:reply:0' id='echo-1' to='u@users.example'/>".repeat(200);
    let receipts = "<received xmlns='urn:xmpp:receipts' id='echo-1'/>".repeat(500);
    for behind in [replies, receipts] {
        inputs.push(format!("<message {FROM} id='{}'>{behind}</message>", long(behind.len())));
    }
    // This tag is short until it names its sender.
    for length in [200, 1_000, 2_000] {
        let from = format!("from='{}@users.example/r1' to='bot@echo.example'", long(length));
        let reply = "<reply xmlns='urn:xmpp:reply:0' id='echo-1' to='bot@echo.example'/>";
        inputs.push(format!("<message {from}><body>{}</body>{reply}</message>", long(9_000)));
    }
    for length in [8_900, 8_940, 8_999] {
        let body = "b".repeat(length);
        inputs.push(format!("<message {FROM} id='{}'><body>{body}</body></message>", long(9_000)));
    }
    for length in [900, 8_000] {
        let name = long(length);
        inputs.extend([
            format!("<iq type='get' {FROM} id='{name}'><ping xmlns='urn:xmpp:ping'/></iq>"),
            format!(
                "<presence {FROM} id='{name}'><x xmlns='http://jabber.org/protocol/muc'/></presence>"
            ),
        ]);
    }
    inputs.extend(long_addresses());
    inputs
}

/// Stanzas from and to addresses of 3,071 bytes, the most that there may be (RFC 7622 §3.1).
fn long_addresses() -> Vec<String> {
    let [user, asked] = ["u@users.example/", "bot@echo.example/"]
        .map(|bare| format!("{bare}{}", "r".repeat(3_071 - bare.len())));
    let vcard = "<vCard xmlns='vcard-temp'/>";
    let mut stanzas = vec![];
    for (from, to) in [(&*user, "echo.example"), ("u@users.example/r", &*asked), (&user, &asked)] {
        let addresses = format!("from='{from}' to='{to}'");
        stanzas.extend([
            format!("<message {addresses} id='m1'><body>hello</body></message>"),
            format!("<message {addresses} id='m1'><body>&nbsp;</body></message>"),
            format!("<iq type='get' {addresses} id='1'>{vcard}</iq>"),
            format!("<iq type='set' {addresses} id='1'>{vcard}</iq>"),
            format!("<presence type='probe' {addresses}/>"),
            format!("<presence type='subscribe' {addresses}/>"),
        ]);
    }
    stanzas
}

/// All that goes out for `input`.
fn sent(component: &mut Component, input: &str) -> String {
    String::from_utf8(component.feed(input.as_bytes()).0).unwrap()
}

#[test]
fn a_long_tag_is_followed_by_as_many_bytes_as_it_has() {
    for input in inputs() {
        let sent = sent(&mut Component::mirroring_ids(), &input);
        assert!(!sent.is_empty(), "{}", &input[..80]);
        for (start, end) in tags(sent.as_bytes()) {
            let (tag, rest) = (end - start, sent.len() - end);
            // What is short is rarely cut, and blanks would only cost.
            assert!(tag < 256 || rest >= tag, "{tag} bytes, and {rest} behind it: {}", &sent[..80]);
        }
    }
}

#[test]
fn an_ordinary_message_has_nothing_behind_it() {
    let message =
        format!("<message {FROM} id='m1' type='chat' xml:lang='en'><body>x</body></message>");
    assert!(sent(&mut Component::new(), &message).ends_with("</message>"));
}

#[test]
fn behind_a_long_address_there_are_as_many_blanks_as_are_needed_and_no_more() {
    for length in [240, 1_000, 3_000] {
        let from = format!("u@users.example/{}", "r".repeat(length));
        let input =
            format!("<message from='{from}' to='bot@echo.example'><body>x</body></message>");
        let sent = sent(&mut Component::mirroring_ids(), &input);
        let (start, end) = tags(sent.as_bytes())[0];
        assert_eq!(sent.len() - end, end - start);
    }
}

#[test]
fn blanks_count_for_the_limit_since_prosody_counts_what_it_holds_back() {
    let answer = |tag: usize| {
        let message = format!("<message {FROM}><x a='{}'/></message>", "A".repeat(tag));
        sent(&mut Component::new(), &message)
    };
    assert!(answer(LIMIT / 2 - 300).ends_with(' '));
    assert!(answer(LIMIT / 2 + 200).contains("<policy-violation "));
}

/// All that these tests know of expat, held against expat itself. Debian's Python has that of its release.
#[test]
#[ignore = "needs expat 2.6 or later, as Debian 13 has it: tests/servers-13 runs it"]
fn a_real_expat_holds_nothing_back_wherever_it_is_cut() {
    let sent: Vec<_> =
        inputs().iter().map(|input| sent(&mut Component::mirroring_ids(), input)).collect();
    let mut python = Command::new("/usr/bin/python3");
    python.args(["-c", include_str!("held_back.py")]);
    let mut python = python.stdin(Stdio::piped()).spawn().expect("Debian's python3");
    python.stdin.take().unwrap().write_all(sent.join("\0").as_bytes()).unwrap();
    assert!(python.wait().unwrap().success());
}

//! Loops come to rest, and ordinary use is never limited.

use std::num::NonZeroU32;
use std::time::Duration;

use echo_component::component::address::Domain;
use echo_component::component::flood::Allowance;
use echo_component::component::ids::Ids;
use echo_component::component::outbox::Outbox;
use echo_component::component::requests::{Now, Responder};
use echo_component::component::{Echo, Settings};

/// A component with the default allowance, for which time passes as the test says.
struct Component {
    echo: Echo,
    output: Outbox,
    uptime: Duration,
}

impl Component {
    fn new(domain: &str) -> Self {
        let [burst, rate] = [10_000, 10].map(|it| NonZeroU32::new(it).unwrap());
        let responder = Responder::new("Echo", &[]);
        let domain = Domain::new(domain).unwrap();
        let echo = Echo::new(Settings {
            domain,
            max_stanza_size: 512 << 10,
            ids: Ids::Mirrored,
            allowance: Some(Allowance { burst, rate }),
            responder,
        });
        Self { echo, output: Outbox::default(), uptime: Duration::ZERO }
    }

    fn answer(&mut self, input: &str) -> String {
        let now = Now { utc: chrono::DateTime::UNIX_EPOCH, uptime: self.uptime };
        let (used, _) = self.echo.feed(input.as_bytes(), &mut self.output, now).unwrap();
        assert_eq!(used, input.len());
        let sent = String::from_utf8(self.output.pending().to_vec()).unwrap();
        self.output.wrote(sent.len());
        sent
    }
}

const FIRST: &str = "<message from='x@b.example' to='y@a.example'><body>hi</body></message>";

/// How many messages the component answers when `other` makes a message of each answer, that much
/// later.
fn rounds(later: Duration, mut other: impl FnMut(&str) -> String) -> usize {
    let mut component = Component::new("a.example");
    let mut message = FIRST.to_owned();
    for round in 0..100_000 {
        component.uptime += later;
        let answer = component.answer(&message);
        message = if answer.is_empty() { answer } else { other(&answer) };
        if message.is_empty() {
            return round;
        }
    }
    panic!("the loop goes on");
}

/// The other side of a loop, without its clock.
type Other = fn(&str) -> String;

const MIRROR: Other = |answer| {
    answer
        .replace("from='y@a.example'", "F")
        .replace("to='x@b.example'", "T")
        .replace('F', "from='x@b.example'")
        .replace('T', "to='y@a.example'")
};
const BOT: Other = |_| FIRST.to_owned();
const UNFIT_BOT: Other = |_| FIRST.replace("hi", "&nbsp;");

#[test]
fn two_components_facing_each_other_come_to_rest() {
    for later in [1, 10, 40].map(Duration::from_millis) {
        let mut other = Component::new("b.example");
        let rounds = rounds(2 * later, |answer| {
            other.uptime += 2 * later;
            other.answer(answer)
        });
        assert!((9_999..60_000).contains(&rounds), "{rounds} rounds of {later:?}");
    }
}

#[test]
fn a_mirror_that_answers_errors_too_comes_to_rest() {
    for later in [1, 10, 90].map(Duration::from_millis) {
        let rounds = rounds(later, MIRROR);
        assert!((9_999..100_000).contains(&rounds), "{rounds} rounds of {later:?}");
    }
}

#[test]
fn a_bot_that_answers_everything_with_a_new_message_comes_to_rest() {
    for bot in [BOT, UNFIT_BOT] {
        let rounds = rounds(Duration::from_millis(1), bot);
        assert!((9_999..20_000).contains(&rounds), "{rounds}");
    }
}

/// What cannot be told from somebody who writes now and then.
#[test]
fn a_loop_that_takes_longer_than_the_rate_allows_goes_on_at_its_own_pace() {
    let mut component = Component::new("a.example");
    for _ in 0..50_000 {
        component.uptime += Duration::from_millis(100);
        assert!(component.answer(FIRST).contains("<body>"));
    }
}

#[test]
fn the_sender_is_told_once() {
    let mut component = Component::new("a.example");
    let sent = component.answer(&FIRST.repeat(10_010));
    assert_eq!(sent.matches("<body>").count(), 10_000);
    assert_eq!(sent.matches("<resource-constraint ").count(), 1);
    assert!(sent.contains("<error type='wait'>"));
}

#[test]
fn ordinary_heavy_use_is_never_touched() {
    let mut component = Component::new("a.example");
    let sent = component.answer(&FIRST.repeat(9_999));
    assert_eq!(sent.matches("<body>").count(), 9_999);
    let other = FIRST.replace("x@b.example", "x@b.example/another-resource-of-the-same-one");
    assert!(component.answer(&other).contains("<body>"));
    assert!(component.answer(&other).contains("resource-constraint"), "counted by bare JID");
}

#[test]
fn requests_draw_on_the_senders_allowance_too() {
    let mut component = Component::new("a.example");
    let ping = "<iq type='get' id='1' from='x@b.example'><ping xmlns='urn:xmpp:ping'/></iq>";
    let answers: Vec<String> = (0..2_100).map(|_| component.answer(ping)).collect();
    let count = |word| answers.iter().filter(|answer| answer.contains(word)).count();
    // Each costs as much as five messages.
    assert_eq!((count("result"), count("resource-constraint")), (2_000, 1));
    assert_eq!(component.answer("<presence type='probe' from='x@b.example/r'/>"), "");
    let other = FIRST.replace("b.example", "c.example");
    assert_ne!(component.answer(&other), "", "others are not concerned");
}

/// A reply to the component is one to its sender in the echo, whose address may be much longer.
#[test]
fn a_message_counts_by_what_is_sent_back() {
    let mut component = Component::new("a.example");
    let reply = "<reply xmlns='urn:xmpp:reply:0' id='1' to='a.example'/>";
    let sender = format!("{}@b.example", "u".repeat(2_000));
    let message =
        format!("<message from='{sender}' to='a.example'>{}</message>", reply.repeat(100));
    let echo = component.answer(&message);
    assert!(echo.len() > 2 * message.len(), "{} of {}", echo.len(), message.len());
    let more = component.answer(&message.repeat(2_000));
    let echoes = 1 + more.matches("</message>").count() - more.matches("<error ").count();
    assert_eq!(echoes, 10_000 / echo.len().div_ceil(2_048));
}

#[test]
fn who_has_sent_too_much_is_known_on_the_next_stream() {
    let mut component = Component::new("a.example");
    component.answer(&FIRST.repeat(20_000));
    component.echo.start_stream(echo_component::component::notice::Detail::None);
    assert_eq!(component.answer(FIRST), "");
}

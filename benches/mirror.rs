//! How long the component takes for a stanza, without sockets.
//!
//! ```text
//! cargo run --release --package instructions                   all kinds, in nanoseconds
//! cargo run --release --package instructions -- small deep     these kinds
//! cargo run --release --package instructions -- --once small   one pass, as benches/instructions/check counts it
//! cargo run --release --package instructions -- --as-messages responder   as many bytes, but messages
//! ```

use std::hint::black_box;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use chrono::DateTime;
use echo_component::component::address::Domain;
use echo_component::component::flood::Allowance;
use echo_component::component::ids::Ids;
use echo_component::component::outbox::Outbox;
use echo_component::component::requests::{Now, Responder};
use echo_component::component::{Echo, Event, Settings};

/// How long each kind is repeated; the fastest pass counts, since others only slow it down.
const PATIENCE: Duration = Duration::from_secs(1);

/// A kind of input: its name, how many stanzas a pass has, and the stanza with a number.
type Kind = (&'static str, usize, fn(usize) -> String);

const KINDS: [Kind; 10] = [
    ("small", 256, |n| message(n, "")),
    ("rich", 256, |n| message(n, &extensions(n))),
    ("large", 4, |n| note(n, &"All is plain here. ".repeat(5_000))),
    // As long as that, in letters of two bytes, in emoji of four, and with a reference every 20 bytes.
    ("cyrillic", 4, |n| note(n, &"Съешь ещё этих мягких французских булок. ".repeat(1_270))),
    ("emoji", 4, |n| note(n, &"\u{1f600}\u{1f680}\u{1f44d}".repeat(7_920))),
    ("escaped", 4, |n| note(n, &"All is plain, &amp; ".repeat(4_750))),
    ("deep", 4, |n| message(n, &("<a>".repeat(10_000) + &"</a>".repeat(10_000)))),
    ("responder", 64, request),
    ("flat-request", 4, |n| iq(n, &format!("<a>{}</a>", "<a/>".repeat(2_400)))),
    (UNANSWERED, 64, presence),
];

/// Presence that nobody answers.
const UNANSWERED: &str = "presence";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let once = arguments.iter().any(|it| it == "--once");
    let as_messages = arguments.iter().any(|it| it == "--as-messages");
    let wanted: Vec<&String> = arguments.iter().filter(|it| !it.starts_with("--")).collect();
    for (name, count, stanza) in KINDS {
        if !wanted.is_empty() && !wanted.iter().any(|it| *it == name) {
            continue;
        }
        let stanzas = (0..count).map(stanza);
        let stanzas = stanzas.map(|it| if as_messages { as_message(&it) } else { it });
        let input: String = stanzas.collect();
        let mut bench = Bench::new();
        let sent = bench.warm_up(input.as_bytes());
        assert_eq!(
            sent > 0,
            as_messages || name != UNANSWERED,
            "{sent} bytes were sent for {name}"
        );
        if once {
            pass(&mut bench, input.as_bytes());
            println!("{count} stanzas");
        } else {
            let each = bench.fastest(input.as_bytes()).as_nanos() / count as u128;
            println!("{name:>10} {each:>8} ns a stanza of {} bytes", input.len() / count);
        }
    }
}

struct Bench {
    echo: Echo,
    output: Outbox,
    uptime: Duration,
}

impl Bench {
    fn new() -> Self {
        let domain = Domain::new("echo.localhost").expect("this is a domain");
        let responder = Responder::new("Echo", &[]);
        let of = |it| NonZeroU32::new(it).expect("this is not zero");
        let allowance = Allowance { burst: of(10_000), rate: of(10) };
        let echo = Echo::new(Settings {
            domain,
            max_stanza_size: 512 << 10,
            ids: Ids::Mirrored,
            allowance: Some(allowance),
            responder,
        });
        Self { echo, output: Outbox::default(), uptime: Duration::ZERO }
    }

    /// Lets buffers grow to what they need, and says how much is sent.
    fn warm_up(&mut self, input: &[u8]) -> usize {
        pass(self, input)
    }

    fn fastest(&mut self, input: &[u8]) -> Duration {
        let started = Instant::now();
        let mut fastest = Duration::MAX;
        while started.elapsed() < PATIENCE {
            let before = Instant::now();
            pass(self, input);
            fastest = fastest.min(before.elapsed());
        }
        fastest
    }
}

/// One read's worth of stanzas, through everything but the sockets. It is by this function's name
/// that instructions are counted.
#[inline(never)]
fn pass(bench: &mut Bench, input: &[u8]) -> usize {
    bench.uptime += Duration::from_secs(1_000); // All allowances are full again.
    let now = Now { utc: DateTime::UNIX_EPOCH, uptime: bench.uptime };
    let fed = bench.echo.feed(black_box(input), &mut bench.output, now);
    assert_eq!(fed, Ok((input.len(), Event::Hungry)));
    let sent = black_box(bench.output.pending()).len();
    bench.output.wrote(sent);
    sent
}

/// A message as servers pass them on, with a body of 80 bytes.
fn message(n: usize, more: &str) -> String {
    format!(
        "<message from='user{n:07}@example.org/phone' to='echo.localhost' type='chat' id='m{n:07}' \
         xml:lang='en'><body>No. {n:07}: The quick brown fox jumps over the lazy dog and runs back \
         home.</body>{more}</message>"
    )
}

/// A message with a long text.
fn note(n: usize, text: &str) -> String {
    message(n, &format!("<note>{text}</note>"))
}

/// What a chat client of today adds to a message (XEP-0184, 0333, 0085, 0359, 0461).
fn extensions(n: usize) -> String {
    format!(
        "<request xmlns='urn:xmpp:receipts'/><markable xmlns='urn:xmpp:chat-markers:0'/>\
         <active xmlns='http://jabber.org/protocol/chatstates'/>\
         <origin-id xmlns='urn:xmpp:sid:0' id='m{n:07}'/>\
         <reply xmlns='urn:xmpp:reply:0' to='echo.localhost' id='r{n:07}'/>"
    )
}

/// What servers and clients ask a component, in turn.
fn request(n: usize) -> String {
    let payload = [
        "<query xmlns='http://jabber.org/protocol/disco#info'/>",
        "<ping xmlns='urn:xmpp:ping'/>",
        "<query xmlns='jabber:iq:version'/>",
        "<unknown xmlns='urn:example:unknown'/>",
    ][n % 4];
    iq(n, payload)
}

fn iq(n: usize, payload: &str) -> String {
    format!(
        "<iq from='user{n:07}@example.org/phone' to='echo.localhost' type='get' id='q{n:07}'>\
         {payload}</iq>"
    )
}

/// Presence as a chat client sends it to all of its contacts.
fn presence(n: usize) -> String {
    format!(
        "<presence from='user{n:07}@example.org/phone' to='echo.localhost' id='p{n:07}'>\
         <show>away</show><status>Out for lunch</status><priority>5</priority>\
         <c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='https://client.example' \
         ver='QgayPKawpkPSDYmwT/WM94uAlu0='/><x xmlns='vcard-temp:x:update'>\
         <photo>01b87fcd030b72895ff8e88db57ec525450f000d</photo></x></presence>"
    )
}

/// The message that says the same as another stanza.
fn as_message(stanza: &str) -> String {
    let name = stanza[1..].split(' ').next().unwrap_or_default();
    let (begin, end) = (format!("<{name} "), format!("</{name}>"));
    stanza.replace(&begin, "<message ").replace(&end, "</message>")
}

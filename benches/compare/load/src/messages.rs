//! The messages that are sent: their kinds, and a ring of ready-made ones to send round and round.

use std::fmt::Write;
use std::ops::Range;

/// The component's JID, and the domain of all the senders.
pub const COMPONENT: &str = "echo.localhost";
const SENDERS: &str = "example.org";

/// What a message consists of.
#[derive(Clone, Copy)]
pub struct Shape {
    /// Bytes of text in the body.
    pub body: usize,
    /// Whether five extension elements follow the body.
    pub extensions: bool,
    /// How many nested elements follow the body.
    pub depth: usize,
}

/// A kind of message that is compared.
pub struct Kind {
    pub name: &'static str,
    pub what: &'static str,
    pub shape: Shape,
    /// How many different messages there are, each from a sender of its own.
    pub senders: usize,
    /// How many messages may be under way at once.
    pub window: u64,
}

/// Where the kinds stand in the table of kinds.
pub const SMALL: usize = 0;
pub const RICH: usize = 1;
pub const LARGE: usize = 2;

pub const KINDS: [Kind; 4] = [
    Kind {
        name: "small",
        what: "a body of 80 bytes",
        shape: Shape { body: 80, extensions: false, depth: 0 },
        senders: 2_000,
        window: 1_000,
    },
    Kind {
        name: "rich",
        what: "a body of 80 bytes and five extension elements",
        shape: Shape { body: 80, extensions: true, depth: 0 },
        senders: 2_000,
        window: 500,
    },
    Kind {
        name: "large",
        what: "a body of 100 kB",
        shape: Shape { body: 100_000, extensions: false, depth: 0 },
        senders: 32,
        window: 8,
    },
    Kind {
        name: "deep",
        what: "a body of 80 bytes and 10,000 nested elements",
        shape: Shape { body: 80, extensions: false, depth: 10_000 },
        senders: 32,
        window: 8,
    },
];

/// Where the parts of one message lie in the ring's bytes.
pub struct Message {
    pub whole: Range<usize>,
    pub from: Range<usize>,
    pub id: Range<usize>,
    pub body: Range<usize>,
}

/// Messages from different senders, one behind the other. There are more than may be under way
/// at once, so that an echo out of order cannot pass for the right one.
pub struct Ring {
    pub text: String,
    pub messages: Vec<Message>,
}

impl Ring {
    pub fn new(shape: Shape, senders: usize, window: u64) -> Self {
        let wanted = usize::try_from(2 * window).unwrap_or(senders).max(senders);
        // Every sender as often as any other.
        let count = wanted.next_multiple_of(senders);
        let mut ring = Self { text: String::new(), messages: Vec::with_capacity(count) };
        for n in 0..count {
            ring.push(shape, n, n % senders);
        }
        ring
    }

    fn push(&mut self, shape: Shape, n: usize, sender: usize) {
        let text = &mut self.text;
        let start = text.len();
        text.push_str("<message from='");
        let from = append(text, &format!("user{sender:07}@{SENDERS}/phone"));
        text.push_str("' to='");
        text.push_str(COMPONENT);
        text.push_str("' type='chat' id='");
        let id = append(text, &format!("m{n:07}"));
        text.push_str("' xml:lang='en'><body>");
        let body = append(text, &body(shape.body, n));
        text.push_str("</body>");
        if shape.extensions {
            extensions(text, n);
        }
        nest(text, shape.depth);
        text.push_str("</message>");
        self.messages.push(Message { whole: start..text.len(), from, id, body });
    }

    pub fn len(&self) -> u64 {
        self.messages.len() as u64
    }

    /// The `n`th message that is sent, counted from the start of the stream.
    pub fn nth(&self, n: u64) -> (usize, &Message) {
        let index = usize::try_from(n % self.len()).unwrap_or_default();
        (index, &self.messages[index])
    }

    /// The bytes of as many of the `count` messages from the `n`th on as lie in one piece.
    pub fn piece(&self, n: u64, count: u64) -> (&[u8], u64) {
        let count = count.min(self.len() - n % self.len());
        let (_, first) = self.nth(n);
        let (_, last) = self.nth(n + count - 1);
        (&self.text.as_bytes()[first.whole.start..last.whole.end], count)
    }
}

fn append(text: &mut String, part: &str) -> Range<usize> {
    let start = text.len();
    text.push_str(part);
    start..text.len()
}

/// Text that no other message has.
fn body(length: usize, n: usize) -> String {
    const PROSE: &str = "The quick brown fox jumps over the lazy dog and runs back home again. ";
    let mut body = format!("No. {n:07}: ");
    while body.len() < length {
        body.push_str(PROSE);
    }
    body.truncate(length);
    body
}

/// What a chat client of today adds to a message (XEP-0184, 0333, 0085, 0359, 0461).
fn extensions(text: &mut String, n: usize) {
    text.push_str("<request xmlns='urn:xmpp:receipts'/>");
    text.push_str("<markable xmlns='urn:xmpp:chat-markers:0'/>");
    text.push_str("<active xmlns='http://jabber.org/protocol/chatstates'/>");
    // Writing to a string cannot fail.
    let _ = write!(text, "<origin-id xmlns='urn:xmpp:sid:0' id='m{n:07}'/>");
    let _ = write!(text, "<reply xmlns='urn:xmpp:reply:0' to='{COMPONENT}' id='r{n:07}'/>");
}

fn nest(text: &mut String, depth: usize) {
    for level in 0..depth {
        text.push_str(if level == 0 { "<a xmlns='urn:example:deep'>" } else { "<a>" });
    }
    for _ in 0..depth {
        text.push_str("</a>");
    }
}

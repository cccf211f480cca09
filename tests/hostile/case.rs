//! One hostile input and what must come of it.

use std::fmt::Write;

use echo_component::xml::error::Fault;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// Who writes to the component.
pub const U: &str = "u@users.example/r1";

/// Whom they write to.
pub const BOT: &str = "bot@echo.example";

/// Bytes, and how often they are sent, one after the other: inputs of a hundred times the limit are
/// made as they are sent.
pub type Runs = Vec<(Vec<u8>, usize)>;

/// What must come of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is echoed, byte for byte as here.
    Echo(String),
    /// It is bounced with that condition.
    Bounce(&'static str),
    /// It is answered with stanzas that are described so, see [`describe`].
    Answer(&'static [&'static str]),
    /// Nothing is sent, and the stream lives.
    Silence,
    /// The component ends the stream, saying why.
    Ends(Fault),
    /// The server has ended the stream with that condition.
    Ended(&'static str),
}

impl Outcome {
    /// The column of the summary that this is counted in.
    pub fn column(&self) -> usize {
        match self {
            Self::Echo(_) => 0,
            Self::Bounce(_) => 1,
            Self::Answer(_) => 2,
            Self::Silence => 3,
            Self::Ends(_) => 4,
            Self::Ended(_) => 5,
        }
    }
}

/// An input and its outcome.
pub struct Case {
    pub name: String,
    pub input: Runs,
    pub outcome: Outcome,
}

impl Case {
    pub fn new(input: impl Into<Vec<u8>>, outcome: Outcome) -> Self {
        let input = input.into();
        let name = input.iter().take(160).copied().collect::<Vec<u8>>().escape_ascii().to_string();
        Self { name, input: vec![(input, 1)], outcome }
    }

    /// One that is made of `runs`, and needs a name.
    pub fn runs(name: &str, runs: &[(&str, usize)], outcome: Outcome) -> Self {
        let input = runs.iter().map(|(text, times)| (text.as_bytes().to_vec(), *times)).collect();
        Self { name: name.into(), input, outcome }
    }

    /// A message with these attributes and payload, which is echoed.
    pub fn echoed(attributes: &str, payload: &str) -> Self {
        Self::new(message(attributes, payload), Outcome::Echo(echo(attributes, payload)))
    }

    /// A message with these attributes and payload.
    pub fn message(attributes: &str, payload: &str, outcome: Outcome) -> Self {
        Self::new(message(attributes, payload), outcome)
    }

    /// A message with that payload, which may be no text.
    pub fn bytes(payload: &[u8], outcome: Outcome) -> Self {
        let (start, end) = (format!("<message from='{U}' to='{BOT}'>"), b"</message>");
        Self::new([start.as_bytes(), payload, end].concat(), outcome)
    }

    /// The input, in pieces as a socket gives them.
    pub fn pieces(&self) -> impl Iterator<Item = Vec<u8>> {
        const PIECE: usize = 64 << 10;
        self.input.iter().flat_map(|(bytes, times)| {
            let at_once = (PIECE / bytes.len().max(1)).clamp(1, *times);
            let (many, rest) = (times / at_once, times % at_once);
            let whole = std::iter::repeat_n(at_once, many).chain((rest > 0).then_some(rest));
            whole.flat_map(move |times| {
                bytes.repeat(times).chunks(PIECE).map(<[u8]>::to_vec).collect::<Vec<_>>()
            })
        })
    }

    /// The length of the input.
    pub fn len(&self) -> usize {
        self.input.iter().map(|(bytes, times)| bytes.len() * times).sum()
    }
}

/// A message from U to the bot.
pub fn message(attributes: &str, payload: &str) -> String {
    format!("<message from='{U}' to='{BOT}'{attributes}>{payload}</message>")
}

/// Its echo.
pub fn echo(attributes: &str, payload: &str) -> String {
    format!("<message from='{BOT}' to='{U}'{attributes}>{payload}</message>")
}

/// Says of each stanza in `sent` its name, its type, and of an error its condition: such as
/// `iq error bad-request`.
///
/// # Panics
/// If it is not whole stanzas with addresses, from ours.
pub fn describe(sent: &str) -> Vec<String> {
    let mut reader = Reader::from_str(sent);
    let (mut depth, mut seen, mut in_error) = (0, Vec::<String>::new(), false);
    loop {
        let (tag, opens) = match reader.read_event().unwrap_or_else(|why| panic!("{why}: {sent}")) {
            Event::Start(tag) => (tag, true),
            Event::Empty(tag) => (tag, false),
            Event::End(_) => {
                depth -= 1;
                continue;
            }
            Event::Eof => break,
            _ => {
                assert!(depth > 0, "text between stanzas: {sent}");
                continue;
            }
        };
        let name = tag.name().as_ref().to_owned();
        match depth {
            0 => {
                in_error = attribute(&tag, "type").as_deref() == Some("error");
                seen.push(stanza(&tag, &name));
            }
            2 if in_error => {
                write!(seen.last_mut().unwrap(), " {name}").unwrap();
                in_error = false;
            }
            _ => {}
        }
        depth += i32::from(opens);
    }
    assert_eq!(depth, 0, "half a stanza: {sent}");
    seen
}

fn stanza(tag: &BytesStart, name: &str) -> String {
    let (from, to) = (attribute(tag, "from").unwrap(), attribute(tag, "to").unwrap());
    assert!(from.to_lowercase().contains("echo.example"), "from {from}");
    assert!(!to.to_lowercase().contains("echo.example"), "to {to}");
    attribute(tag, "type").map_or(name.to_owned(), |kind| format!("{name} {kind}"))
}

fn attribute(tag: &BytesStart, name: &str) -> Option<String> {
    let attribute = tag.try_get_attribute(name).unwrap()?;
    Some(attribute.value.into_owned())
}

//! Stream errors from the server, read for people (RFC 6120 §4.9).
//!
//! Not by xmpp-parsers' type, since servers use conditions of their own: jabberd2 says
//! `xml-not-well-formed`.

use std::fmt;

use minidom::Element;
use xmpp_parsers::ns;

/// A stream error, in the server's own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamError {
    /// The name of the condition, such as `host-unknown`.
    pub condition: String,
    /// What the server adds for people to read.
    pub text: Option<String>,
}

impl StreamError {
    /// Reads what stands within `<stream:error>`.
    pub fn read(payload: &[u8]) -> Self {
        let mut document =
            format!("<error xmlns='{0}' xmlns:stream='{0}'>", ns::STREAM).into_bytes();
        document.extend_from_slice(payload);
        document.extend_from_slice(b"</error>");
        match Element::from_reader(&document[..]) {
            Ok(error) => Self::from(&error),
            Err(_) => Self { condition: "undefined-condition".into(), text: None },
        }
    }

    /// Whether the component's JID is one that the server keeps for itself. ejabberd tells that from
    /// a component that is already connected by its text alone.
    pub fn is_servers_own_domain(&self) -> bool {
        let own = |text: &String| text.contains("local domain");
        self.condition == "conflict" && self.text.as_ref().is_some_and(own)
    }

    /// Whether `element` is a stream error.
    pub fn is(element: &Element) -> bool {
        element.is("error", ns::STREAM)
    }
}

impl From<&Element> for StreamError {
    fn from(error: &Element) -> Self {
        let of_streams = || error.children().filter(|child| child.has_ns(ns::XMPP_STREAMS));
        let condition = of_streams().find(|child| child.name() != "text");
        let text = of_streams().find(|child| child.name() == "text").map(Element::text);
        Self {
            condition: condition.map_or("undefined-condition", Element::name).to_owned(),
            text: text.filter(|text| !text.is_empty()),
        }
    }
}

/// Without control characters, since this goes to logs and terminals.
impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        printable(f, &self.condition)?;
        if let Some(text) = &self.text {
            f.write_str(" (")?;
            printable(f, text)?;
            f.write_str(")")?;
        }
        Ok(())
    }
}

/// A peer's words: escaped where they are not plain text, and no longer than a line of a log bears.
///
/// # Errors
/// If they cannot be written.
pub fn printable(f: &mut fmt::Formatter, words: &str) -> fmt::Result {
    words.chars().take(300).try_for_each(|c| match c {
        '\'' | '"' => write!(f, "{c}"),
        _ => write!(f, "{}", c.escape_debug()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_own_words_are_kept() {
        const STREAMS: &str = "urn:ietf:params:xml:ns:xmpp-streams";
        for (payload, said) in [
            (format!("<conflict xmlns='{STREAMS}'/>"), "conflict"),
            (
                format!(
                    "<text xmlns='{STREAMS}'>Idle \u{1b}[31m\nnow</text><reset xmlns='{STREAMS}'/>"
                ),
                "undefined-condition",
            ),
            (
                format!("<reset xmlns='{STREAMS}'/><text xmlns='{STREAMS}'>a\nb\u{202e}</text>"),
                "reset (a\\nb\\u{202e})",
            ),
            (format!("<x xmlns='{STREAMS}'/><app xmlns='urn:x'/>"), "x"),
            (String::new(), "undefined-condition"),
            ("<broken".into(), "undefined-condition"),
        ] {
            assert_eq!(StreamError::read(payload.as_bytes()).to_string(), said, "{payload}");
        }
    }
}

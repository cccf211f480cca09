//! A log line as a JSON object that any terminal can show: what strangers write in an id or an address does
//! nothing to it.

use std::fmt;

use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::registry::LookupSpan;

/// Lines of JSON in which characters that are not to be seen are escaped. JSON itself asks for that below
/// U+0020 alone (RFC 8259 §7), and U+009B begins a command to a terminal as ESC does (ECMA-48 §5.3).
pub struct Escaped<F>(pub F);

impl<S, N, F> FormatEvent<S, N> for Escaped<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = String::new();
        self.0.format_event(context, Writer::new(&mut line), event)?;
        // Such a character can only be in a string.
        line.chars().try_for_each(|c| {
            if is_plain(c) { writer.write_char(c) } else { escape(&mut writer, c) }
        })
    }
}

fn is_plain(c: char) -> bool {
    matches!(c, ' '..='~' | '\n') || !c.is_ascii() && c.escape_debug().len() == 1
}

fn escape(writer: &mut Writer<'_>, c: char) -> fmt::Result {
    c.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write!(writer, "\\u{unit:04x}"))
}

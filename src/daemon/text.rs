//! A log line to read: what has happened comes first, the connection that it is about comes last.

use std::fmt;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// How a line looks.
pub struct Text {
    /// Whether it begins with time and level, which the journal has by itself.
    pub is_dated: bool,
}

impl<S, N> FormatEvent<S, N> for Text
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        if self.is_dated {
            begin(&mut writer, *event.metadata().level())?;
        }
        context.format_fields(writer.by_ref(), event)?;
        for span in context.event_scope().into_iter().flatten() {
            if let Some(fields) = span.extensions().get::<FormattedFields<N>>() {
                write!(writer, " {fields}")?;
            }
        }
        writeln!(writer)
    }
}

/// Time and level, coloured where that is wanted (ECMA-48 §8.3.117).
fn begin(writer: &mut Writer<'_>, level: Level) -> fmt::Result {
    let colour = match level {
        Level::ERROR => 31,
        Level::WARN => 33,
        Level::INFO => 32,
        Level::DEBUG => 34,
        Level::TRACE => 35,
    };
    let coloured = writer.has_ansi_escapes();
    let paint = |code| if coloured { format!("\u{1b}[{code}m") } else { String::new() };
    write!(writer, "{}", paint(2))?;
    SystemTime.format_time(writer)?;
    write!(writer, "{} {}{level:>5}{} ", paint(0), paint(colour), paint(0))
}

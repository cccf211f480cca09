//! Where log lines go, which of them, and how they look; also what is said of a panic.
//!
//! Nothing here may wait for whoever reads the log.

use std::env::VarError;
use std::fmt;
use std::io::{self, IsTerminal, Write, stderr};
use std::os::unix::fs::MetadataExt;
use std::panic::{self, PanicHookInfo};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber, error};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::{Format, FormatEvent, FormatFields, JsonFields, Writer};
use tracing_subscriber::fmt::{FmtContext, layer};
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry::LookupSpan;

use crate::daemon::json::Escaped;
use crate::daemon::lines::Lines;
use crate::daemon::text::Text;

/// How long the end of the program may wait for the last lines to be read.
const LAST_LINES: Duration = Duration::from_secs(1);

/// The log. Its last lines are written when it is dropped.
pub struct Log {
    lines: Lines,
    is_journal: bool,
    /// Whether each line is an object by now.
    is_json: bool,
}

impl Log {
    /// A log that takes what is said before and after there are log lines.
    ///
    /// # Errors
    /// If the thread that writes cannot be started.
    pub fn open() -> io::Result<Self> {
        Ok(Self { lines: Lines::open()?, is_journal: is_journal(), is_json: false })
    }

    /// Starts log lines, in JSON if so asked. `asked` comes before `RUST_LOG`.
    ///
    /// # Errors
    /// If `RUST_LOG` is no filter, or one that would hide errors.
    pub fn start(&mut self, asked: Option<LevelFilter>, json: bool) -> Result<()> {
        let filter = filter(asked)?;
        let lines = self.lines.clone();
        let to_queue = layer().with_writer(move || lines.clone());
        let on = self.is_journal;
        let lines = if json {
            let inner = Format::default().with_target(false).json();
            let inner = inner.flatten_event(true).with_span_list(false);
            let format = Prefixed { inner: Escaped(inner), on };
            to_queue.fmt_fields(JsonFields::new()).event_format(format).boxed()
        } else {
            let format = Prefixed { inner: Text { is_dated: !on }, on };
            to_queue.with_ansi(!on && has_colours()).event_format(format).boxed()
        };
        tracing_subscriber::registry().with(lines.with_filter(filter)).init();
        panic::set_hook(Box::new(tell_where));
        self.is_json = json;
        Ok(())
    }

    /// Says why the program ends, whether there are log lines by now or not.
    pub fn fatal(&mut self, why: &anyhow::Error) {
        if self.is_json {
            return error!("{why:#}");
        }
        let prefix = if self.is_journal { "<3>" } else { "echo-component: " };
        // The queue takes everything.
        let _ = self.lines.write_all(format!("{prefix}{why:#}\n").as_bytes());
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.lines.flush_within(LAST_LINES);
    }
}

/// What is to be logged.
fn filter(asked: Option<LevelFilter>) -> Result<Targets> {
    Ok(match (asked, std::env::var("RUST_LOG")) {
        (Some(level), _) => Targets::new().with_default(level),
        (None, Ok(filter)) if !filter.is_empty() => parsed(&filter)?,
        (None, Err(VarError::NotUnicode(_))) => bail!("RUST_LOG is not UTF-8 text"),
        _ => Targets::new().with_default(LevelFilter::INFO),
    })
}

fn parsed(filter: &str) -> Result<Targets> {
    let targets: Targets = filter
        .parse()
        .with_context(|| format!("RUST_LOG={filter:?} is not a filter such as debug"))?;
    // A level with a typo in it is taken for the name of a module.
    ensure!(
        targets.would_enable("echo_component", &Level::ERROR),
        "RUST_LOG={filter:?} would hide even errors: give error, warn, info, debug or trace, or \
         begin with one of them, as in info,hyper=debug"
    );
    Ok(targets)
}

/// Whether lines may be coloured: on a terminal that can, unless the user does not want it
/// (no-color.org).
fn has_colours() -> bool {
    let is = |name, unwanted: fn(&str) -> bool| std::env::var(name).is_ok_and(|it| unwanted(&it));
    let unwanted = is("NO_COLOR", |value| !value.is_empty()) || is("TERM", |term| term == "dumb");
    stderr().is_terminal() && !unwanted
}

/// A panic's own words may quote what was being worked on, such as a message, so only its place is
/// told.
fn tell_where(panic: &PanicHookInfo) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    error!("there is a fault in the program at {place}: please report this");
}

/// Lines for the journal, which reads the level from a prefix (sd-daemon(3)).
struct Prefixed<F> {
    inner: F,
    on: bool,
}

impl<S, N, F> FormatEvent<S, N> for Prefixed<F>
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
        let priority = match *event.metadata().level() {
            Level::ERROR => 3,
            Level::WARN => 4,
            Level::INFO => 6,
            _ => 7,
        };
        if self.on {
            write!(writer, "<{priority}>")?;
        }
        self.inner.format_event(context, writer, event)
    }
}

/// Whether standard error is what systemd connected to its journal (systemd.exec(5)).
fn is_journal() -> bool {
    let Ok(stderr) = std::fs::metadata("/dev/stderr") else {
        return false;
    };
    let stream = format!("{}:{}", stderr.dev(), stderr.ino());
    std::env::var("JOURNAL_STREAM").is_ok_and(|journal| journal == stream)
}

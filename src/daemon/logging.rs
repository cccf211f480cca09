//! Where log lines go, which of them, and how they look; also what is said of a panic.

use std::env::VarError;
use std::fmt;
use std::io::{IsTerminal, Write, stderr};
use std::os::linux::fs::MetadataExt;
use std::panic::{self, PanicHookInfo};

use anyhow::{Context, Result, bail, ensure};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber, error};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::{Format, FormatEvent, FormatFields, Full, Writer};
use tracing_subscriber::fmt::{FmtContext, layer};
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry::LookupSpan;

/// Sets up logging to standard error. `asked` comes before `RUST_LOG`.
///
/// # Errors
/// If `RUST_LOG` is no filter, or one that would hide errors.
pub fn start(asked: Option<LevelFilter>) -> Result<()> {
    let filter = match (asked, std::env::var("RUST_LOG")) {
        (Some(level), _) => Targets::new().with_default(level),
        (None, Ok(filter)) if !filter.is_empty() => parsed(&filter)?,
        (None, Err(VarError::NotUnicode(_))) => bail!("RUST_LOG is not UTF-8 text"),
        _ => Targets::new().with_default(LevelFilter::INFO),
    };
    let lines = layer().with_writer(stderr);
    let format = Format::default().with_target(false);
    if is_journal() {
        let lines = lines.event_format(Journal(format.without_time().with_level(false)));
        tracing_subscriber::registry().with(lines.with_ansi(false).with_filter(filter)).init();
    } else {
        let lines = lines.event_format(format).with_ansi(stderr().is_terminal());
        tracing_subscriber::registry().with(lines.with_filter(filter)).init();
    }
    panic::set_hook(Box::new(tell_where));
    Ok(())
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

/// Says why the program ends, whether there is a log by now or not.
pub fn fatal(why: &anyhow::Error) {
    let prefix = if is_journal() { "<3>" } else { "echo-component: " };
    // Nobody is there to be told that standard error is closed.
    let _ = writeln!(stderr(), "{prefix}{why:#}");
}

/// A panic's own words may quote what was being worked on, such as a message, so only its place is
/// told.
fn tell_where(panic: &PanicHookInfo) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    error!("there is a fault in the program at {place}: please report this");
}

/// Lines for the journal, which keeps the time itself and reads the level from a prefix
/// (sd-daemon(3)).
struct Journal(Format<Full, ()>);

impl<S, N> FormatEvent<S, N> for Journal
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
        let priority = match *event.metadata().level() {
            Level::ERROR => 3,
            Level::WARN => 4,
            Level::INFO => 6,
            _ => 7,
        };
        write!(writer, "<{priority}>")?;
        self.0.format_event(context, writer, event)
    }
}

/// Whether standard error is what systemd connected to its journal (systemd.exec(5)).
fn is_journal() -> bool {
    let Ok(stderr) = std::fs::metadata("/dev/stderr") else {
        return false;
    };
    let stream = format!("{}:{}", stderr.st_dev(), stderr.st_ino());
    std::env::var("JOURNAL_STREAM").is_ok_and(|journal| journal == stream)
}

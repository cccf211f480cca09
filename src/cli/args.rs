//! The command line's definition, from which help, man page and completions are made too.
//!
//! It says what may be given and in which form; what the values mean is checked in `config`.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{ArgAction, Parser, ValueEnum, ValueHint};

use crate::cli::pages::after_help;
use crate::net::secret::Secret;

/// XMPP component that echoes messages back to their senders.
///
/// It joins an XMPP server as an external component (XEP-0114) and sends every message back to
/// whoever sent it.
///
/// Each option can also be set by the variable shown with it. If both are given, the option counts.
/// The secret is taken from the first of these that is there: --secret-file, systemd's credential
/// "secret", --secret or its variable. What is missing is asked for on a terminal.
#[derive(Debug, Parser)]
#[expect(clippy::struct_excessive_bools, reason = "a switch of a command line is a bool")]
#[command(version = env!("ECHO_COMPONENT_BUILD_VERSION"), max_term_width = 100)]
#[command(disable_help_flag = true, disable_version_flag = true, after_help = after_help())]
#[command(
    override_usage = "echo-component --jid DOMAIN --server HOST [--secret-file FILE] [OPTIONS]
       echo-component --check [OPTIONS]"
)]
#[command(next_help_heading = "Connection")]
pub struct Args {
    /// The component's JID, a domain such as echo.example.com
    #[arg(short, long, env = "ECHO_COMPONENT_JID", value_name = "DOMAIN")]
    #[arg(value_hint = ValueHint::Other)]
    pub jid: Option<String>,

    /// The XMPP server to connect to: a host name, IPv4 or IPv6 address
    #[arg(short, long, env = "ECHO_COMPONENT_SERVER", value_name = "HOST")]
    #[arg(value_hint = ValueHint::Hostname)]
    pub server: Option<String>,

    /// The server's port for components
    #[arg(short = 'P', long, env = "ECHO_COMPONENT_PORT", value_name = "PORT")]
    #[arg(default_value_t = 5347, value_parser = port, value_hint = ValueHint::Other)]
    #[arg(allow_negative_numbers = true)]
    pub port: u16,

    /// Ping the server after so many seconds without a sign of life from it; 0 = never
    #[arg(long, env = "ECHO_COMPONENT_PING_INTERVAL", value_name = "SECONDS")]
    #[arg(default_value_t = 25, value_parser = seconds, value_hint = ValueHint::Other)]
    #[arg(allow_negative_numbers = true)]
    pub ping_interval: u32,

    /// File containing only the secret that is shared with the server
    #[arg(long, env = "ECHO_COMPONENT_SECRET_FILE", value_name = "FILE")]
    #[arg(help_heading = "Secret", value_hint = ValueHint::FilePath)]
    pub secret_file: Option<PathBuf>,

    /// The secret itself. Visible to every local user in `ps`; prefer --secret-file
    #[arg(short = 'p', long, env = "ECHO_COMPONENT_SECRET", value_name = "SECRET")]
    #[arg(help_heading = "Secret", value_hint = ValueHint::Other, allow_hyphen_values = true)]
    pub secret: Option<Secret>,

    /// Connect with TLS from the first byte, checking the server's certificate against --server
    #[arg(long, env = "ECHO_COMPONENT_TLS", help_heading = "TLS", value_parser = switch)]
    pub tls: bool,

    /// The authorities to trust, a PEM file, instead of the system's
    #[arg(long, env = "ECHO_COMPONENT_TLS_CA", value_name = "FILE")]
    #[arg(help_heading = "TLS", value_hint = ValueHint::FilePath)]
    pub tls_ca: Option<PathBuf>,

    /// The largest stanza to send; an echo over it is bounced. Prosody accepts 524288
    #[arg(long, env = "ECHO_COMPONENT_MAX_STANZA_SIZE", value_name = "BYTES")]
    #[arg(default_value_t = 512 << 10, value_parser = stanza_size, allow_negative_numbers = true)]
    #[arg(help_heading = "Limits", value_hint = ValueHint::Other)]
    pub max_stanza_size: u32,

    /// Units one sender (bare JID) may use in a burst: an echo takes 1 per 2 KiB begun, a presence or
    /// IQ request 5 times that; 0 = no limit
    #[arg(long, env = "ECHO_COMPONENT_FLOOD_BURST", value_name = "UNITS")]
    #[arg(default_value_t = 10_000, value_parser = burst, allow_negative_numbers = true)]
    #[arg(help_heading = "Limits", value_hint = ValueHint::Other)]
    pub flood_burst: u32,

    /// Units that each sender gets back per second
    #[arg(long, env = "ECHO_COMPONENT_FLOOD_RATE", value_name = "UNITS")]
    #[arg(default_value = "10", value_parser = rate, allow_negative_numbers = true)]
    #[arg(help_heading = "Limits", value_hint = ValueHint::Other)]
    pub flood_rate: NonZeroU32,

    /// What service discovery and vCard call the component
    #[arg(long, env = "ECHO_COMPONENT_NAME", value_name = "NAME", default_value = "Echo")]
    #[arg(help_heading = "Identity", value_hint = ValueHint::Other)]
    pub name: String,

    /// Where its admins can be reached, as a URI such as mailto:admin@example.com or
    /// xmpp:admin@example.com (XEP-0157). May be repeated; in the variable separated by blanks
    #[arg(long, env = "ECHO_COMPONENT_CONTACT", value_name = "URI", value_delimiter = ' ')]
    #[arg(help_heading = "Identity", value_hint = ValueHint::Other)]
    pub contact: Vec<String>,

    /// Keep ids in echoes as they were, for programs that match answers by id. Chat programs then hide
    /// the echo
    #[arg(long, env = "ECHO_COMPONENT_KEEP_IDS", value_parser = switch)]
    #[arg(help_heading = "Operation")]
    pub keep_ids: bool,

    /// Serve Prometheus metrics at /metrics, and /livez, /readyz and /healthz, on this IP address
    /// and port, such as 127.0.0.1:9469
    #[arg(long, env = "ECHO_COMPONENT_METRICS", value_name = "ADDRESS", value_parser = address)]
    #[arg(help_heading = "Operation", value_hint = ValueHint::Other)]
    pub metrics: Option<SocketAddr>,

    /// How log lines look: text, or json, which is an object a line
    #[arg(long, env = "ECHO_COMPONENT_LOG_FORMAT", value_name = "FORMAT", value_enum)]
    #[arg(help_heading = "Operation", default_value_t = LogFormat::Text)]
    #[arg(hide_possible_values = true)]
    pub log_format: LogFormat,

    /// Log only what needs attention
    #[arg(short, long, env = "ECHO_COMPONENT_QUIET", value_parser = switch)]
    #[arg(help_heading = "Operation")]
    pub quiet: bool,

    /// Log more: also each stanza that gets no echo, with the reason; -vv: each echo too (RUST_LOG is
    /// honoured if neither -q nor -v is given)
    #[arg(short, long, env = "ECHO_COMPONENT_VERBOSE", action = ArgAction::Count)]
    #[arg(help_heading = "Operation", value_parser = verbosity)]
    pub verbose: u8,

    /// Log in, ping once, print one line with the result, and exit
    #[arg(long, help_heading = "Operation")]
    pub check: bool,

    /// Ask the daemon that runs with these settings, at its --metrics address, whether it is online,
    /// and exit
    #[arg(long, help_heading = "Operation", conflicts_with = "check")]
    pub healthy: bool,

    /// Print the man page (man), or the completions for bash, zsh or fish, and exit
    #[arg(long, value_name = "PAGE", value_enum, help_heading = "Operation")]
    #[arg(hide_possible_values = true)]
    pub print: Option<Page>,

    /// Print this help (-h: in short)
    #[arg(short, long, action = ArgAction::Help, help_heading = "Operation")]
    pub help: Option<bool>,

    /// Print version and commit
    #[arg(short = 'V', long, action = ArgAction::Version, help_heading = "Operation")]
    pub version: Option<bool>,

    /// Whether the secret is on the command line, where others can see it.
    #[arg(skip)]
    pub shows_secret: bool,

    /// What was passed over in the environment; sentences for the log.
    #[arg(skip)]
    pub passed_over: Vec<String>,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// A line to read
    Text,
    /// A JSON object a line
    Json,
}

/// What `--print` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Page {
    /// echo-component(1), for man
    Man,
    /// Completions for bash
    Bash,
    /// Completions for zsh
    Zsh,
    /// Completions for fish
    Fish,
}

// The values of options, or what to give instead.

fn port(value: &str) -> Result<u16, &'static str> {
    let port = value.parse().ok().filter(|port| *port > 0);
    port.ok_or("give a number from 1 to 65535")
}

fn stanza_size(value: &str) -> Result<u32, &'static str> {
    let size = value.parse().ok().filter(|size| (10_000..=16 << 20).contains(size));
    size.ok_or("give a number of bytes from 10000 to 16777216")
}

fn burst(value: &str) -> Result<u32, &'static str> {
    value.parse().map_err(|_| "give a number of units from 0 to 4294967295; 0 turns the limit off")
}

fn rate(value: &str) -> Result<NonZeroU32, &'static str> {
    value.parse().map_err(
        |_| "give a number of units from 1 to 4294967295; --flood-burst 0 turns the limit off",
    )
}

fn seconds(value: &str) -> Result<u32, &'static str> {
    value.parse().map_err(|_| "give a number of seconds from 0 to 4294967295; 0 turns pings off")
}

fn address(value: &str) -> Result<SocketAddr, &'static str> {
    value.parse().map_err(|_| "give an IP address and port, such as 127.0.0.1:9469")
}

/// Yes or no, in the words that variables use, in any case.
fn switch(value: &str) -> Result<bool, &'static str> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "y" | "t" | "1" => Ok(true),
        "false" | "no" | "off" | "n" | "f" | "0" => Ok(false),
        _ => Err("give true or false"),
    }
}

/// `--verbose` counts, but a variable may just say yes.
fn verbosity(value: &str) -> Result<u8, &'static str> {
    let count = value.parse().ok().filter(|count| *count <= 2);
    count.or_else(|| switch(value).ok().map(u8::from)).ok_or("give 0, 1 or 2")
}

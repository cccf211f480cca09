//! The command line, as clap reads it. What the values mean is checked in `config`.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgAction, Command, CommandFactory, FromArgMatches, Parser};

/// Joins an XMPP server as an external component (XEP-0114) and sends every message back to whoever
/// sent it.
///
/// The secret is taken from --secret-file, else from systemd's credential named "secret", else from
/// --secret or ECHO_COMPONENT_SECRET. On a terminal, what is missing is asked for.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
#[command(
    after_help = "Exit codes: 0 stopped as asked, 64 wrong usage, 69 --check failed or the address of \
    --metrics is taken or not there, 70 or 101 it could not do its work or has a fault, 77 refused by \
    the server (secret or JID), 78 wrong configuration"
)]
pub struct Args {
    /// The component's JID, a domain such as echo.example.com
    #[arg(short, long, env = "ECHO_COMPONENT_JID", value_name = "DOMAIN")]
    pub jid: Option<String>,

    /// The XMPP server to connect to: a host name, IPv4 or IPv6 address
    #[arg(short, long, env = "ECHO_COMPONENT_SERVER", value_name = "HOST")]
    pub server: Option<String>,

    /// The server's port for components
    #[arg(short = 'P', long, env = "ECHO_COMPONENT_PORT", value_name = "PORT")]
    #[arg(default_value_t = 5347, value_parser = port)]
    pub port: u16,

    /// The secret shared with the server. Everyone on this machine can read it with ps: better use
    /// --secret-file
    #[arg(short = 'p', long, env = "ECHO_COMPONENT_SECRET", value_name = "SECRET")]
    #[arg(hide_env_values = true, allow_hyphen_values = true)]
    pub secret: Option<Secret>,

    /// Connect with TLS, checking the server's certificate against --server
    #[arg(long, env = "ECHO_COMPONENT_TLS", value_parser = BoolishValueParser::new())]
    pub tls: bool,

    /// The authorities to trust, a PEM file, instead of the system's
    #[arg(long, env = "ECHO_COMPONENT_TLS_CA", value_name = "FILE")]
    pub tls_ca: Option<PathBuf>,

    /// A file that holds the secret on a line of its own
    #[arg(long, env = "ECHO_COMPONENT_SECRET_FILE", value_name = "FILE")]
    pub secret_file: Option<PathBuf>,

    /// The largest stanza to send, in bytes; an echo over it is bounced. Prosody accepts 524288
    #[arg(long, env = "ECHO_COMPONENT_MAX_STANZA_SIZE", value_name = "BYTES")]
    #[arg(default_value_t = 512 << 10, value_parser = stanza_size)]
    pub max_stanza_size: u32,

    /// How many messages a sender may have echoed at once; 0 for any number
    #[arg(long, env = "ECHO_COMPONENT_FLOOD_BURST", value_name = "MESSAGES")]
    #[arg(default_value_t = 10_000, value_parser = burst)]
    pub flood_burst: u32,

    /// How many messages a second a sender may have echoed after that
    #[arg(long, env = "ECHO_COMPONENT_FLOOD_RATE", value_name = "MESSAGES")]
    #[arg(default_value = "10", value_parser = rate)]
    pub flood_rate: NonZeroU32,

    /// What service discovery and vCard call the component
    #[arg(long, env = "ECHO_COMPONENT_NAME", value_name = "NAME", default_value = "Echo")]
    pub name: String,

    /// Where its admins can be reached, as a URI such as mailto:admin@example.com or
    /// xmpp:admin@example.com (XEP-0157). May be repeated; in the environment separated by blanks
    #[arg(long, env = "ECHO_COMPONENT_CONTACT", value_name = "URI", value_delimiter = ' ')]
    pub contact: Vec<String>,

    /// Serve Prometheus figures at /metrics, and /healthz, on this address
    #[arg(long, env = "ECHO_COMPONENT_METRICS", value_name = "ADDR:PORT")]
    #[arg(value_parser = address)]
    pub metrics: Option<SocketAddr>,

    /// Connect, authenticate and ping once, say how that went, and exit
    #[arg(long)]
    pub check: bool,

    /// Log only what needs attention
    #[arg(short, long, env = "ECHO_COMPONENT_QUIET", value_parser = BoolishValueParser::new())]
    pub quiet: bool,

    /// Log more: also that something is not answered, and why. RUST_LOG works too
    #[arg(short, long, env = "ECHO_COMPONENT_VERBOSE", action = ArgAction::Count)]
    #[arg(value_parser = verbosity)]
    pub verbose: u8,
}

impl Args {
    /// Reads the command line and the environment. An empty variable counts as none, since settings
    /// files list variables without a value.
    ///
    /// # Errors
    /// What to tell the user instead.
    pub fn read() -> Result<Self, Unread> {
        let command =
            Self::command().mut_args(|option| match option.get_env().and_then(std::env::var_os) {
                Some(value) if value.is_empty() => option.env(None),
                _ => option,
            });
        Self::parse_as(command).map_err(|error| match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Unread::Asked(error),
            _ => match Self::parse_as(Self::command().mut_args(|option| option.env(None))) {
                Ok(_) => Unread::Variable(named_by_variables(&error)),
                Err(_) => Unread::Usage(sentence(&error)),
            },
        })
    }

    fn parse_as(mut command: Command) -> Result<Self, clap::Error> {
        let matches = command.try_get_matches_from_mut(std::env::args_os())?;
        let args = Self::from_arg_matches(&matches)?;
        let is_given = |option| {
            matches.value_source(option).is_some_and(|source| source != ValueSource::DefaultValue)
        };
        // To clap an option that a variable sets to false is used, so it cannot judge these two.
        let why = if args.quiet && args.verbose > 0 {
            "'--quiet' cannot be used with '--verbose...'"
        } else if args.tls_ca.is_some() && !is_given("tls") {
            "'--tls-ca <FILE>' is of no use without '--tls'"
        } else {
            return Ok(args);
        };
        Err(command.error(ErrorKind::ArgumentConflict, why))
    }
}

/// Why there are no [`Args`].
#[derive(Debug)]
pub enum Unread {
    /// Help or the version was asked for.
    Asked(clap::Error),
    /// The command line is wrong; a sentence.
    Usage(String),
    /// A variable is wrong; a sentence.
    Variable(String),
}

/// What clap says of an error, as one sentence.
fn sentence(error: &clap::Error) -> String {
    let text = error.to_string();
    let lines = text.lines().map(str::trim);
    let said =
        lines.take_while(|line| !line.starts_with("Usage: ") && !line.starts_with("For more"));
    let words: Vec<_> = said.filter(|line| !line.is_empty()).collect();
    words.join(" ").trim_start_matches("error: ").replace(" tip:", ";")
}

/// The same of an error that is due to variables. clap knows options alone.
fn named_by_variables(error: &clap::Error) -> String {
    let mut sentence = sentence(error);
    let mut command = Args::command();
    command.build();
    for option in command.get_arguments() {
        let Some(name) = option.get_env() else { continue };
        let value = std::env::var_os(name).unwrap_or_default();
        let name = name.to_string_lossy();
        if error.kind() == ErrorKind::InvalidUtf8 && value.to_str().is_none() {
            return format!("{name} is not UTF-8 text");
        }
        if !value.is_empty() {
            sentence = sentence.replace(&format!("'{option}'"), &name);
        }
    }
    sentence
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
    value.parse().map_err(|_| "give a number of messages; 0 turns the limit off")
}

fn rate(value: &str) -> Result<NonZeroU32, &'static str> {
    value
        .parse()
        .map_err(|_| "give a number of messages, at least 1; --flood-burst 0 turns the limit off")
}

fn address(value: &str) -> Result<SocketAddr, &'static str> {
    value.parse().map_err(|_| "give an IP address and port, such as 127.0.0.1:9469")
}

/// `--verbose` counts, but a variable may just say yes.
fn verbosity(value: &str) -> Result<u8, &'static str> {
    match value {
        "true" | "yes" | "on" => Ok(1),
        "false" | "no" | "off" => Ok(0),
        _ => value.parse().map_err(|_| "give 0, 1 or 2"),
    }
}

/// A secret, which cannot be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The secret itself, for the handshake alone.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(secret: String) -> Self {
        Self(secret)
    }
}

impl From<&str> for Secret {
    fn from(secret: &str) -> Self {
        Self(secret.to_owned())
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("(hidden)")
    }
}

//! The command line, as clap reads it. What the values mean is checked in `config`.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Parser};

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
    #[arg(default_value_t = 5347, value_parser = clap::value_parser!(u16).range(1..))]
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
    #[arg(long, env = "ECHO_COMPONENT_TLS_CA", value_name = "FILE", requires = "tls")]
    pub tls_ca: Option<PathBuf>,

    /// A file that holds the secret on a line of its own
    #[arg(long, env = "ECHO_COMPONENT_SECRET_FILE", value_name = "FILE")]
    pub secret_file: Option<PathBuf>,

    /// The largest stanza to send, in bytes; an echo over it is bounced. Prosody accepts 524288
    #[arg(long, env = "ECHO_COMPONENT_MAX_STANZA_SIZE", value_name = "BYTES")]
    #[arg(default_value_t = 512 << 10, value_parser = clap::value_parser!(u32).range(10_000..=16 << 20))]
    pub max_stanza_size: u32,

    /// How many messages a sender may have echoed at once; 0 for any number
    #[arg(long, env = "ECHO_COMPONENT_FLOOD_BURST", value_name = "MESSAGES")]
    #[arg(default_value_t = 10_000)]
    pub flood_burst: u32,

    /// How many messages a second a sender may have echoed after that
    #[arg(long, env = "ECHO_COMPONENT_FLOOD_RATE", value_name = "MESSAGES")]
    #[arg(default_value = "10")]
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
    pub metrics: Option<SocketAddr>,

    /// Connect, authenticate and ping once, say how that went, and exit
    #[arg(long)]
    pub check: bool,

    /// Log only what needs attention
    #[arg(short, long, env = "ECHO_COMPONENT_QUIET", value_parser = BoolishValueParser::new())]
    pub quiet: bool,

    /// Log more: also that something is not answered, and why. RUST_LOG works too
    #[arg(short, long, env = "ECHO_COMPONENT_VERBOSE", action = ArgAction::Count)]
    pub verbose: u8,
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

//! From command line and environment to a configuration that is known to be right.
//!
//! All that can be wrong is found here, before anything is connected, and said in one sentence.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::cli::args::Args;
use crate::cli::prompt::Terminal;
use crate::cli::secret::{self, Place, is_quoted};
use crate::component::address::Domain;
use crate::component::flood::Allowance;
use crate::component::ids::Ids;
use crate::component::requests::Responder;
use crate::component::{Echo, Settings};
use crate::net::connect::Target;
use crate::net::secret::Secret;
use crate::net::tls::Trust;

/// The most bytes that the name may have. It is written into a tag, which needs as much behind it as it is
/// long: expat may wait for that.
const LONGEST_NAME: usize = 200;

/// What the daemon is to do.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to log in, and as whom.
    pub target: Target,
    /// Where the secret is from, unless it was typed.
    pub secret: Option<Place>,
    /// The file that says whom to trust, if it is not the system's affair.
    pub tls_ca: Option<PathBuf>,
    /// After how long without input the server is pinged, if at all.
    pub ping_interval: Option<Duration>,
    /// The largest stanza to send, in bytes.
    pub max_stanza_size: usize,
    /// What becomes of ids.
    pub ids: Ids,
    /// How much each sender may send, unless it is any amount.
    pub allowance: Option<Allowance>,
    /// What presence and IQ are answered with.
    pub responder: Responder,
}

/// A configuration, and what an admin should know about it.
#[derive(Debug)]
pub struct Checked {
    /// The configuration.
    pub config: Config,
    /// Sentences to be logged.
    pub warnings: Vec<String>,
}

impl Config {
    /// Checks `args`, reads the secret, and asks on a terminal for what is missing.
    ///
    /// # Errors
    /// A sentence that says which value is wrong, and what it should be.
    pub fn check(args: Args) -> Result<Checked> {
        let mut warnings = vec![];
        let name = display_name(args.name)?;
        // More than one blank between two of them, or none of them at all.
        let contacts = args.contact.into_iter().filter(|it| !it.is_empty());
        let contacts: Vec<_> = contacts.map(uri).collect::<Result<_>>()?;
        let trust = args.tls.then(|| Trust::new(args.tls_ca.as_deref())).transpose()?;
        let jid = args.jid.filter(|it| !it.is_empty());
        let server = args.server.filter(|it| !it.is_empty());
        let required = Required {
            domain: jid.map(|jid| named("jid", &jid, "a domain name", domain)).transpose()?,
            server: server
                .map(|server| named("server", &server, "a host name or address", host))
                .transpose()?,
            secret: Place::find(args.secret_file, args.secret, args.shows_secret),
        };
        let place = required.secret.clone();
        warnings.extend(place.as_ref().filter(|_| args.shows_secret).map(secret::shown));
        let (domain, server, secret) = required.complete(&mut warnings)?;
        let burst = NonZeroU32::new(args.flood_burst);
        let interval = Duration::from_secs(args.ping_interval.into());
        let config = Self {
            target: Target { server, port: args.port, trust, domain, secret },
            secret: place,
            tls_ca: args.tls_ca,
            ping_interval: (!interval.is_zero()).then_some(interval),
            max_stanza_size: args.max_stanza_size as usize,
            ids: if args.keep_ids { Ids::Kept } else { Ids::Mirrored },
            allowance: burst.map(|burst| Allowance { burst, rate: args.flood_rate }),
            responder: Responder::new(&name, &contacts),
        };
        Ok(Checked { config, warnings })
    }

    /// The component that this describes.
    pub fn component(&self) -> Echo {
        let Self { target, max_stanza_size, ids, responder, allowance, .. } = self.clone();
        let domain = target.domain;
        Echo::new(Settings { domain, max_stanza_size, ids, allowance, responder })
    }
}

/// What must be given, as far as it is.
struct Required {
    domain: Option<Domain>,
    server: Option<String>,
    secret: Option<Place>,
}

impl Required {
    /// All of it, asked for on a terminal where it is missing. Without one, all that is missing is
    /// named at once.
    fn complete(self, warnings: &mut Vec<String>) -> Result<(Domain, String, Secret)> {
        let missing = self.missing();
        let mut terminal = if missing.is_empty() { None } else { Terminal::find() };
        let Some(terminal) = &mut terminal else {
            return match self {
                Self { domain: Some(domain), server: Some(server), secret: Some(place) } => {
                    Ok((domain, server, read(&place, warnings)?))
                }
                _ => bail!("{}", missing.join("; ")),
            };
        };
        let domain = match self.domain {
            Some(domain) => domain,
            None => terminal.ask("The component's JID (such as echo.example.com)", domain)?,
        };
        let server = match self.server {
            Some(server) => server,
            None => terminal.ask("The XMPP server's host name or address", host)?,
        };
        let secret = match self.secret {
            Some(place) => read(&place, warnings)?,
            None => terminal.ask_for_secret()?,
        };
        Ok((domain, server, secret))
    }

    fn missing(&self) -> Vec<String> {
        let mut missing = vec![];
        for (option, is_there) in
            [("jid", self.domain.is_some()), ("server", self.server.is_some())]
        {
            if !is_there {
                missing.push(format!("give --{option} or set {}", variable(option)));
            }
        }
        if self.secret.is_none() {
            missing.push(secret::missing());
        }
        missing
    }
}

fn read(place: &Place, warnings: &mut Vec<String>) -> Result<Secret> {
    let (secret, odd) = place.read()?;
    warnings.extend(odd);
    Ok(secret)
}

/// Checks an option's value, and names where an admin has to look for it, and what it should be.
fn named<T>(option: &str, value: &str, what: &str, check: impl Fn(&str) -> Result<T>) -> Result<T> {
    check(value).with_context(|| format!("{} {value:?} is not {what}", source(option, value)))
}

/// Where an admin has to look for an option's value: the variable, if that has it.
fn source(option: &str, value: &str) -> String {
    let variable = variable(option);
    // One of several contacts is a word of its variable.
    let has = |set: String| set == value || set.split(' ').any(|it| it == value);
    if std::env::var(&variable).is_ok_and(has) { variable } else { format!("--{option}") }
}

fn variable(option: &str) -> String {
    format!("ECHO_COMPONENT_{}", option.to_uppercase())
}

/// The component's JID.
fn domain(jid: &str) -> Result<Domain> {
    check_unquoted(jid)?;
    Domain::new(jid)
}

/// Files that are read without a shell keep quotes around a value.
fn check_unquoted(value: &str) -> Result<()> {
    ensure!(
        !is_quoted(value),
        "it is in quotes, which docker's --env-file keeps: write it without them"
    );
    Ok(())
}

/// A host name or an address, which may be in brackets, and may have a zone.
fn host(server: &str) -> Result<String> {
    check_unquoted(server)?;
    let address = server.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(server);
    let has_zone = address
        .split_once('%')
        .is_some_and(|(address, zone)| address.parse::<Ipv6Addr>().is_ok() && !zone.is_empty());
    if address.parse::<IpAddr>().is_ok() || has_zone {
        return Ok(address.to_owned());
    }
    let with_port = server.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let odd = |c: char| c.is_control() || !(c.is_alphanumeric() || "-._".contains(c));
    let why = match server {
        "" => "it is empty",
        _ if server.starts_with("unix:") || server.starts_with('/') => {
            "it is a socket in the file system, and the server is reached over TCP alone"
        }
        _ if server.contains("://") || server.starts_with("xmpp:") => {
            "it begins with a scheme: give the host name alone"
        }
        _ if server.contains(char::is_whitespace) => "it contains a blank",
        _ if server.contains('@') => "it is somebody's address: give the host name alone",
        _ if with_port => "it ends with a port: give that with --port",
        _ if server.trim_end_matches('.').split('.').any(str::is_empty) => {
            "it has a part without letters: a dot too many"
        }
        _ if server.contains(odd) => "it contains what host names do not",
        _ => return Ok(server.to_owned()),
    };
    bail!("{why} (expected something like example.com or 192.0.2.1)")
}

fn display_name(name: String) -> Result<String> {
    let given = || format!("{} {name:?} cannot be used", source("name", &name));
    ensure!(!name.trim().is_empty(), "{}: give it a few words", given());
    ensure!(
        name.len() <= LONGEST_NAME,
        "{}: it has {} bytes, and {LONGEST_NAME} are the most: give it a few words",
        given(),
        name.len()
    );
    ensure!(!name.contains(is_forbidden), "{}: it contains what XML forbids", given());
    Ok(name)
}

fn uri(contact: String) -> Result<String> {
    let given = || format!("{} {contact:?}", source("contact", &contact));
    ensure!(!contact.contains(is_forbidden), "{} contains what XML forbids", given());
    let scheme = contact.split_once(':').map(|(scheme, _)| scheme).filter(|scheme| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    });
    ensure!(scheme.is_some(), "{} is not a URI: write mailto:{contact} or xmpp:{contact}", given());
    Ok(contact)
}

/// Characters that XML forbids (XML 1.0 §2.2), and control characters that it only discourages.
fn is_forbidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}')
}

//! From command line and environment to a configuration that is known to be right.
//!
//! All that can be wrong is found here, before anything is connected, and said in one sentence.

use std::fs::File;
use std::io::{ErrorKind, IsTerminal, Read, Write, stdin, stdout};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail, ensure};

use crate::cli::args::{Args, Secret};
use crate::cli::credential;
use crate::component::address::Domain;
use crate::component::echo::Echo;
use crate::component::flood::Allowance;
use crate::component::requests::Responder;
use crate::net::tls::Trust;

/// No secret is longer than this many bytes.
const LONGEST_SECRET: u64 = 4096;

/// What the daemon is to do.
#[derive(Debug, Clone)]
pub struct Config {
    /// The component's domain.
    pub domain: Domain,
    /// The server's name or address.
    pub server: String,
    /// The server's port.
    pub port: u16,
    /// Whom to trust, if the connection is to be encrypted.
    pub trust: Option<Trust>,
    /// What is shared with the server.
    pub secret: Secret,
    /// The largest stanza to send, in bytes.
    pub max_stanza_size: usize,
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
        let mut warnings = Vec::new();
        let jid =
            given_or_asked(args.jid, "jid", "The component's JID (such as echo.example.com)")?;
        let domain = Domain::new(&jid)
            .with_context(|| format!("{} {jid:?} is not usable", source("jid", &jid)))?;
        let server =
            given_or_asked(args.server, "server", "The XMPP server's host name or address")?;
        let server = host(&server)?;
        let name = display_name(args.name)?;
        // More than one blank between two of them, or none of them at all.
        let contacts = args.contact.into_iter().filter(|it| !it.is_empty());
        let contacts = contacts.map(uri).collect::<Result<_>>()?;
        let secret = secret(args.secret, args.secret_file.as_deref(), &mut warnings)?;
        if secret.reveal().starts_with('\u{feff}') || secret.reveal().trim() != secret.reveal() {
            warnings.push(
                "the secret begins or ends with a blank or a byte order mark, and that counts: \
                 remove it unless the server's does too"
                    .into(),
            );
        }
        let responder = Responder { name, contacts };
        let max_stanza_size = args.max_stanza_size as usize;
        let port = args.port;
        let burst = NonZeroU32::new(args.flood_burst);
        let allowance = burst.map(|burst| Allowance { burst, rate: args.flood_rate });
        let trust = args.tls.then(|| Trust::new(args.tls_ca.as_deref())).transpose()?;
        let config =
            Self { domain, server, port, trust, secret, max_stanza_size, allowance, responder };
        Ok(Checked { config, warnings })
    }

    /// The component that this describes.
    pub fn component(&self) -> Echo {
        let Self { domain, max_stanza_size, responder, allowance, .. } = self.clone();
        Echo::new(domain, max_stanza_size, responder, allowance)
    }
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

fn given_or_asked(given: Option<String>, option: &str, question: &str) -> Result<String> {
    if let Some(value) = given.filter(|value| !value.is_empty()) {
        return Ok(value);
    }
    let variable = variable(option);
    ensure!(stdin().is_terminal(), "give --{option} or set {variable}");
    print!("{question}: ");
    stdout().flush()?;
    let mut line = String::new();
    stdin().read_line(&mut line).context("could not read your answer")?;
    ensure!(!line.trim().is_empty(), "give --{option} or set {variable}");
    Ok(line.trim().to_owned())
}

fn host(server: &str) -> Result<String> {
    let address = server.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(server);
    if address.parse::<IpAddr>().is_ok() {
        return Ok(address.to_owned());
    }
    ensure!(
        !server.contains("://"),
        "{} {server:?} begins with a scheme: give the host name alone, such as example.com",
        source("server", server)
    );
    ensure!(
        !server.contains(':'),
        "{} {server:?} is not a host name or address: give the port with --port",
        source("server", server)
    );
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '/' | '@' | '[' | ']');
    ensure!(
        !server.contains(odd),
        "{} {server:?} is not a host name or address, such as example.com or 192.0.2.1",
        source("server", server)
    );
    Ok(server.to_owned())
}

fn display_name(name: String) -> Result<String> {
    ensure!(
        !name.trim().is_empty() && !name.contains(char::is_control),
        "{} {name:?} is not usable: give it a few words",
        source("name", &name)
    );
    Ok(name)
}

fn uri(contact: String) -> Result<String> {
    let scheme = contact.split_once(':').map(|(scheme, _)| scheme).filter(|scheme| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    });
    ensure!(
        scheme.is_some() && !contact.contains(char::is_control),
        "{} {contact:?} is not a URI: write mailto:{contact} or xmpp:{contact}",
        source("contact", &contact)
    );
    Ok(contact)
}

/// The secret, from the safest place that has one.
fn secret(
    given: Option<Secret>,
    file: Option<&Path>,
    warnings: &mut Vec<String>,
) -> Result<Secret> {
    if let Some(path) = file {
        return from_file(path, "the secret file", warnings);
    }
    if let Some(path) = credential::file() {
        return from_file(&path, "systemd's credential", &mut Vec::new());
    }
    if let Some(secret) = given {
        let source = source("secret", secret.reveal());
        ensure!(!secret.reveal().is_empty(), "the secret of {source} is empty");
        ensure!(
            !secret.reveal().contains(['\n', '\r']),
            "the secret of {source} has more than one line"
        );
        if std::env::var_os("ECHO_COMPONENT_SECRET").is_none_or(|it| it != secret.reveal()) {
            warnings.push(
                "everyone on this machine can read the secret of --secret with ps: better use \
                 --secret-file"
                    .into(),
            );
        }
        return Ok(secret);
    }
    if !stdin().is_terminal() {
        if let Some(file) = credential::source() {
            bail!("there is no secret: write it into {file}, readable by root alone");
        }
        bail!("there is no secret: name its file with --secret-file or ECHO_COMPONENT_SECRET_FILE");
    }
    let typed = rpassword::prompt_password("The component's secret (not shown): ")
        .context("could not read the secret")?;
    ensure!(!typed.is_empty(), "the secret that was typed is empty");
    Ok(typed.into())
}

fn from_file(path: &Path, what: &str, warnings: &mut Vec<String>) -> Result<Secret> {
    let shown = path.display();
    let file = File::open(path).map_err(|error| {
        let hint = match error.kind() {
            ErrorKind::PermissionDenied => {
                ": the user that the daemon runs as must be able to read it"
            }
            _ => "",
        };
        anyhow!("cannot open {what} {shown}: {error}{hint}")
    })?;
    let mode = file.metadata().with_context(|| format!("cannot read {what} {shown}"))?;
    if mode.permissions().mode() & 0o004 != 0 {
        warnings.push(format!("others can read {what} {shown}: run chmod o-r on it"));
    }
    let mut bytes = Vec::new();
    file.take(LONGEST_SECRET + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("cannot read {what} {shown}"))?;
    ensure!(bytes.len() as u64 <= LONGEST_SECRET, "{what} {shown} is over {LONGEST_SECRET} bytes");
    let Ok(text) = String::from_utf8(bytes) else {
        bail!("{what} {shown} is not UTF-8 text");
    };
    let secret = text.trim_end_matches(['\n', '\r']);
    ensure!(!secret.is_empty(), "{what} {shown} is empty: write the secret into it");
    ensure!(
        !secret.contains(['\n', '\r']),
        "{what} {shown} has more than one line: it must hold the secret alone"
    );
    Ok(secret.into())
}

//! Where the secret comes from, and how it is read there.
//!
//! It never shows a secret: what it says names places alone.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, ensure};
use rustix::fs::{StatVfsMountFlags, fstatvfs};

use crate::cli::credential;
use crate::net::secret::Secret;

/// No secret is longer than this many bytes.
const LONGEST: u64 = 4096;

/// The variable that may hold the secret.
const VARIABLE: &str = "ECHO_COMPONENT_SECRET";

/// Where there is a secret.
#[derive(Debug, Clone)]
pub enum Place {
    /// In a file that an admin has named.
    File(PathBuf),
    /// In the credential that systemd hands over.
    Credential(PathBuf),
    /// On the command line, where others can see it.
    Option(Secret),
    /// In the variable.
    Variable(Secret),
}

impl Place {
    /// The safest place that has one, if any has: the file, then the credential, then what was given.
    pub fn find(file: Option<PathBuf>, given: Option<Secret>) -> Option<Self> {
        if let Some(path) = file {
            return Some(Self::File(path));
        }
        if let Some(path) = credential::file() {
            return Some(Self::Credential(path));
        }
        let given = given?;
        let is_variable = std::env::var_os(VARIABLE).is_some_and(|it| it == given.reveal());
        Some(if is_variable { Self::Variable(given) } else { Self::Option(given) })
    }

    /// The file, if it is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) | Self::Credential(path) => Some(path),
            Self::Option(_) | Self::Variable(_) => None,
        }
    }

    /// The secret, and what an admin should know about it.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the place, or with what is there.
    pub fn read(&self) -> Result<(Secret, Vec<String>)> {
        let mut warnings = vec![];
        let what = self.to_string();
        let text = match self {
            Self::File(path) => from_file(path, &what, Some(&mut warnings))?,
            Self::Credential(path) => from_file(path, &what, None)?,
            Self::Option(secret) | Self::Variable(secret) => secret.reveal().to_owned(),
        };
        let secret = text.trim_end_matches(['\n', '\r']);
        ensure!(!secret.is_empty(), "{what} is empty: it must hold the secret");
        ensure!(
            !secret.contains(['\n', '\r']),
            "{what} has more than one line: it must hold the secret alone"
        );
        if let Self::Option(_) = self {
            warnings.push(
                "the secret given with --secret is visible to every local user in ps; use \
                 --secret-file instead"
                    .into(),
            );
        }
        warnings.extend(odd_ends(secret).map(|odd| {
            format!("{what} {odd}, and that counts: remove it unless the server's does too")
        }));
        Ok((secret.into(), warnings))
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "the secret file {}", path.display()),
            Self::Credential(path) => write!(f, "systemd's credential {}", path.display()),
            Self::Option(_) => f.write_str("the secret of --secret"),
            Self::Variable(_) => write!(f, "the secret of {VARIABLE}"),
        }
    }
}

/// What to say where there is none.
pub fn missing() -> String {
    match credential::source() {
        Some(file) => format!("there is no secret: write it into {file}, readable by root alone"),
        None => "there is no secret: name its file with --secret-file or \
                 ECHO_COMPONENT_SECRET_FILE"
            .into(),
    }
}

/// What looks like a slip at either end of a secret.
fn odd_ends(secret: &str) -> Option<&'static str> {
    if secret.starts_with('\u{feff}') || secret.trim() != secret {
        Some("begins or ends with a blank or a byte order mark")
    } else if is_quoted(secret) {
        Some("is in quotes, which docker's --env-file keeps")
    } else {
        None
    }
}

/// Whether a value is in quotes, as in a file that is read without a shell.
pub fn is_quoted(value: &str) -> bool {
    value.len() > 1 && ['"', '\''].iter().any(|it| value.starts_with(*it) && value.ends_with(*it))
}

fn from_file(path: &Path, what: &str, warnings: Option<&mut Vec<String>>) -> Result<String> {
    let file = File::open(path).map_err(|error| {
        let hint = match error.kind() {
            ErrorKind::PermissionDenied => {
                ": the user that the daemon runs as must be able to read it"
            }
            _ => "",
        };
        anyhow!("cannot open {what}: {error}{hint}")
    })?;
    if let Some(warnings) = warnings
        && others_can_read(&file).with_context(|| format!("cannot read {what}"))?
    {
        warnings.push(format!("others can read {what}: run chmod o-r on it"));
    }
    let mut bytes = Vec::new();
    file.take(LONGEST + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("cannot read {what}"))?;
    ensure!(bytes.len() as u64 <= LONGEST, "{what} is over {LONGEST} bytes");
    String::from_utf8(bytes).map_err(|_| anyhow!("{what} is not UTF-8 text"))
}

/// On a read-only mount, as containers have their secrets, the mode is not the admin's to change.
fn others_can_read(file: &File) -> Result<bool> {
    let is_open = file.metadata()?.permissions().mode() & 0o004 != 0;
    let is_fixed = fstatvfs(file)?.f_flag.contains(StatVfsMountFlags::RDONLY);
    Ok(is_open && !is_fixed)
}

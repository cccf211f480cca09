//! Where the secret comes from, and how it is read there.
//!
//! It never shows a secret: what it says names places alone.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Error, Result, anyhow, ensure};
use rustix::fs::{StatVfsMountFlags, fstatvfs};

use crate::cli::credential;
use crate::net::error;
use crate::net::secret::Secret;

/// No secret is longer than this many bytes.
const LONGEST_SECRET: u64 = 4096;

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
    pub fn find(file: Option<PathBuf>, given: Option<Secret>, is_option: bool) -> Option<Self> {
        if let Some(path) = file {
            return Some(Self::File(path));
        }
        if let Some(path) = credential::file() {
            return Some(Self::Credential(path));
        }
        given.map(if is_option { Self::Option } else { Self::Variable })
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
        ensure!(
            !secret.is_empty(),
            "{} is empty: give the secret that the server has for this JID",
            self.holder()
        );
        ensure!(
            !secret.contains(['\n', '\r']),
            "{what} has more than one line: it must hold the secret alone"
        );
        warnings.extend(self.slips(secret));
        Ok((secret.into(), warnings))
    }

    /// What an admin has to fill if it is empty.
    fn holder(&self) -> String {
        match self {
            Self::File(_) | Self::Credential(_) => self.to_string(),
            Self::Option(_) => "--secret".into(),
            Self::Variable(_) => VARIABLE.into(),
        }
    }

    /// What looks like a slip at either end of the secret.
    fn slips(&self, secret: &str) -> Vec<String> {
        let whose = match self.file() {
            Some(path) => format!("the secret in {}", path.display()),
            None => self.to_string(),
        };
        let mut found = vec![];
        for (is_so, slip) in [
            (secret.starts_with('\u{feff}'), "begins with a byte order mark"),
            (secret.starts_with(char::is_whitespace), "begins with a blank"),
            (secret.ends_with(char::is_whitespace), "ends with a blank"),
        ] {
            if is_so {
                found.push(format!(
                    "{whose} {slip}, and it counts: remove it, unless the server's secret has it too"
                ));
            }
        }
        if is_quoted(secret) {
            let kept = match self {
                Self::Variable(_) => ", which docker's --env-file keeps",
                _ => "",
            };
            found.push(format!(
                "{whose} stands in quotes{kept}, and they count: remove them, unless the server's \
                 secret has them too"
            ));
        }
        found
    }
}

/// What to say of a secret on the command line, if the one that is used is at `place`.
pub fn shown(place: &Place) -> String {
    const SHOWN: &str = "the secret given with --secret is visible to every local user in ps";
    match place {
        Place::Option(_) => format!("{SHOWN}; use --secret-file instead"),
        _ => format!("{SHOWN}, and not used, since there is {place}: leave --secret out"),
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
                 ECHO_COMPONENT_SECRET_FILE (--secret-file /dev/stdin reads a pipe)"
            .into(),
    }
}

/// Whether a value is in quotes, as in a file that is read without a shell.
pub fn is_quoted(value: &str) -> bool {
    value.len() > 1 && ['"', '\''].iter().any(|it| value.starts_with(*it) && value.ends_with(*it))
}

fn from_file(path: &Path, what: &str, warnings: Option<&mut Vec<String>>) -> Result<String> {
    let file = File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => {
            anyhow!("there is no secret file {}: check --secret-file", path.display())
        }
        _ => unread(what, &error),
    })?;
    if let Some(warnings) = warnings
        && others_can_read(&file).with_context(|| format!("cannot read {what}"))?
    {
        warnings.push(format!("others can read {what}: run chmod o-r on it"));
    }
    let mut bytes = Vec::new();
    file.take(LONGEST_SECRET + 1).read_to_end(&mut bytes).map_err(|error| unread(what, &error))?;
    ensure!(bytes.len() as u64 <= LONGEST_SECRET, "{what} is over {LONGEST_SECRET} bytes");
    String::from_utf8(bytes).map_err(|_| anyhow!("{what} is not UTF-8 text"))
}

fn unread(what: &str, error: &io::Error) -> Error {
    anyhow!(error::unread(what, "name the file with the secret in it", error))
}

/// On a read-only mount, as containers have their secrets, the mode is not the admin's to change.
fn others_can_read(file: &File) -> Result<bool> {
    let is_open = file.metadata()?.permissions().mode() & 0o004 != 0;
    let is_fixed = fstatvfs(file)?.f_flag.contains(StatVfsMountFlags::RDONLY);
    Ok(is_open && !is_fixed)
}

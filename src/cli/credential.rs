//! The secret as systemd's credential, by the name that the units give it.
//!
//! It knows where the units have it from, and reads no more than whether there is one.

use std::fs;
use std::path::{Path, PathBuf};

/// The credential's file. None if systemd hands none over, or an empty one, which is what the units
/// have it do when an admin has written no secret.
pub fn file() -> Option<PathBuf> {
    let file = directory()?.join("secret");
    let is_empty =
        fs::read(&file).is_ok_and(|bytes| bytes.iter().all(|byte| matches!(byte, b'\n' | b'\r')));
    (file.exists() && !is_empty).then_some(file)
}

/// The file that one of our units takes the secret from, if this is one of them.
pub fn source() -> Option<String> {
    let directory = directory()?;
    // systemd names it after the unit.
    let unit = directory.file_name()?.to_str()?.strip_suffix(".service")?;
    let instance = match unit.split_once('@') {
        Some(("echo-component", instance)) => instance,
        None if unit == "echo-component" => unit,
        _ => return None,
    };
    let file = Path::new("/etc/echo-component").join(format!("{instance}.secret"));
    Some(file.display().to_string())
}

fn directory() -> Option<PathBuf> {
    std::env::var_os("CREDENTIALS_DIRECTORY").filter(|it| !it.is_empty()).map(PathBuf::from)
}

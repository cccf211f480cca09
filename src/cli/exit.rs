//! How the program ends: the exit codes, and what it could not do.

use std::process::ExitCode;

use anyhow::Error;

/// Exit codes, from sysexits.h, which admins and systemd know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Code {
    /// The command line is wrong.
    Usage = 64,
    /// `--check` or `--healthy` failed, or an address is not to be had at the moment.
    Unavailable = 69,
    /// The program could not do its work.
    Software = 70,
    /// The server rejects the component.
    Refused = 77,
    /// The configuration is wrong.
    Configuration = 78,
}

/// The exit codes as an admin reads them; 101 is Rust's own for a panic.
pub const CODES: [(&str, &str); 6] = [
    ("0", "stopped as requested, or --check or --healthy succeeded"),
    ("64", "the command line cannot be read: unknown option or malformed value"),
    ("69", "--check or --healthy failed, or the --metrics address is unavailable"),
    ("70, 101", "internal error (please report it)"),
    ("77", "rejected by the server: wrong secret, or JID not set up"),
    ("78", "a setting cannot be used, or is missing"),
];

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        Self::from(code as u8)
    }
}

/// What the program could not do, and the exit code that says so.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub code: Code,
    /// A sentence.
    pub error: Error,
}

impl Failure {
    /// A failure with that code.
    pub fn new(code: Code, error: impl Into<Error>) -> Self {
        Self { code, error: error.into() }
    }

    /// For `map_err`: wrong configuration.
    pub fn configuration(error: Error) -> Self {
        Self::new(Code::Configuration, error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::new(Code::Software, error)
    }
}

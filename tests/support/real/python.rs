//! Debian's Python, for client libraries we did not write. Without one of them its
//! scenarios are left out, as they are without a server.

use std::path::Path;
use std::process::Stdio;

use super::process::Process;
use super::server::left_out;

/// Not the first `python3` of `PATH`: that need not be the one Debian's packages are for.
const PYTHON: &str = "/usr/bin/python3";

/// Whether a module can be imported. What this says without it, see [`left_out`].
pub fn has(module: &'static str) -> bool {
    let there = Path::new(PYTHON).exists() && {
        let mut command = Process::command(Path::new(PYTHON));
        command.args(["-c", &format!("import {module}")]).stderr(Stdio::null());
        Process::spawn(&mut command).wait().success()
    };
    if !there {
        left_out(module);
    }
    there
}

/// Runs a script; one that fails fails the test, and its words are shown.
#[track_caller]
pub fn run(script: &str, arguments: &[&str]) {
    let mut command = Process::command(Path::new(PYTHON));
    command.args(["-c", script]).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let child = Process::spawn(&mut command);
    let (status, said) = child.wait_with_stderr();
    assert!(status.success(), "the script ended with {status}:\n{said}");
}

//! What is said of a test that cannot run here.

use std::io::{Write, stderr};

/// Says that this is left out.
pub fn left_out(what: &str) {
    // Not `eprintln!`: the test runner shows only what failing tests print.
    let _ = writeln!(stderr(), "left out: {what}");
}

/// Says that a test is left out without this tool, or fails if none may be.
#[track_caller]
pub fn not_installed(test: &str, tool: &str) {
    let required = std::env::var_os("ECHO_COMPONENT_REQUIRE_SERVERS");
    assert!(required.is_none_or(|value| value != "1"), "{tool} is not installed");
    left_out(&format!("{test}, since {tool} is not installed"));
}

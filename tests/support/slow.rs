//! Tests that take minutes run only if they are asked for, as tests/run does.

use std::env;
use std::io::{self, Write};

/// Whether they are; if not, says that `what` is left out.
pub fn is_asked_for(what: &str) -> bool {
    let asked = env::var_os("ECHO_COMPONENT_SLOW_TESTS").is_some_and(|value| value == "1");
    if !asked {
        // Not `eprintln!`: the test runner shows only what failing tests print.
        let _ = writeln!(io::stderr(), "left out: {what}, without ECHO_COMPONENT_SLOW_TESTS=1");
    }
    asked
}

//! Runs a test again where it may do as it likes with the network or with files: in namespaces of
//! its own, which are gone with it.

use std::env;
use std::io::Write;
use std::process::Command;

/// In the process that is inside.
const INSIDE: &str = "FAULTS_INSIDE";

/// Whether this is the process inside. Otherwise runs the test of that name again there, and fails
/// if it does; where namespaces are not permitted, says that it is left out.
pub fn is_inside(test: &str, kinds: &[&str]) -> bool {
    if env::var_os(INSIDE).is_some() {
        return true;
    }
    let unshare = || {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount"]).args(kinds).arg("--");
        command
    };
    let permitted = unshare().arg("true").output().is_ok_and(|output| output.status.success());
    let tools = Command::new("ip").arg("-V").output().is_ok();
    if !permitted || !tools {
        // Not `eprintln!`: the test runner shows only what failing tests print.
        let _ =
            writeln!(std::io::stderr(), "left out: {test}, which needs namespaces and iproute2");
        return false;
    }
    let mut command = unshare();
    // A namespace ends with its last process, and that must end with us.
    command.args(["setpriv", "--pdeathsig", "KILL"]);
    command.arg(env::current_exe().unwrap()).args(["--exact", test, "--nocapture"]);
    let output = command.env(INSIDE, "1").output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    print!("{printed}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "inside: {said}");
    assert!(printed.contains(" 1 passed;"), "there is no test {test}");
    false
}

/// Runs a line of shell, which must succeed.
#[track_caller]
pub fn shell(line: &str) {
    let output = Command::new("sh").args(["-euc", line]).output().unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
}

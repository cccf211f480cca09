//! jabberd2: how its three processes are configured and run in the foreground. Users come
//! from a shell script and rosters go to files, so that no database is needed.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Stdio;

use super::place::{Place, find_library, find_program, is_open};
use super::process::Process;
use super::wait_until;

/// Whether Debian's package is here.
pub fn is_installed() -> bool {
    find_program("jabberd2-router").is_some() && modules().is_some()
}

/// Writes its configuration and the script that knows the users.
pub fn configure(place: &Place) {
    let modules = modules().expect("jabberd2 is installed");
    for (name, template) in [
        ("router.xml", include_str!("conf/jabberd2-router.xml")),
        ("users.xml", include_str!("conf/jabberd2-users.xml")),
        ("sm.xml", include_str!("conf/jabberd2-sm.xml")),
        ("c2s.xml", include_str!("conf/jabberd2-c2s.xml")),
    ] {
        let modules = modules.to_str().expect("a UTF-8 path");
        place.write(name, &template.replace("@MODULES@", modules));
    }
    let script = place.write("users.sh", include_str!("conf/jabberd2-users.sh"));
    fs::set_permissions(&script, Permissions::from_mode(0o700)).expect("our own file");
    place.make_dir("storage");
}

/// Runs the router, then the two that connect to it: they would wait a second each
/// before they tried again.
pub fn launch(place: &Place) -> Vec<Process> {
    place.forget("sm.log");
    place.forget("c2s.log");
    let mut router = run(place, "router");
    wait_until("jabberd2's router listens", || {
        (router.ended().is_some() || is_open(place.component_port)).then_some(())
    });
    let (sm, c2s) = (run(place, "sm"), run(place, "c2s"));
    vec![c2s, sm, router]
}

/// Whether users can connect and have sessions; without their ports its processes end.
pub fn is_ready(place: &Place) -> Option<bool> {
    let both = place.file_says("c2s.log", "ready for connections")
        && place.file_says("sm.log", "ready for sessions");
    both.then_some(true)
}

fn run(place: &Place, part: &str) -> Process {
    let program = find_program(&format!("jabberd2-{part}")).expect("jabberd2 is installed");
    let mut command = Process::command(&program);
    command
        .arg("-c")
        .arg(place.dir.join(format!("{part}.xml")))
        .stdin(Stdio::null())
        .stdout(place.output())
        .stderr(place.output());
    Process::spawn(&mut command)
}

fn modules() -> Option<PathBuf> {
    find_library("jabberd2")
}

//! The life of the daemon beside its server: refused, waiting, losing it, and ended.

use crate::real::{COMPONENT, Daemon, Kind, SECRET, Server, Stage, User};

/// Named by itself so that it can be looked for in the log.
const WRONG_SECRET: &str = "not-the-secret";

pub fn a_wrong_secret_ends_the_daemon_with_77(kind: Kind) {
    let server = Server::start(kind);
    let mut daemon = Daemon::start_as(COMPONENT, WRONG_SECRET, server.component_port());
    let line = daemon.wait_for_line("not-authorized");
    assert!(line.contains(COMPONENT), "no JID in {line:?}");
    assert_eq!(daemon.exit_code(), 77);
    assert!(!line.contains(WRONG_SECRET), "it tells the secret");
}

pub fn an_unknown_jid_ends_the_daemon_with_77(kind: Kind) {
    // ejabberd does not tell a name it has no secret for from a secret that is wrong.
    let condition = match kind {
        Kind::Prosody => "host-unknown",
        Kind::Ejabberd | Kind::Jabberd2 => "not-authorized",
    };
    let server = Server::start(kind);
    let mut daemon = Daemon::start_as("unknown.localhost", SECRET, server.component_port());
    let line = daemon.wait_for_line(condition);
    assert!(line.contains("unknown.localhost"), "no JID in {line:?}");
    assert_eq!(daemon.exit_code(), 77);
}

pub fn a_jid_of_the_servers_own_is_told_as_such(kind: Kind) {
    let server = Server::start(kind);
    let mut daemon = Daemon::start_as("localhost", SECRET, server.component_port());
    match kind {
        Kind::Prosody => {
            daemon.wait_for_line("host-unknown");
            assert_eq!(daemon.exit_code(), 77);
        }
        // Its condition is that of a component which is already connected, and that passes.
        Kind::Ejabberd | Kind::Jabberd2 => {
            daemon.wait_for_line("another process is connected as this JID");
            assert_eq!(daemon.terminate(), 0);
        }
    }
}

/// Whatever that says of a host that it does not serve.
pub fn a_check_at_the_client_port_ends_with_69(kind: Kind) {
    let server = Server::start(kind);
    let mut check = Daemon::command(COMPONENT, SECRET, "127.0.0.1", server.c2s_port());
    let output = check.arg("--check").output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(69), "{said}");
    assert!(said.contains("the port"), "{said}");
    println!("{}: {said}", kind.name());
}

pub fn a_second_daemon_waits_until_the_first_stops(kind: Kind) {
    let server = Server::start(kind);
    let mut first = Daemon::start(server.component_port());
    first.wait_until_online();
    // The same reason is told again to those alone who want to know more.
    let mut second = Daemon::command(COMPONENT, SECRET, "127.0.0.1", server.component_port());
    let mut second = Daemon::run(second.arg("-v"));
    second.wait_for_line("another process is connected as this JID");
    second.wait_for_line("another process is connected as this JID");
    let mut alice = User::login(&server, "alice");
    alice.assert_echoed("of the first");

    assert_eq!(first.terminate(), 0);
    second.wait_until_online();
    alice.assert_echoed("of the second");
}

pub fn the_daemon_comes_back_after_a_crash_of_the_server(kind: Kind) {
    comes_back(kind, Server::kill);
}

pub fn the_daemon_comes_back_after_a_restart_of_the_server(kind: Kind) {
    comes_back(kind, Server::stop);
}

pub fn sigterm_ends_the_daemon_with_0(kind: Kind) {
    let mut stage = Stage::start(kind);
    stage.user("alice").assert_echoed("before");
    assert_eq!(stage.daemon.terminate(), 0);
}

fn comes_back(kind: Kind, end: fn(&mut Server)) {
    let mut server = Server::start(kind);
    let mut daemon = Daemon::start(server.component_port());
    daemon.wait_until_online();
    User::login(&server, "alice").assert_echoed("before");

    end(&mut server);
    daemon.wait_for_line("offline");
    server.start_again();
    daemon.wait_until_online();
    User::login(&server, "alice").assert_echoed("after");
}

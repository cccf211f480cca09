//! Secrets and authorities that are renewed while the daemon runs: each try takes what is in their
//! files by then.

#[path = "support/certificates.rs"]
mod certificates;
#[path = "support/slow.rs"]
mod slow;
mod support;
#[path = "support/tls.rs"]
mod tls;

use std::fs;
use std::net::TcpListener;
use std::process::Command;
use std::time::{Duration, Instant};

use certificates::Authority;
use support::COMPONENT;
use support::folder::Folder;
use support::scripted::{DIGEST, Daemon, Peer, SECRET, Server, program};

/// Another secret, and the handshake that it makes with the id `42`.
const NEW_SECRET: &str = "the-new-secret";
const NEW_DIGEST: &str = "265d6ea9176e51489b21b1720ab8fedbfd14bacc";

/// The daemon with its secret in that file.
fn daemon(server: &Server, file: &str) -> Daemon {
    let mut command = program();
    command.args(["--jid", COMPONENT, "--server", "127.0.0.1", "--port"]);
    command.arg(server.port().to_string()).args(["--secret-file", file]);
    Daemon::run(&mut command)
}

/// The next connection, let in if its handshake is this one, else refused.
#[track_caller]
fn next_is(server: &Server, digest: &str) -> Peer {
    let mut peer = server.accept();
    let handshake = peer.header();
    assert!(handshake.ends_with(&format!(">{digest}</handshake>")), "{handshake}");
    peer.send("<handshake/>");
    peer
}

fn refuse(server: &Server) {
    let mut peer = server.accept_within(Duration::from_secs(90));
    peer.header();
    peer.send(
        "<stream:error><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>\
         </stream:error></stream:stream>",
    );
    peer.close();
}

#[test]
fn a_new_secret_in_the_file_counts_at_the_next_try() {
    let folder = Folder::new("new-secret");
    let file = folder.file("secret", SECRET.as_bytes(), 0o600);
    let server = Server::start();
    let mut daemon = daemon(&server, &file);
    next_is(&server, DIGEST).close();
    // The server has the new one first.
    refuse(&server);
    daemon.logs("not-authorized");
    folder.file("secret", NEW_SECRET.as_bytes(), 0o600);
    next_is(&server, NEW_DIGEST).echoes("x");
    let log = daemon.log.join("\n");
    assert!(!log.contains(SECRET) && !log.contains(NEW_SECRET), "{log}");
}

#[test]
fn without_a_secret_in_the_file_that_from_before_is_used_and_the_log_says_so() {
    let folder = Folder::new("no-secret");
    let file = folder.file("secret", SECRET.as_bytes(), 0o600);
    let server = Server::start();
    let mut daemon = daemon(&server, &file);
    for (nth, content) in [Some("two\nlines"), Some(""), None].into_iter().enumerate() {
        let peer = next_is(&server, DIGEST);
        match content {
            Some(content) => drop(folder.file("secret", content.as_bytes(), 0o600)),
            None => fs::remove_file(&file).unwrap(),
        }
        peer.close();
        let said = daemon.logs("the secret from before is used");
        assert!(said.contains(&file), "{nth}: {said}");
    }
    next_is(&server, DIGEST).echoes("x");
}

/// A daemon tries for days, as long as the server stays away.
#[test]
fn that_a_file_cannot_be_read_again_is_told_once_until_it_can() {
    let folder = Folder::new("gone-secret");
    let file = folder.file("secret", SECRET.as_bytes(), 0o600);
    let server = Server::start();
    let mut daemon = daemon(&server, &file);
    for content in [None, None, Some(SECRET), None] {
        let peer = next_is(&server, DIGEST);
        match content {
            Some(content) => drop(folder.file("secret", content.as_bytes(), 0o600)),
            // It may be gone already.
            None => drop(fs::remove_file(&file)),
        }
        peer.close();
    }
    next_is(&server, DIGEST).echoes("x");
    daemon.signal("TERM");
    daemon.ends();
    let told = daemon.log.iter().filter(|line| line.contains("from before is used")).count();
    assert_eq!(told, 2, "{:#?}", daemon.log);
}

/// As a shell makes one of `<(...)`.
#[test]
fn a_secret_from_a_pipe_is_read_once() {
    let folder = Folder::new("pipe");
    let pipe = folder.0.join("secret").to_str().unwrap().to_owned();
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let server = Server::start();
    let mut daemon = daemon(&server, &pipe);
    fs::write(&pipe, SECRET).unwrap();
    for _ in 0..2 {
        next_is(&server, DIGEST).close();
    }
    next_is(&server, DIGEST).echoes("x");
    daemon.logs("online");
    assert!(!daemon.log.iter().any(|line| line.contains("from before")), "{:?}", daemon.log);
}

#[test]
fn a_credential_that_is_refused_for_a_minute_ends_the_daemon_with_77() {
    if !slow::is_asked_for("a refusal that lasts for a minute") {
        return;
    }
    let folder = Folder::new("credential");
    folder.file("secret", SECRET.as_bytes(), 0o400);
    let server = Server::start();
    let mut command = program();
    command.args(["--jid", COMPONENT, "--server", "127.0.0.1", "--port"]);
    command.arg(server.port().to_string()).env("CREDENTIALS_DIRECTORY", &folder.0);
    // So that each try is told.
    command.arg("-v");
    let mut daemon = Daemon::run(&mut command);
    next_is(&server, DIGEST).close();
    let since = Instant::now();
    let said = loop {
        refuse(&server);
        let said = daemon.logs("the server says not-authorized");
        if said.contains("refused: ") {
            break said;
        }
    };
    assert_eq!(daemon.ends().code(), Some(77), "{said}");
    assert!(since.elapsed() > Duration::from_secs(59), "{:?}", since.elapsed());
}

#[test]
fn a_new_authority_in_the_file_counts_at_the_next_try() {
    let [old, new] = ["old-authority", "new-authority"].map(Authority::new);
    let config = tls::config(&new.server("localhost", 2999));
    let listener = TcpListener::bind("localhost:0").unwrap();
    let mut command = program();
    command.args(["--jid", COMPONENT, "--server", "localhost", "--tls", "--tls-ca"]);
    command.arg(&old.file).args(["--port", &listener.local_addr().unwrap().port().to_string()]);
    let mut daemon = Daemon::run(command.env("ECHO_COMPONENT_SECRET", SECRET));
    assert!(tls::serve_one(&listener, &config).is_err());
    daemon.logs("signed by nobody this machine trusts");
    fs::copy(&new.file, &old.file).unwrap();
    // A try may have begun before that.
    let served = (0..3).find_map(|_| tls::serve_one(&listener, &config).ok());
    assert_eq!(served.unwrap(), "<message from='echo.example' to='u@x'>secure</message>");
    daemon.logs("online");
}

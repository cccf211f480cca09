//! TLS to the component port of real servers: what is echoed, what is refused, and the sentence
//! that says so. Prosody and ejabberd have such ports; jabberd2 knows only STARTTLS.
//!
//! What is not installed is left out, unless `ECHO_COMPONENT_REQUIRE_SERVERS=1`.

#[path = "support/certificates.rs"]
mod certificates;
#[path = "support/real/mod.rs"]
mod real;

use std::process::{Command, Stdio};

use certificates::{Authority, Identity};
use real::{COMPONENT, Daemon, Kind, ONLINE, SECRET, Server, User};

/// Makes a test of each scenario for the servers with TLS ports: `prosody::the_name`.
macro_rules! scenarios {
    ($($name:ident)*) => {
        mod prosody { $(scenario!(Prosody $name);)* }
        mod ejabberd { $(scenario!(Ejabberd $name);)* }
        mod jabberd2 { scenario!(Jabberd2 with_tls_the_plaintext_port_is_named); }
    };
}

macro_rules! scenario {
    ($kind:ident $name:ident) => {
        #[test]
        fn $name() {
            if super::Kind::$kind.is_there() {
                super::$name(super::Kind::$kind);
            }
        }
    };
}

scenarios! {
    a_message_is_echoed_over_tls
    a_check_over_tls_ends_with_0_and_one_line
    an_expired_certificate_is_refused
    a_certificate_for_another_name_is_refused
    a_certificate_of_a_strange_authority_is_refused
    a_self_signed_certificate_is_refused
    without_tls_the_tls_port_is_named
    with_tls_the_plaintext_port_is_named
}

fn a_message_is_echoed_over_tls(kind: Kind) {
    let (server, authority) = trusted(kind, "echoed");
    let mut daemon = Daemon::run(&mut with_tls(server.tls_port(), &authority));
    daemon.wait_until_online();
    let mut alice = User::login(&server, "alice");
    alice.assert_echoed("secure");
    assert_eq!(daemon.terminate(), 0);
}

fn a_check_over_tls_ends_with_0_and_one_line(kind: Kind) {
    let (server, authority) = trusted(kind, "check");
    let mut check = with_tls(server.tls_port(), &authority);
    let output = check.arg("--check").stdout(Stdio::piped()).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.starts_with("echo.localhost is accepted at localhost:"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn an_expired_certificate_is_refused(kind: Kind) {
    let authority = Authority::new(&format!("{}-expired", kind.name()));
    refused(kind, &authority, &authority.server("localhost", 2000), "has expired");
}

fn a_certificate_for_another_name_is_refused(kind: Kind) {
    let authority = Authority::new(&format!("{}-name", kind.name()));
    refused(kind, &authority, &authority.server("other.example", 2999), "is not for localhost");
}

fn a_certificate_of_a_strange_authority_is_refused(kind: Kind) {
    let authority = Authority::new(&format!("{}-trusted", kind.name()));
    let stranger = Authority::new(&format!("{}-stranger", kind.name()));
    refused(kind, &authority, &stranger.server("localhost", 2999), "signed by nobody");
}

fn a_self_signed_certificate_is_refused(kind: Kind) {
    let authority = Authority::new(&format!("{}-self", kind.name()));
    refused(kind, &authority, &Identity::self_signed("localhost"), "signed by nobody");
}

fn without_tls_the_tls_port_is_named(kind: Kind) {
    let (server, _authority) = trusted(kind, "without");
    let command = Daemon::command(COMPONENT, SECRET, "127.0.0.1", server.tls_port());
    let mut daemon = tells_each_try(command);
    // It closes the connection, or says so by TLS' own alert, as ejabberd 24.12 does.
    never_online(&mut daemon, "give --tls");
}

fn with_tls_the_plaintext_port_is_named(kind: Kind) {
    let authority = Authority::new(&format!("{}-plaintext", kind.name()));
    let server = Server::start(kind);
    let mut daemon = tells_each_try(with_tls(server.component_port(), &authority));
    never_online(&mut daemon, "does not speak TLS");
}

/// A server whose certificate is as it should be, and the authority that says so.
fn trusted(kind: Kind, name: &str) -> (Server, Authority) {
    let authority = Authority::new(&format!("{}-{name}", kind.name()));
    let identity = authority.server("localhost", 2999);
    (Server::start_with_tls(kind, &identity.pem()), authority)
}

/// The daemon for that port of `localhost`, trusting the authority.
fn with_tls(port: u16, authority: &Authority) -> Command {
    let mut command = Daemon::command(COMPONENT, SECRET, "localhost", port);
    command.args(["--tls", "--tls-ca"]).arg(&authority.file);
    command
}

/// Fails unless a server that shows this is refused with these words.
fn refused(kind: Kind, authority: &Authority, identity: &Identity, words: &str) {
    let server = Server::start_with_tls(kind, &identity.pem());
    let mut daemon = tells_each_try(with_tls(server.tls_port(), authority));
    never_online(&mut daemon, words);
}

/// The daemon with a log of more than changes.
fn tells_each_try(mut command: Command) -> Daemon {
    Daemon::run(command.arg("-v"))
}

/// Fails unless the daemon says these words at every try.
#[track_caller]
fn never_online(daemon: &mut Daemon, words: &str) {
    for _ in 0..2 {
        let line = daemon.wait_for_line("offline");
        assert!(line.contains(words), "{words:?} is not in {line}");
    }
    assert_eq!(daemon.count_lines(ONLINE), 0);
    assert_eq!(daemon.terminate(), 0);
}

//! TLS to the component port: what is trusted, what is refused, and the sentence that says so.

#[path = "support/certificates.rs"]
mod certificates;
mod support;
#[path = "support/tls.rs"]
mod tls;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};

use certificates::{Authority, Identity};
use support::COMPONENT;
use support::scripted::{Daemon, SECRET, Server, program};
use tls::{config, config_that_wants_a_certificate, serve_one};
use tokio_rustls::rustls::version::{TLS12, TLS13};

/// The daemon for `localhost` at that port, trusting the authority.
fn daemon(port: u16, authority: &Authority) -> Daemon {
    let mut command = program();
    command.args(["--jid", COMPONENT, "--server", "localhost", "-v", "--tls", "--port"]);
    command.arg(port.to_string()).arg("--tls-ca").arg(&authority.file);
    Daemon::run(command.env("ECHO_COMPONENT_SECRET", SECRET))
}

#[test]
fn a_trusted_certificate_for_the_server_is_accepted() {
    let authority = Authority::new("good");
    let listener = TcpListener::bind("localhost:0").unwrap();
    let mut daemon = daemon(listener.local_addr().unwrap().port(), &authority);
    let echo = serve_one(&listener, &config(&authority.server("localhost", 2999))).unwrap();
    assert_eq!(echo, "<message from='echo.example' to='u@x'>secure</message>");
    daemon.logs("online");
}

#[test]
fn other_certificates_are_refused_with_a_sentence_each() {
    let authority = Authority::new("refused");
    let stranger = Authority::new("stranger");
    for (identity, words) in [
        (authority.server("localhost", 2000), "has expired"),
        (authority.server("other.example", 2999), "is not for localhost"),
        (authority.server_by_common_name("localhost"), "with localhost as its subjectAltName"),
        (authority.client("localhost"), "is not one for servers"),
        (stranger.server("localhost", 2999), "--tls-ca"),
        (Identity::self_signed("localhost"), "--tls-ca"),
        (Identity::self_made_authority("localhost"), "CA:FALSE"),
    ] {
        let listener = TcpListener::bind("localhost:0").unwrap();
        let mut daemon = daemon(listener.local_addr().unwrap().port(), &authority);
        assert!(serve_one(&listener, &config(&identity)).is_err());
        let said = daemon.logs("certificate");
        assert!(said.contains(words), "{words:?} is not in {said}");
    }
}

#[test]
fn a_self_signed_certificate_that_is_named_is_accepted_unless_it_is_an_authoritys() {
    let authority = Authority::new("named");
    for (identity, accepted) in [
        (Identity::self_signed("localhost"), true),
        (Identity::self_made_authority("localhost"), false),
    ] {
        authority.give_way_to(&identity);
        let listener = TcpListener::bind("localhost:0").unwrap();
        let mut daemon = daemon(listener.local_addr().unwrap().port(), &authority);
        assert_eq!(serve_one(&listener, &config(&identity)).is_ok(), accepted);
        daemon.logs(if accepted { "online" } else { "CA:FALSE" });
    }
}

/// Prosody serves only the names of its hosts.
#[test]
fn a_name_that_the_server_has_no_certificate_for_is_named() {
    let authority = Authority::new("unknown-name");
    let listener = TcpListener::bind("localhost:0").unwrap();
    let mut daemon = daemon(listener.local_addr().unwrap().port(), &authority);
    let (mut socket, _) = listener.accept().unwrap();
    socket.read_exact(&mut [0; 100]).unwrap();
    // The alert unrecognized_name, fatal (RFC 6066 §3).
    socket.write_all(b"\x15\x03\x03\0\x02\x02\x70").unwrap();
    daemon.logs("no certificate for the name localhost: give with --server");
}

/// What OpenSSL answers if it is too old, or has a kind of key that few know.
#[test]
fn a_server_with_which_no_tls_is_in_common_is_told_as_such() {
    let authority = Authority::new("nothing-in-common");
    let listener = TcpListener::bind("localhost:0").unwrap();
    let mut daemon = daemon(listener.local_addr().unwrap().port(), &authority);
    // The alerts handshake_failure and protocol_version, fatal (RFC 8446 §6).
    for alert in [0x28, 0x46] {
        let (mut socket, _) = listener.accept().unwrap();
        socket.read_exact(&mut [0; 100]).unwrap();
        socket.write_all(&[0x15, 3, 3, 0, 2, 2, alert]).unwrap();
        daemon.logs("know no TLS in common: let the server speak TLS 1.2 or 1.3");
    }
}

#[test]
fn a_port_that_closes_instead_of_agreeing_on_tls_is_named() {
    let authority = Authority::new("closed");
    let listener = TcpListener::bind("localhost:0").unwrap();
    let mut daemon = daemon(listener.local_addr().unwrap().port(), &authority);
    // It has read nothing, so the first connection is reset, and the second gets a FIN.
    drop(listener.accept().unwrap());
    daemon.logs("check that the port speaks TLS");
    let (mut socket, _) = listener.accept().unwrap();
    socket.read_exact(&mut [0; 100]).unwrap();
    socket.shutdown(Shutdown::Write).unwrap();
    daemon.logs("check that the port speaks TLS");
}

#[test]
fn a_port_that_closes_without_a_word_may_want_tls() {
    let server = Server::start();
    let mut daemon = Daemon::start(&server);
    server.accept().close();
    daemon.logs("if the port wants TLS, give --tls");
    let mut peer = server.accept();
    peer.header();
    peer.close();
    let said = daemon.logs("closed the connection during the login");
    assert!(!said.contains("TLS"), "{said}");
}

#[test]
fn a_port_without_tls_is_named() {
    let authority = Authority::new("plaintext");
    let server = Server::start();
    let mut command = program();
    command.args(["-j", COMPONENT, "-s", "127.0.0.1", "--tls", "--tls-ca"]).arg(&authority.file);
    command.args(["--port", &server.port().to_string()]).env("ECHO_COMPONENT_SECRET", SECRET);
    let mut daemon = Daemon::run(&mut command);
    let mut peer = server.accept();
    peer.send("<?xml version='1.0'?><stream:stream>");
    daemon.logs("does not speak TLS");
}

#[test]
fn authorities_that_cannot_be_read_are_wrong_configuration() {
    for file in ["/no/such/file", "/dev/null", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")] {
        let whole = ["-j", "echo.example", "-s", "localhost", "-p", "x", "--tls", "--tls-ca", file];
        let output = program().args(whole).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(78), "{said}");
        assert!(said.contains(file), "{said}");
    }
}

/// A killed server's kernel says FIN where TLS has a word of its own, close_notify.
#[test]
fn a_connection_that_ends_without_tls_saying_so_is_told_as_such() {
    let authority = Authority::new("no-close-notify");
    let listener = TcpListener::bind("localhost:0").unwrap();
    let mut daemon = daemon(listener.local_addr().unwrap().port(), &authority);
    serve_one(&listener, &config(&authority.server("localhost", 2999))).unwrap();
    let said = daemon.logs("offline");
    assert!(said.contains("offline: the server closed the connection"), "{said}");
    assert!(!said.contains("http"), "{said}");
}

/// With TLS 1.3 the server says so only when the handshake seems to be done.
#[test]
fn a_server_that_wants_a_certificate_is_told_as_such() {
    let authority = Authority::new("client-certificate");
    for version in [&TLS12, &TLS13] {
        let config = config_that_wants_a_certificate(&authority.server("localhost", 2999), version);
        let listener = TcpListener::bind("localhost:0").unwrap();
        let mut daemon = daemon(listener.local_addr().unwrap().port(), &authority);
        assert!(serve_one(&listener, &config).is_err());
        let said = daemon.logs("offline");
        assert!(said.contains("the server wants a client's certificate"), "{version:?}: {said}");
    }
}

#[test]
fn authorities_that_a_variable_puts_in_a_wrong_place_are_wrong_configuration() {
    for variable in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
        let mut command = program();
        command.args(["-j", "echo.example", "-s", "localhost", "-p", "x", "--tls"]);
        let output = command.env(variable, "/no/such/place").output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(78), "{said}");
        assert!(said.contains(&format!("{variable} is /no/such/place")), "{said}");
    }
}

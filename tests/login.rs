//! How the daemon logs in, and what it says when it cannot.

mod support;

use std::net::TcpListener;

use support::scripted::{DIGEST, Daemon, SECRET, Server, program};
use support::{COMPONENT, CONDITIONS, scripted};

const STREAMS: &str = "urn:ietf:params:xml:ns:xmpp-streams";

fn stream_error(condition: &str, text: &str) -> String {
    format!(
        "<stream:error><{condition} xmlns='{STREAMS}'/><text xmlns='{STREAMS}'>{text}</text>\
         </stream:error></stream:stream>"
    )
}

#[test]
fn sends_the_known_digest_for_a_known_id() {
    let server = Server::start();
    let _daemon = Daemon::start(&server);
    let handshake = server.accept().header();
    assert!(handshake.ends_with(&format!(">{DIGEST}</handshake>")), "{handshake}");
}

#[test]
fn answers_the_stanza_that_comes_in_the_handshakes_packet() {
    let server = Server::start();
    let _daemon = Daemon::start(&server);
    let mut peer = server.accept();
    peer.header();
    peer.send(
        "<handshake/><message from='u@x' to='echo.example'>early</message><message from='u@x'",
    );
    peer.expect("<message from='echo.example' to='u@x'>early</message>");
    peer.send(" to='echo.example'>cut</message>");
    peer.expect("<message from='echo.example' to='u@x'>cut</message>");
}

#[test]
fn skips_white_space_and_features_before_the_handshake() {
    let server = Server::start();
    let _daemon = Daemon::start(&server);
    let mut peer = server.accept();
    peer.header();
    peer.send(" \n <stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>");
    peer.send("<mechanism>DIGEST-MD5</mechanism></mechanisms></stream:features>\n");
    peer.send("<handshake xmlns='jabber:component:accept'></handshake>");
    peer.echoes("x");
}

#[test]
fn a_refusal_ends_with_77_and_the_servers_words() {
    for (condition, hint) in [("not-authorized", "secret"), ("host-unknown", "JID")] {
        let server = Server::start();
        let mut daemon = Daemon::start(&server);
        let mut peer = server.accept();
        peer.header();
        peer.send(&stream_error(condition, "the server's words"));
        assert_eq!(daemon.ends().code(), Some(77));
        let said = daemon.log.last().unwrap();
        for part in [condition, "the server's words", hint, COMPONENT, "127.0.0.1:"] {
            assert!(said.contains(part), "{part:?} is not in {said}");
        }
        assert_eq!(daemon.log.len(), 1, "one sentence: {:?}", daemon.log);
    }
}

/// The two that refuse.
const REFUSALS: [&str; 2] = ["not-authorized", "host-unknown"];

#[test]
fn every_other_stream_error_is_named_and_the_login_tried_again() {
    let standard = CONDITIONS.into_iter().filter(|it| !REFUSALS.contains(it));
    let standard = standard.map(|it| (it, stream_error(it, "the server's words")));
    // jabberd2's own, and names that look like a refusal.
    let own = ["xml-not-well-formed", "not-authorised", "host-unknown-", "text2", "Host-Unknown"]
        .map(|it| (it, stream_error(it, "")));
    let end = "</stream:error></stream:stream>";
    let odd = [
        ("undefined-condition", format!("<stream:error>{end}")),
        ("undefined-condition", format!("<stream:error>host-unknown{end}")),
        ("undefined-condition", format!("<stream:error><host-unknown xmlns='urn:x'/>{end}")),
        ("reset", format!("<stream:error><a xmlns='urn:x'/><reset xmlns='{STREAMS}'/>{end}")),
        (
            "see-other-host",
            format!(
                "<stream:error><see-other-host xmlns='{STREAMS}'>[::1]:1</see-other-host>{end}"
            ),
        ),
    ];
    for (condition, words) in standard.chain(own).chain(odd) {
        let server = Server::start();
        let mut daemon = Daemon::start(&server);
        let mut peer = server.accept();
        peer.header();
        peer.send(&words);
        peer.close();
        let said = daemon.logs("offline");
        let named = said.split_once("the server says ").map(|(_, said)| said).unwrap_or_default();
        let name = named.split([' ', ':']).next();
        assert_eq!(name, Some(condition), "{words}: {said}");
        if words.contains("the server's words") {
            assert!(named.contains("(the server's words)"), "{said}");
        }
        server.online().echoes(condition);
    }
}

#[test]
fn a_refusal_right_behind_the_header_is_read_although_the_server_is_gone() {
    let server = Server::start();
    let mut daemon = Daemon::start(&server);
    let mut peer = server.accept();
    peer.until("'>");
    peer.send(&format!(
        "<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' \
         xmlns='jabber:component:accept' version='1.0' id=''>{}",
        stream_error("host-unknown", "no such component")
    ));
    peer.close();
    assert_eq!(daemon.ends().code(), Some(77));
    assert!(daemon.log[0].contains("no such component"), "{:?}", daemon.log);
}

#[test]
fn a_conflict_is_tried_again_until_the_other_is_gone() {
    let server = Server::start();
    let mut daemon = Daemon::start(&server);
    for _ in 0..2 {
        let mut peer = server.accept();
        peer.header();
        peer.send(&stream_error("conflict", "Component already connected"));
        let said = daemon.logs("conflict");
        assert!(said.contains("already connected"), "{said}");
    }
    server.online().echoes("x");
}

/// ejabberd's words, whatever the secret is.
#[test]
fn a_jid_of_the_servers_own_is_refused() {
    for check in [&[][..], &["--check"]] {
        let server = Server::start();
        let mut daemon = Daemon::start_with(&server, check);
        let mut peer = server.accept();
        peer.header();
        peer.send(&stream_error("conflict", "Unable to register route on existing local domain"));
        assert_eq!(daemon.ends().code(), Some(77), "{check:?}");
        let said = daemon.log.last().unwrap();
        assert!(said.contains("one of the server's own domains: give"), "{said}");
        assert!(!said.contains("already connected") && !said.contains("likely"), "{said}");
    }
}

#[test]
fn once_online_no_refusal_is_final() {
    let server = Server::start();
    let mut daemon = Daemon::start(&server);
    server.online().close();
    let mut peer = server.accept();
    peer.header();
    peer.send(&stream_error("not-authorized", ""));
    daemon.logs("not-authorized");
    server.online().echoes("x");
}

#[test]
fn a_header_without_id_is_named() {
    let server = Server::start();
    let mut daemon = Daemon::start(&server);
    let mut peer = server.accept();
    peer.until("'>");
    peer.send("<stream:stream xmlns='jabber:component:accept' ");
    peer.send("xmlns:stream='http://etherx.jabber.org/streams'>");
    peer.close();
    daemon.logs("no id");
}

#[test]
fn other_services_are_named() {
    for (words, name) in [
        (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], "HTTP"),
        (b"\x15\x03\x01\0\x02\x02\x46", "TLS"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH"),
        (b"220 mail.example ESMTP\r\n", "mail"),
        (
            b"<stream:stream xmlns='jabber:client' id='1' \
              xmlns:stream='http://etherx.jabber.org/streams'><stream:error><invalid-namespace \
              xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>",
            "c2s",
        ),
        (
            b"<stream:stream xmlns='jabber:server' id='1' \
              xmlns:stream='http://etherx.jabber.org/streams'></stream:stream>",
            "s2s",
        ),
    ] {
        let server = Server::start();
        let mut daemon = Daemon::start(&server);
        let mut peer = server.accept();
        peer.until("'>");
        peer.send_bytes(words);
        peer.close();
        let said = daemon.logs("the port belongs to");
        assert!(said.contains(name), "{said}");
    }
}

#[test]
fn a_server_that_just_closes_may_mean_the_secret() {
    let server = Server::start();
    let mut daemon = Daemon::start(&server);
    let mut peer = server.accept();
    peer.header();
    peer.close();
    daemon.logs("when the secret or the JID is wrong");
}

#[test]
fn an_unreachable_server_is_tried_again_with_each_address_and_its_reason() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = program();
    command.args(["--jid", COMPONENT, "--server", "localhost", "--port", &port.to_string()]);
    let mut daemon = Daemon::run(command.env("ECHO_COMPONENT_SECRET", SECRET));
    let said = daemon.logs("cannot be reached");
    assert!(said.contains(&format!("127.0.0.1:{port}: Connection refused")), "{said}");
    assert!(said.contains("at once"), "{said}");
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let deadline = std::time::Instant::now() + scripted::SOON;
    while listener.accept().is_err() {
        assert!(std::time::Instant::now() < deadline, "it did not come back");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

#[test]
fn an_unknown_name_is_tried_again() {
    let mut command = program();
    command.args(["--jid", COMPONENT, "--server", "no-such-host.invalid"]);
    let mut daemon = Daemon::run(command.env("ECHO_COMPONENT_SECRET", SECRET));
    daemon.logs("the server's name has no address");
    daemon.signal("TERM");
    assert_eq!(daemon.ends().code(), Some(0));
}

#[test]
fn neither_secret_nor_handshake_is_ever_logged() {
    for words in ["<handshake/>", &stream_error("not-authorized", ""), "<broken", "\0"] {
        let server = Server::start();
        let mut command = program();
        command.args(["--jid", COMPONENT, "--server", "127.0.0.1", "-P"]);
        command.arg(server.port().to_string()).env("RUST_LOG", "trace");
        let mut daemon = Daemon::run(command.env("ECHO_COMPONENT_SECRET", SECRET));
        let mut peer = server.accept();
        peer.header();
        peer.send(words);
        peer.close();
        daemon.logs("127.0.0.1");
        daemon.signal("TERM");
        daemon.ends();
        let log = daemon.log.join("\n");
        assert!(!log.contains(SECRET) && !log.contains(DIGEST), "{log}");
    }
}

//! How the component logs in: on a stream in memory what it says and understands, with the program
//! itself what an admin reads when it cannot.

mod support;

use std::net::TcpListener;

use echo_component::component::address::Domain;
use echo_component::net::error::Cause;
use echo_component::net::login::login;
use support::scripted::{DIGEST, Daemon, SECRET, SOON, Server, program};
use support::{COMPONENT, CONDITIONS};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::JoinHandle;

const STREAMS: &str = "urn:ietf:params:xml:ns:xmpp-streams";

const HEADER: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' \
    xmlns:stream='http://etherx.jabber.org/streams' from='echo.example' id='42'>";

fn stream_error(condition: &str, text: &str) -> String {
    format!(
        "<stream:error><{condition} xmlns='{STREAMS}'/><text xmlns='{STREAMS}'>{text}</text>\
         </stream:error></stream:stream>"
    )
}

/// A login in the background, of which the result is what the server sent behind its answer, and the
/// server's end of the stream.
fn logging_in() -> (DuplexStream, JoinHandle<Result<String, Cause>>) {
    let (server, component) = duplex(1 << 16);
    let login = tokio::spawn(async move {
        let domain = Domain::new(COMPONENT).unwrap();
        let (_, early) = login(component, &domain, &SECRET.into()).await?;
        Ok(String::from_utf8(early).unwrap())
    });
    (server, login)
}

async fn until(server: &mut DuplexStream, end: &str) -> String {
    let mut received = vec![];
    while !received.ends_with(end.as_bytes()) {
        received.push(server.read_u8().await.unwrap());
    }
    String::from_utf8(received).unwrap()
}

/// What an admin reads if a server takes the header, says this, and is silent or gone.
async fn sentence(said: impl AsRef<[u8]>, then_closes: bool) -> String {
    let (mut server, login) = logging_in();
    until(&mut server, "'>").await;
    server.write_all(said.as_ref()).await.unwrap();
    if then_closes {
        server.shutdown().await.unwrap();
    }
    login.await.unwrap().unwrap_err().to_string()
}

#[tokio::test(start_paused = true)]
async fn sends_the_known_digest_for_a_known_id() {
    let (mut server, _login) = logging_in();
    let header = until(&mut server, "'>").await;
    assert!(header.contains(" to='echo.example'"), "{header}");
    server.write_all(HEADER.as_bytes()).await.unwrap();
    let handshake = until(&mut server, "</handshake>").await;
    assert!(handshake.ends_with(&format!(">{DIGEST}</handshake>")), "{handshake}");
}

#[tokio::test(start_paused = true)]
async fn what_comes_right_behind_the_handshake_is_handed_on() {
    let stanzas = "<message from='u@x' to='echo.example'>early</message><message from='u@x'";
    let (mut server, login) = logging_in();
    server.write_all(HEADER.as_bytes()).await.unwrap();
    until(&mut server, "</handshake>").await;
    server.write_all(format!("<handshake/>{stanzas}").as_bytes()).await.unwrap();
    assert_eq!(login.await.unwrap().unwrap(), stanzas);
}

#[tokio::test(start_paused = true)]
async fn white_space_and_features_before_the_handshake_are_skipped() {
    let (mut server, login) = logging_in();
    server.write_all(HEADER.as_bytes()).await.unwrap();
    for piece in [
        " \n <stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>",
        "<mechanism>DIGEST-MD5</mechanism></mechanisms></stream:features>\n",
        "<handshake xmlns='jabber:component:accept'></handshake>",
    ] {
        assert!(!login.is_finished());
        server.write_all(piece.as_bytes()).await.unwrap();
    }
    assert_eq!(login.await.unwrap().unwrap(), "");
}

/// Features as jabberd2 has them, with so many tags more.
fn features(more: usize) -> String {
    format!(
        "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
         <mechanism>DIGEST-MD5</mechanism><mechanism>PLAIN</mechanism></mechanisms>{}\
         </stream:features>",
        "<x/>".repeat(more)
    )
}

/// Some 200 kB, cut off within a stanza, as reads cut it.
fn burst() -> String {
    let stanza = |n| format!("<message from='u@x' to='echo.example'><body>{n}</body></message>");
    (0..3000).map(stanza).collect::<String>() + "<message from='u@x'"
}

#[tokio::test(start_paused = true)]
async fn nothing_of_a_burst_behind_the_handshake_is_lost() {
    // The longest login there may be, and the burst's own tags do not count.
    let [few, many] = [0, 245].map(features);
    for (before, waits_for_ours) in
        [("", true), ("", false), (&*few, true), (&*few, false), (&*many, true), (&*many, false)]
    {
        let (mut server, component) = duplex(1 << 20);
        let login = tokio::spawn(async move {
            let domain = Domain::new(COMPONENT).unwrap();
            login(component, &domain, &SECRET.into()).await
        });
        server.write_all(HEADER.as_bytes()).await.unwrap();
        if waits_for_ours {
            until(&mut server, "</handshake>").await;
        }
        let answer = format!("{before}<handshake/>{}", burst());
        server.write_all(answer.as_bytes()).await.unwrap();
        server.shutdown().await.unwrap();
        let (mut connection, mut received) = login.await.unwrap().unwrap();
        connection.read_to_end(&mut received).await.unwrap();
        let received = String::from_utf8(received).unwrap();
        assert!(received == burst(), "{before:?} {waits_for_ours}: {} bytes", received.len());
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_login_is_taken() {
    let (mut server, login) = logging_in();
    let words = format!("{HEADER}{}{}<handshake/>", " ".repeat(8000), features(200));
    server.write_all(words.as_bytes()).await.unwrap();
    assert_eq!(login.await.unwrap().unwrap(), "");

    let error = stream_error("policy-violation", &"too many words ".repeat(500));
    let said = sentence(format!("{HEADER}{}{error}", features(0)), false).await;
    assert!(said.starts_with("the server says policy-violation (too many words too"), "{said}");
}

/// What reads a login recurses as deep as its elements are, and nobody is authenticated yet. What
/// follows is not waited for: as far as the clock goes, the refusal comes at once.
#[tokio::test(start_paused = true)]
async fn what_is_no_login_by_its_size_is_refused_at_once() {
    let deep = |levels| "<a>".repeat(levels);
    let closed = |levels| deep(levels) + &"</a>".repeat(levels);
    for (words, limit) in [
        (deep(300), "256 tags"),
        (deep(1_300), "256 tags"),
        (deep(5_400), "256 tags"),
        (deep(20_000), "256 tags"),
        (closed(5_400), "256 tags"),
        (format!("<stream:features>{}", deep(5_400)), "256 tags"),
        (format!("<stream:error>{}", deep(5_400)), "256 tags"),
        (format!("<handshake>{}", deep(5_400)), "256 tags"),
        ("<a/>".repeat(5_400), "256 tags"),
        (" ".repeat(30_000), "16384 bytes"),
        (format!("<stream:error>{}", "words ".repeat(5_000)), "16384 bytes"),
    ] {
        let start = tokio::time::Instant::now();
        let said = sentence(format!("{HEADER}{words}"), false).await;
        let expected = format!(
            "what the server sent is no component stream (it has more than {limit} before its \
             answer to the login): check that the port is the server's component port"
        );
        assert_eq!(said, expected, "{}", &words[..30]);
        assert!(start.elapsed().is_zero(), "{said} after {:?}", start.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn every_stream_error_is_named() {
    let standard = CONDITIONS.into_iter().map(|it| (it, stream_error(it, "the server's words")));
    // jabberd2's own, and names that look like a refusal.
    let own = ["xml-not-well-formed", "not-authorised", "host-unknown-", "text2", "Host-Unknown"]
        .map(|it| (it, stream_error(it, "")));
    let end = "</stream:error></stream:stream>";
    let odd = [
        ("undefined-condition", format!("<stream:error>{end}")),
        ("undefined-condition", format!("<stream:error>host-unknown{end}")),
        ("undefined-condition", format!("<stream:error><host-unknown xmlns='urn:x'/>{end}")),
        ("reset", format!("<stream:error><a xmlns='urn:x'/><reset xmlns='{STREAMS}'/>{end}")),
    ];
    for (condition, words) in standard.chain(own).chain(odd) {
        let said = sentence(format!("{HEADER}{words}"), true).await;
        let named = said.strip_prefix("the server says ").unwrap_or_default();
        assert_eq!(named.split([' ', ':']).next(), Some(condition), "{words}: {said}");
        if words.contains("the server's words") {
            assert!(named.contains("(the server's words)"), "{said}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_error_comes_with_what_to_do() {
    for (condition, hint) in [
        ("not-authorized", "check the secret, and that the JID is set up"),
        ("host-unknown", "set up this JID as a component at the server"),
        ("conflict", "another process is connected as this JID"),
        ("invalid-namespace", "check that the port is the server's component port"),
    ] {
        let said = sentence(format!("{HEADER}{}", stream_error(condition, "")), true).await;
        assert!(said.contains(hint), "{said}");
    }
}

#[tokio::test(start_paused = true)]
async fn another_host_is_named_with_the_option_that_takes_it() {
    for host in ["[2001:db8::1]:5347", "other.example"] {
        let error = format!("<see-other-host xmlns='{STREAMS}'>{host}</see-other-host>");
        let said = sentence(format!("{HEADER}<stream:error>{error}</stream:error>"), false).await;
        let expected = format!("see-other-host ({host}): give that host with --server");
        assert!(said.ends_with(&expected), "{said}");
    }
}

/// The servers that greet first wait for an answer then, as it would be told apart from theirs.
#[tokio::test(start_paused = true)]
async fn a_port_that_speaks_something_else_is_named_at_once() {
    for (words, sentence_has) in [
        (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], "a web server (HTTP)"),
        (b"\x15\x03\x01\0\x02\x02\x46", "wants TLS: give --tls, or the server's port"),
        (b"\x15\x03\x03\0\x02\x02\x0a", "wants TLS: give --tls, or the server's port"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "an SSH server"),
        (b"220 mail.example ESMTP\r\n", "a mail or FTP server"),
        (b"220-ftp.example\r\n", "a mail or FTP server"),
        (b"+OK POP3 ready\r\n", "a mail server (POP3)"),
        (b"* OK IMAP4rev1 ready\r\n", "a mail server (IMAP)"),
        (b"\r\n SSH", "no component stream (it is not XML)"),
        (b"\x4a\0\0\0\x0a8.0.36\0", "no component stream (it is not XML)"),
    ] {
        let start = tokio::time::Instant::now();
        let said = sentence(words, false).await;
        assert!(said.contains(sentence_has), "{sentence_has:?} is not in {said}");
        assert!(start.elapsed().is_zero(), "{said} after {:?}", start.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn the_other_ports_of_an_xmpp_server_are_named() {
    let closed = "</stream:stream>".to_owned();
    for (namespace, words, name) in [
        ("jabber:client", stream_error("invalid-namespace", ""), "XMPP clients (c2s)"),
        ("jabber:client", stream_error("host-unknown", ""), "XMPP clients (c2s)"),
        ("jabber:client", String::new(), "XMPP clients (c2s)"),
        // jabberd2 takes on any namespace there.
        (
            "jabber:component:accept' xmlns:ack='http://www.xmpp.org/extensions/xep-0198.html#ns",
            stream_error("host-unknown", "service requested for unknown domain"),
            "XMPP clients (c2s)",
        ),
        ("jabber:server", closed, "other XMPP servers (s2s)"),
    ] {
        let header = HEADER.replace("jabber:component:accept", namespace);
        let said = sentence(format!("{header}{words}"), false).await;
        let expected = format!("the port belongs to {name}: give the server's component port");
        assert_eq!(said, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_just_closes_is_told_by_how_far_it_came() {
    let without_id = HEADER.replace(" id='42'", "");
    for (words, hint) in [
        (HEADER, "when the secret or the JID is wrong"),
        ("<?xml version='1.0'?>", "when the secret or the JID is wrong"),
        ("", "without a word: if the port wants TLS, give --tls"),
        (&*without_id, "no id"),
        ("<html></html>", "no component stream"),
    ] {
        let said = sentence(words, true).await;
        assert!(said.contains(hint), "{words:?}: {said}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_read_although_the_server_is_gone() {
    let header = HEADER.replace("id='42'", "version='1.0' id=''");
    let refusal = header + &stream_error("host-unknown", "no such component");
    let said = sentence(&refusal, true).await;
    assert!(said.contains("host-unknown (no such component)"), "{said}");

    let (mut server, component) = duplex(1 << 16);
    server.write_all(refusal.as_bytes()).await.unwrap();
    drop(server);
    let domain = Domain::new(COMPONENT).unwrap();
    let said = login(component, &domain, &SECRET.into()).await.unwrap_err().to_string();
    assert!(said.contains("host-unknown (no such component)"), "before it was asked: {said}");
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

#[test]
fn a_conflict_is_tried_again_until_the_other_is_gone() {
    let server = Server::start();
    let mut daemon = Daemon::start_with(&server, &["-v"]);
    for _ in 0..2 {
        let mut peer = server.accept();
        peer.header();
        peer.send(&stream_error("conflict", "Component already connected"));
        let said = daemon.logs("conflict");
        assert!(said.contains("another process is connected as this JID"), "{said}");
    }
    server.online().echoes("x");
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
fn a_server_whose_login_has_no_end_is_named_and_tried_again() {
    let server = Server::start();
    let mut daemon = Daemon::start(&server);
    let mut peer = server.accept();
    peer.header();
    peer.send(&"<a>".repeat(20_000));
    let said = daemon.logs("no component stream");
    assert!(said.contains("more than 256 tags"), "{said}");
    assert!(said.contains("check that the port is the server's component port"), "{said}");
    server.online().echoes("x");
}

#[test]
fn an_unreachable_server_is_tried_again_with_each_address_and_its_reason() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = program();
    command.args(["--jid", COMPONENT, "--server", "localhost", "--port", &port.to_string()]);
    let mut daemon = Daemon::run(command.env("ECHO_COMPONENT_SECRET", SECRET));
    let said = daemon.logs("cannot be reached");
    assert!(said.contains(&format!("127.0.0.1:{port}: Connection refused")), "{said}");
    assert!(said.contains("retry_s=0.0"), "{said}");
    // Once, whatever the number of addresses.
    assert_eq!(said.matches("check that it runs with a component set up").count(), 1, "{said}");
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let deadline = std::time::Instant::now() + SOON;
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
    let said = daemon.logs("the server's name has no address");
    assert!(said.contains("check --server, and this machine's name servers"), "{said}");
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

/// ejabberd says so of a JID that is a domain of its own, in the language it is set to.
#[test]
fn a_conflict_is_one_whatever_the_server_adds_to_it() {
    for words in [
        "Unable to register route on existing local domain",
        "Die Route existiert schon auf einer lokalen Domain",
    ] {
        let server = Server::start();
        let mut daemon = Daemon::start(&server);
        let mut peer = server.accept();
        peer.header();
        peer.send(&stream_error("conflict", words));
        let said = daemon.logs("retry_s=");
        assert!(said.contains("another process is connected as this JID"), "{said}");
        let mut check = Daemon::start_with(&server, &["--check"]);
        // The daemon tries again, too, and one of the two is the check.
        for _ in 0..2 {
            let mut peer = server.accept();
            peer.header();
            peer.send(&stream_error("conflict", words));
        }
        assert_eq!(check.ends().code(), Some(69));
        let said = check.log.last().unwrap();
        assert!(said.contains("another process is connected as this JID"), "{said}");
        assert!(!said.contains("are right"), "nothing is known of secret and port: {said}");
    }
}

#[test]
fn a_check_at_another_port_of_the_server_ends_with_69() {
    let header = HEADER.replace("jabber:component:accept", "jabber:client");
    for words in [header + &stream_error("host-unknown", ""), "SSH-2.0-x\r\n".into()] {
        let server = Server::start();
        let mut check = Daemon::start_with(&server, &["--check"]);
        let mut peer = server.accept();
        peer.until("'>");
        peer.send(&words);
        assert_eq!(check.ends().code(), Some(69), "{:?}", check.log);
    }
}

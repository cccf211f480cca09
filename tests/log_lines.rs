//! What log lines carry: everything about a connection has its number and the server's address, at the
//! end of a line, in text and in JSON; and a line at the default level is one to read.

mod support;

use std::net::TcpListener;

use serde_json::Value;
use support::COMPONENT;
use support::scripted::{Daemon, Peer, SECRET, Server, program};

const STREAMS: &str = "urn:ietf:params:xml:ns:xmpp-streams";

fn refuse(mut peer: Peer, condition: &str) {
    peer.header();
    peer.send(&format!("<stream:error><{condition} xmlns='{STREAMS}'/></stream:error>"));
    peer.send("</stream:stream>");
    peer.close();
}

/// A connection with stanzas that each have a line at `-vv`, one that fails in the login, and one that
/// is open still.
fn three_connections(server: &Server) -> Peer {
    let mut peer = server.online();
    peer.echoes("x");
    for stanza in [
        format!("<message type='error' from='u@x' to='{COMPONENT}'/>"),
        "<message from='u@x' to='other.example'/>".to_owned(),
        format!("<iq type='get' id='1' from='u@x' to='{COMPONENT}'><x/></iq>"),
    ] {
        peer.send(&stanza);
    }
    peer.until("</iq>");
    peer.close();
    refuse(server.accept(), "conflict");
    let mut peer = server.online();
    peer.echoes("x");
    peer
}

/// What the lines say, in the order in which they come, and the connection that they are about.
const LINES: [(&str, u64); 11] = [
    ("online", 1),
    ("message echoed", 1),
    ("message not answered: it is an error", 1),
    ("the server hands over stanzas for another domain", 1),
    ("message not answered: its address is none that this component answers for", 1),
    ("request answered", 1),
    ("offline: ", 1),
    ("offline: the server says conflict", 2),
    ("online", 3),
    ("message echoed", 3),
    ("offline, stopped as asked", 3),
];

/// The log of a daemon that has had these connections.
fn log(options: &[&str]) -> (Vec<String>, String) {
    let server = Server::start();
    let mut daemon = Daemon::start_with(&server, options);
    let mut open = three_connections(&server);
    daemon.signal("TERM");
    open.until("</stream:stream>");
    open.close();
    assert_eq!(daemon.ends().code(), Some(0), "{:?}", daemon.log);
    (std::mem::take(&mut daemon.log), format!("127.0.0.1:{}", server.port()))
}

#[test]
fn every_line_about_a_connection_ends_with_its_number_and_address() {
    let (log, peer) = log(&["-vv"]);
    let mut lines = log.iter();
    for (words, number) in LINES {
        let line = lines.find(|line| line.contains(words));
        let line = line.unwrap_or_else(|| panic!("{words:?} is not in {log:#?}"));
        assert!(line.ends_with(&format!(" connection={number} peer={peer}")), "{line}");
    }
    for line in &log {
        let wanted = usize::from(!line.contains("stopping on SIGTERM"));
        assert_eq!(line.matches(" connection=").count(), wanted, "{line}");
    }
}

#[test]
fn every_object_about_a_connection_has_its_number_and_address() {
    let (log, peer) = log(&["-vv", "--log-format", "json"]);
    let objects: Vec<Value> =
        log.iter().map(|line| serde_json::from_str(line).expect("an object a line")).collect();
    let mut lines = objects.iter();
    for (words, number) in LINES {
        let is_it = |line: &&Value| line["message"].as_str().is_some_and(|it| it.contains(words));
        let line = lines.find(is_it).unwrap_or_else(|| panic!("{words:?} is not in {log:#?}"));
        assert_eq!(line["span"]["connection"], number, "{line}");
        assert_eq!(line["span"]["peer"], peer, "{line}");
        assert!(line["spans"].is_null(), "it is said once: {line}");
    }
}

#[test]
fn an_object_has_values_as_they_are() {
    let (log, _) = log(&["-v", "--log-format", "json"]);
    let values = |key: &str| -> Vec<Value> {
        let objects = log.iter().map(|line| serde_json::from_str::<Value>(line).unwrap());
        objects.map(|it| it[key].clone()).filter(|it| !it.is_null()).collect()
    };
    assert_eq!(values("domain"), ["other.example"]);
    assert_eq!(values("from"), ["u@x"; 3]);
}

#[test]
fn nothing_that_a_stranger_writes_acts_on_a_terminal() {
    let odd = "a\u{9b}31m\u{7f}\u{85}\u{202e}\u{2028}\u{e0041}é日😀";
    for options in [&["-vv"][..], &["-vv", "--log-format", "json"]] {
        let server = Server::start();
        let mut daemon = Daemon::start_with(&server, options);
        let mut peer = server.online();
        peer.send(&format!("<message type='error' id='{odd}' from='{odd}@x' to='{COMPONENT}'/>"));
        let line = daemon.logs("it is an error");
        let acts = |c: char| !"é日😀".contains(c) && !matches!(c, ' '..='~');
        assert!(!line.contains(acts), "{line:?}");
        assert!(line.contains("é日😀"), "what can be seen is shown as it is: {line:?}");
        if options.len() > 1 {
            let object: Value = serde_json::from_str(&line).unwrap();
            assert_eq!(object["id"], odd);
            assert_eq!(object["from"], format!("{odd}@x"));
        }
    }
}

#[test]
fn a_line_at_the_default_level_says_first_what_has_happened() {
    let (log, peer) = log(&[]);
    let about = format!("jid=\"{COMPONENT}\" server={peer}");
    let online = format!(" INFO online {about} connection=1 peer={peer}");
    assert!(log[0].ends_with(&online), "{}", log[0]);
    let (time, _) = log[0].split_once(' ').unwrap();
    assert!(time.ends_with('Z') && time.contains('T'), "RFC 3339: {time}");
    for line in log.iter().filter(|line| line.contains(" offline: ")) {
        assert!(line.contains(&format!(" {about} retry_s=")), "{line}");
        assert!(line.contains("Z  WARN offline: the server "), "{line}");
    }
}

#[test]
fn a_quiet_log_names_the_connection_too() {
    let (log, peer) = log(&["-q"]);
    assert!(log.iter().all(|line| line.contains(" connection=")), "{log:#?}");
    assert!(log.iter().any(|line| line.ends_with(&format!(" peer={peer}"))), "{log:#?}");
}

#[test]
fn a_refusal_names_its_connection_and_a_closed_port_has_none() {
    let server = Server::start();
    let mut daemon = Daemon::start(&server);
    refuse(server.accept(), "not-authorized");
    assert_eq!(daemon.ends().code(), Some(77));
    let line = daemon.log.last().unwrap();
    let end = format!(" connection=1 peer=127.0.0.1:{}", server.port());
    assert!(line.contains("ERROR refused: ") && line.ends_with(&end), "{line}");

    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = program();
    command.args(["--jid", COMPONENT, "--server", "127.0.0.1", "--port", &closed.to_string()]);
    let mut daemon = Daemon::run(command.env("ECHO_COMPONENT_SECRET", SECRET));
    let line = daemon.logs("offline: ");
    assert!(!line.contains("connection=") && !line.contains("peer="), "{line}");
    let why = format!("cannot be reached at 127.0.0.1:{closed}: Connection refused; check that");
    assert!(line.contains(&why), "an admin has no use for the number of an error: {line}");
}

//! The whole corpus over a socket: the daemon never dies, is back after each stream error, and takes
//! little memory.

use echo_component::xml::error::Fault;

use crate::case::{Case, Outcome};
use crate::support::COMPONENT;
use crate::support::scripted::{Daemon, Peer, Server};
use crate::{KINDS, complaint};

/// The most memory that a daemon may ever have taken, in KiB.
const MEMORY: usize = 32 << 10;

fn all(ending: bool) -> impl Iterator<Item = Case> {
    KINDS
        .into_iter()
        .flat_map(|(_, cases)| cases())
        .filter(move |case| matches!(case.outcome, Outcome::Ends(_) | Outcome::Ended(_)) == ending)
}

fn start() -> (Server, Daemon) {
    let server = Server::start();
    // All of the corpus comes from one sender. What is remembered of senders takes memory too, so that
    // their allowance is as large as can be, and not off.
    let daemon = Daemon::start_with(&server, &["--flood-burst", "1000000000"]);
    (server, daemon)
}

fn send(peer: &mut Peer, case: &Case) {
    for piece in case.pieces() {
        peer.send_bytes(&piece);
    }
}

#[track_caller]
fn check_memory(daemon: &Daemon, after: &str) {
    let peak = daemon.peak_memory();
    assert!(peak < MEMORY, "{peak} KiB after {after}");
}

#[test]
fn a_stream_lives_through_all_that_a_server_may_forward_in_32_mib() {
    let (server, daemon) = start();
    let mut peer = server.online();
    for (nth, case) in all(false).enumerate() {
        send(&mut peer, &case);
        let marker = format!("<body>after {nth}</body>");
        peer.send(&format!("<message from='u@x' to='{COMPONENT}'>{marker}</message>"));
        let answer = format!("<message from='{COMPONENT}' to='u@x'>{marker}</message>");
        let sent = peer.until(&answer);
        let sent = sent.strip_suffix(&answer).unwrap_or_default().trim_end_matches(' ');
        assert_eq!(complaint(&case.outcome, sent), None, "{}", case.name);
        check_memory(&daemon, &case.name);
    }
}

/// Each has a daemon of its own, since it comes back at once after its first end only.
#[test]
fn the_daemon_is_back_at_once_after_every_end_of_a_stream_in_32_mib() {
    let mut ended = 0;
    for case in all(true) {
        let (server, mut daemon) = start();
        let mut peer = server.online();
        peer.echoes("before");
        send(&mut peer, &case);
        ends(&mut peer, &case);
        peer.close();
        let said = daemon.logs("offline");
        assert!(said.contains("retry_s=0.0"), "{said} after {}", case.name);
        server.online().echoes("after");
        check_memory(&daemon, &case.name);
        ended += 1;
    }
    assert!(ended > 700, "{ended}");
}

#[track_caller]
fn ends(peer: &mut Peer, case: &Case) {
    let Outcome::Ends(fault) = case.outcome else {
        peer.expect("</stream:stream>");
        return;
    };
    let condition = match fault {
        Fault::NotWellFormed => "not-well-formed",
        Fault::RestrictedXml => "restricted-xml",
        Fault::UnsupportedEncoding => "unsupported-encoding",
        Fault::PolicyViolation => "policy-violation",
    };
    peer.expect(&format!(
        "<stream:error><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'>"
    ));
    peer.until("</stream:error></stream:stream>");
}

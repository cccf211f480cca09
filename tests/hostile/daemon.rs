//! The whole corpus over a socket: the daemon never dies, is back after each stream error, and takes
//! little memory.

use echo_component::fault::Fault;

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
    // All of the corpus comes from one sender.
    let daemon = Daemon::start_with(&server, &["--flood-burst", "0"]);
    (server, daemon)
}

fn send(peer: &mut Peer, case: &Case) {
    for piece in case.pieces() {
        peer.send_bytes(&piece);
    }
}

/// The most memory that the daemon has taken so far, which also shows that it lives.
#[track_caller]
fn check_memory(daemon: &Daemon, after: &str) {
    let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.pid())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.unwrap_or_else(|| panic!("the daemon died of {after}"));
    let peak: usize = peak.trim().trim_end_matches(" kB").parse().unwrap();
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
        if let Outcome::Echo(echo) = &case.outcome {
            peer.expect(&(echo.clone() + &answer));
        } else {
            let sent = peer.until(&answer);
            let sent = sent.strip_suffix(&answer).unwrap_or_default();
            assert_eq!(complaint(&case.outcome, sent), None, "{}", case.name);
        }
        check_memory(&daemon, &case.name);
    }
}

/// After its first stream error a daemon is back at once, before the next it waits: so each gets
/// two of them, and lives on after both.
#[test]
fn the_daemon_is_back_after_every_end_of_a_stream_in_32_mib() {
    let cases: Vec<Case> = all(true).collect();
    for pair in cases.chunks(2) {
        let (server, daemon) = start();
        for case in pair {
            let mut peer = server.online();
            peer.echoes("before");
            send(&mut peer, case);
            ends(&mut peer, case);
            peer.close();
            check_memory(&daemon, &case.name);
        }
    }
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

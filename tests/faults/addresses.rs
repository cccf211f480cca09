//! A name with several addresses, and servers of which not all let the component in.

use std::time::{Duration, Instant};

use crate::COMPONENT;
use crate::namespace::{is_inside, shell};
use crate::support::folder::Folder;
use crate::support::scripted::{Daemon, Peer, SECRET, Server, program};

const NAME: &str = "server.test";

/// What the server at the first address does.
type First = fn(Peer);

/// Each with what is said of it if the second does not let the component in either.
const FIRST: [(&str, First); 5] = [
    ("closed the connection during the login", Peer::close),
    ("the port belongs to an SSH server", |mut peer| {
        peer.send("SSH-2.0-OpenSSH_9.2\r\n");
        peer.until_closed();
    }),
    ("the server says host-unknown", |peer| refuse(peer, "host-unknown")),
    ("the server says conflict", |peer| refuse(peer, "conflict")),
    ("did not finish the login in time", |mut peer| {
        peer.until_closed();
    }),
];

#[test]
fn a_login_that_failed_at_one_address_goes_on_at_the_next() {
    let name = "addresses::a_login_that_failed_at_one_address_goes_on_at_the_next";
    if !is_inside(name, &[]) {
        return;
    }
    let _hosts = two_addresses();
    for (what, first) in FIRST {
        let (one, two) = servers();
        let mut daemon = daemon(one.port(), &[]);
        let since = Instant::now();
        let play = std::thread::spawn({
            let peer = one.accept();
            move || first(peer)
        });
        let mut peer = two.accept();
        peer.header();
        peer.send("<handshake/>");
        peer.echoes(what);
        daemon.logs("online");
        assert_eq!(daemon.log.len(), 1, "in the same try: {:?}", daemon.log);
        play.join().unwrap();
        println!("{what}: at the other address after {:.1?}", since.elapsed());
    }
}

#[test]
fn the_sentence_names_each_address_with_its_reason() {
    let name = "addresses::the_sentence_names_each_address_with_its_reason";
    if !is_inside(name, &[]) {
        return;
    }
    let _hosts = two_addresses();
    for (what, first) in &FIRST[..4] {
        let (one, two) = servers();
        let mut daemon = daemon(one.port(), &[]);
        first(one.accept());
        refuse(two.accept(), "policy-violation");
        let said = daemon.logs("retry_s=");
        let port = one.port();
        let at_one = format!("there is no login at 127.0.0.1:{port}: ");
        let at_two = format!("; nor at 127.0.0.2:{port}: the server says policy-violation");
        assert!(said.contains(&at_one) && said.contains(what) && said.contains(&at_two), "{said}");
    }
}

#[test]
fn a_refusal_counts_only_if_every_address_that_answered_refused() {
    let name = "addresses::a_refusal_counts_only_if_every_address_that_answered_refused";
    if !is_inside(name, &[]) {
        return;
    }
    let _hosts = two_addresses();
    for options in [&[][..], &["--check"]] {
        let (one, two) = servers();
        let mut refused = daemon(one.port(), options);
        refuse(one.accept(), "host-unknown");
        refuse(two.accept(), "not-authorized");
        assert_eq!(refused.ends().code(), Some(77), "{:?}", refused.log);

        let (one, two) = servers();
        drop(two);
        let mut refused = daemon(one.port(), options);
        refuse(one.accept(), "host-unknown");
        assert_eq!(refused.ends().code(), Some(77), "the other was not there: {:?}", refused.log);
    }
    let (one, two) = servers();
    let mut check = daemon(one.port(), &["--check"]);
    refuse(one.accept(), "host-unknown");
    two.accept().close();
    assert_eq!(check.ends().code(), Some(69), "{:?}", check.log);
}

#[test]
fn a_name_beyond_ascii_is_looked_up_by_its_a_label() {
    let name = "addresses::a_name_beyond_ascii_is_looked_up_by_its_a_label";
    if !is_inside(name, &[]) {
        return;
    }
    let folder = Folder::new("a-label");
    let hosts = folder.file("hosts", b"127.0.0.1 xn--bcher-kva.example\n", 0o644);
    shell(&format!("mount --bind {hosts} /etc/hosts"));
    let server = Server::start();
    let mut daemon = daemon_for("b\u{fc}cher.example", server.port(), &[]);
    server.online().echoes("x");
    let said = daemon.logs("online");
    assert!(said.contains(&format!("b\u{fc}cher.example:{}", server.port())), "{said}");
}

/// A link-local address is one on each interface, and says on which it is meant.
#[test]
fn an_address_may_name_its_interface() {
    let name = "addresses::an_address_may_name_its_interface";
    if !is_inside(name, &["--net"]) {
        return;
    }
    shell("ip link set lo up && ip address add fe80::1/64 dev lo nodad");
    let server = Server::at("[::]:0");
    for address in ["fe80::1%lo", "[fe80::1%lo]"] {
        let mut daemon = daemon_for(address, server.port(), &[]);
        let mut peer = server.online();
        peer.echoes("x");
        let said = daemon.logs("online");
        assert!(said.contains(&format!("[fe80::1%lo]:{}", server.port())), "{said}");
        // Before its connection ends, or it would connect again and be taken for the next.
        drop(daemon);
    }
}

fn refuse(mut peer: Peer, condition: &str) {
    peer.header();
    peer.send(&format!(
        "<stream:error><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>\
         </stream:stream>"
    ));
    peer.close();
}

/// Names are looked up in a file that only we see.
fn two_addresses() -> Folder {
    let folder = Folder::new("two-addresses");
    let hosts = format!("127.0.0.1 {NAME}\n127.0.0.2 {NAME}\n");
    let hosts = folder.file("hosts", hosts.as_bytes(), 0o644);
    shell(&format!("mount --bind {hosts} /etc/hosts"));
    folder
}

/// Both at the same port.
fn servers() -> (Server, Server) {
    let one = Server::start();
    let two = Server::at(&format!("127.0.0.2:{}", one.port()));
    (one, two)
}

fn daemon(port: u16, options: &[&str]) -> Daemon {
    daemon_for(NAME, port, options)
}

fn daemon_for(server: &str, port: u16, options: &[&str]) -> Daemon {
    let mut command = program();
    command.args(["--jid", COMPONENT, "--server", server, "--port", &port.to_string()]);
    Daemon::run(command.args(options).env("ECHO_COMPONENT_SECRET", SECRET))
}

#[test]
fn a_server_whose_addresses_are_all_slow_is_left_within_the_time_for_a_try() {
    let name = "addresses::a_server_whose_addresses_are_all_slow_is_left_within_the_time_for_a_try";
    if !is_inside(name, &[]) {
        return;
    }
    let _hosts = two_addresses();
    let (one, two) = servers();
    let mut daemon = daemon(one.port(), &[]);
    let since = Instant::now();
    let peers = (one.accept(), two.accept());
    let said = daemon.logs_within(Duration::from_secs(60), "retry_s=");
    assert_eq!(said.matches("did not finish the login in time").count(), 2, "{said}");
    assert!(since.elapsed() > Duration::from_secs(29), "{:?}", since.elapsed());
    drop(peers);
}

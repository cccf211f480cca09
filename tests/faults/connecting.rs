//! Faults before the component is online: servers that are slow, refuse, close, or move.

use std::io::Write;
use std::time::{Duration, Instant};

use crate::namespace::{is_inside, shell};
use crate::slow;
use crate::support::pauses::grow;
use crate::support::scripted::{Daemon, Peer, SECRET, SOON, Server, program};
use crate::{COMPONENT, is_back, offline};

/// How long a login may take; twice that on a busy machine.
const LOGIN: Duration = Duration::from_secs(30);

#[test]
fn a_login_that_comes_to_no_end_is_left_after_30_s() {
    std::thread::scope(|scope| {
        scope.spawn(|| is_left("no answer at all", |_| {}));
        scope.spawn(|| {
            is_left("white space for ever", |peer| {
                peer.header();
                let mut connection = peer.connection();
                let until = Instant::now() + LOGIN * 2;
                std::thread::spawn(move || {
                    while connection.write_all(b" ").is_ok() && Instant::now() < until {
                        std::thread::sleep(Duration::from_millis(100));
                    }
                });
            });
        });
    });
}

#[track_caller]
fn is_left(what: &str, serve: impl FnOnce(&mut Peer)) {
    let server = Server::start();
    let mut daemon = Daemon::start(&server);
    let mut peer = server.accept();
    let since = Instant::now();
    serve(&mut peer);
    let said = daemon.logs_within(LOGIN * 2, "offline");
    assert!(said.contains("did not finish the login in time"), "{said}");
    let took = since.elapsed();
    assert!(took > Duration::from_secs(29) && took < LOGIN * 2, "{what}: {took:?}");
    is_back(&server);
    println!("{what}: left after {took:.1?}");
}

#[test]
fn a_login_answered_late_is_a_login() {
    let server = Server::start();
    let _daemon = Daemon::start(&server);
    let mut peer = server.accept();
    std::thread::sleep(Duration::from_secs(3));
    peer.header();
    std::thread::sleep(Duration::from_secs(5));
    peer.send("<handshake/>");
    peer.echoes("late");
}

#[test]
fn conflicts_are_waited_out_with_growing_pauses() {
    let server = Server::start();
    // The same reason is told again to those alone who want to know more.
    let mut daemon = Daemon::start_with(&server, &["-v"]);
    let mut pauses = vec![];
    for _ in 0..5 {
        refuse_for_another(server.accept());
        pauses.push(offline(&mut daemon, "another process is connected as this JID"));
    }
    grow(&pauses);
    is_back(&server);
    println!("five conflicts, then let in: pauses {pauses:?}");
}

fn refuse_for_another(mut peer: Peer) {
    peer.header();
    peer.send(
        "<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>\
         </stream:stream>",
    );
    peer.close();
}

/// As long as a server may take to notice that the one before is dead.
#[test]
fn a_conflict_of_a_minute_costs_a_few_tries_and_at_most_a_minute_more() {
    const MINUTE: Duration = Duration::from_secs(60);
    if !slow::is_asked_for("a conflict that lasts for a minute") {
        return;
    }
    let server = Server::start();
    let mut daemon = Daemon::start(&server);
    let since = Instant::now();
    let mut refused = 0;
    let mut peer = loop {
        // A busy machine may add a little to the longest pause.
        let peer = server.accept_within(MINUTE + SOON / 2);
        if since.elapsed() > MINUTE {
            break peer;
        }
        refuse_for_another(peer);
        refused += 1;
    };
    peer.header();
    peer.send("<handshake/>");
    peer.echoes("let in");
    let took = since.elapsed();
    daemon.logs("online");
    let said =
        daemon.log.iter().filter(|line| line.contains("another process is connected as this JID"));
    assert_eq!(said.count(), 1, "told once, whatever the number of tries: {:?}", daemon.log);
    assert!((6..=9).contains(&refused), "{refused} tries in a minute");
    daemon.signal("TERM");
    peer.until("</stream:stream>");
    peer.send("</stream:stream>");
    assert_eq!(daemon.ends().code(), Some(0));
    println!("a minute of conflict: {refused} tries, let in after {took:.1?}");
}

#[test]
fn a_server_that_closes_at_once_again_and_again_is_tried_ever_more_rarely() {
    let server = Server::start();
    let mut daemon = Daemon::start(&server);
    let mut pauses = vec![];
    for nth in 0..5 {
        let mut peer = server.accept();
        if nth % 2 == 1 {
            peer.header();
        }
        peer.close();
        pauses.push(offline(&mut daemon, "closed the connection during the login"));
    }
    grow(&pauses);
    is_back(&server);
    println!("closed at once five times: pauses {pauses:?}");
}

#[test]
fn a_server_that_has_moved_is_found_at_its_new_address() {
    let name = "connecting::a_server_that_has_moved_is_found_at_its_new_address";
    if !is_inside(name, &[]) {
        return;
    }
    // Names are looked up in a file that only we see.
    let hosts = std::env::temp_dir().join(format!("echo-component-hosts-{}", std::process::id()));
    let moves_to = |address| std::fs::write(&hosts, format!("{address} moving.test\n")).unwrap();
    moves_to("127.0.0.1");
    shell(&format!("mount --bind {} /etc/hosts", hosts.display()));
    let old = Server::start();
    let mut command = program();
    command.args(["--jid", COMPONENT, "--server", "moving.test"]);
    command.args(["--port", &old.port().to_string()]);
    let mut daemon = Daemon::run(command.env("ECHO_COMPONENT_SECRET", SECRET));
    let mut peer = old.online();
    peer.echoes("old");
    let new = Server::at(&format!("127.0.0.2:{}", old.port()));
    moves_to("127.0.0.2");
    drop(old);
    peer.close();
    offline(&mut daemon, "closed the connection");
    is_back(&new);
    std::fs::remove_file(hosts).unwrap();
}

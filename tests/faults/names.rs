//! Name servers that do not answer.

use std::net::{Ipv4Addr, UdpSocket};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::COMPONENT;
use crate::namespace::{is_inside, shell};
use crate::support::folder::Folder;
use crate::support::scripted::{Daemon, SECRET, Server, program};

/// More than it takes glibc to go on to the next name server, 5 s.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_dead_first_name_server_costs_seconds_and_no_try() {
    let name = "names::a_dead_first_name_server_costs_seconds_and_no_try";
    if !is_inside(name, &["--net"]) {
        return;
    }
    let _folder = look_up_with("nameserver 127.0.0.11\nnameserver 127.0.0.12\n");
    let _silent = UdpSocket::bind("127.0.0.11:53").unwrap();
    let good = UdpSocket::bind("127.0.0.12:53").unwrap();
    std::thread::spawn(move || answer(&good, vec![Ipv4Addr::LOCALHOST]));
    let server = Server::start();
    let since = Instant::now();
    let mut daemon = daemon(server.port());
    let mut peer = server.accept_within(PATIENCE);
    peer.header();
    peer.send("<handshake/>");
    peer.echoes("found");
    daemon.logs("online");
    assert_eq!(daemon.log.len(), 1, "in the first try: {:?}", daemon.log);
    println!("a dead first name server: online after {:.1?}", since.elapsed());
}

#[test]
fn name_servers_that_are_all_dead_are_what_the_sentence_is_about() {
    let name = "names::name_servers_that_are_all_dead_are_what_the_sentence_is_about";
    if !is_inside(name, &["--net"]) {
        return;
    }
    // Asked once, for a second each.
    let _folder = look_up_with("nameserver 127.0.0.11\noptions timeout:1 attempts:1\n");
    let _silent = UdpSocket::bind("127.0.0.11:53").unwrap();
    let mut daemon = daemon(5347);
    let said = daemon.logs_within(PATIENCE, "offline");
    assert!(said.contains("the server's name has no address"), "{said}");
    assert!(said.contains("Temporary failure in name resolution"), "{said}");
}

/// Has names looked up as these lines of resolv.conf say, and in no other way.
fn look_up_with(lines: &str) -> Folder {
    let folder = Folder::new("name-servers");
    let resolv = folder.file("resolv.conf", lines.as_bytes(), 0o644);
    let nsswitch = folder.file("nsswitch.conf", b"hosts: dns\n", 0o644);
    shell("ip link set lo up");
    shell(&format!("mount --bind {resolv} /etc/resolv.conf"));
    shell(&format!("mount --bind {nsswitch} /etc/nsswitch.conf"));
    folder
}

/// As name servers do to share out the load.
#[test]
fn addresses_in_another_order_are_no_news_for_the_log() {
    let name = "names::addresses_in_another_order_are_no_news_for_the_log";
    if !is_inside(name, &["--net"]) {
        return;
    }
    let _folder = look_up_with("nameserver 127.0.0.12\n");
    let socket = UdpSocket::bind("127.0.0.12:53").unwrap();
    std::thread::spawn(move || {
        answer(&socket, [2, 3].map(|it| Ipv4Addr::new(127, 0, 0, it)).into());
    });
    let mut command = command(5347);
    let mut daemon = Daemon::run(command.arg("-v"));
    let first = daemon.logs("retry_s=");
    assert!(first.contains("127.0.0.2:5347: ") && first.contains("127.0.0.3:5347: "), "{first}");
    let orders = [(); 2].map(|()| {
        let again = daemon.logs("retry_s=");
        assert!(again.contains("DEBUG still offline: "), "{again}");
        again.find("127.0.0.2:5347: ") < again.find("127.0.0.3:5347: ")
    });
    assert_ne!(orders[0], orders[1], "the test's name server changes it");
}

/// Answers each question for an IPv4 address with these, the first of them last the next time, and others
/// with nothing (RFC 1035 §4.1).
fn answer(socket: &UdpSocket, mut addresses: Vec<Ipv4Addr>) {
    let mut question = [0; 512];
    while let Ok((length, from)) = socket.recv_from(&mut question) {
        // The question's type stands before its class, at the end, unless options follow.
        let end = 12 + question[12..length].iter().position(|byte| *byte == 0).unwrap() + 5;
        let is_address = question[end - 4..end - 2] == [0, 1];
        let mut answer = question[..end].to_vec();
        // An answer without an error; one question, and so many records.
        let records = if is_address { &addresses[..] } else { &[] };
        let count = u8::try_from(records.len()).unwrap();
        answer[2..12].copy_from_slice(&[0x81, 0x80, 0, 1, 0, count, 0, 0, 0, 0]);
        for address in records {
            // The same name, its type and class, a minute, four bytes.
            answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
            answer.extend(address.octets());
        }
        if is_address {
            addresses.rotate_left(1);
        }
        let _ = socket.send_to(&answer, from);
    }
}

fn daemon(port: u16) -> Daemon {
    Daemon::run(&mut command(port))
}

fn command(port: u16) -> Command {
    let mut command = program();
    command.args(["--jid", COMPONENT, "--server", "server.test", "--port", &port.to_string()]);
    command.env("ECHO_COMPONENT_SECRET", SECRET);
    command
}

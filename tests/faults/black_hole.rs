//! Packets that vanish both ways, without a word to either side.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::namespace::{is_inside, shell};
use crate::slow;
use crate::support::scripted::{Daemon, SECRET, Server, program};
use crate::{COMPONENT, is_back};

/// A router between the server, which is where we are, and the daemon.
const NETWORK: &str = "
    mount -t tmpfs tmpfs /run
    ip link set lo up
    ip netns add router
    ip netns add daemon
    ip -n router link add name to-server type veth peer name to-router
    ip -n router link set to-router netns $$
    ip -n router link add name to-daemon type veth peer name to-router netns daemon
    ip address add 10.1.0.2/24 dev to-router
    ip -n router address add 10.1.0.1/24 dev to-server
    ip -n router address add 10.2.0.1/24 dev to-daemon
    ip -n daemon address add 10.2.0.2/24 dev to-router
    ip link set to-router up
    ip -n router link set to-server up
    ip -n router link set to-daemon up
    ip -n daemon link set to-router up
    ip route add 10.2.0.0/24 via 10.1.0.1
    ip -n daemon route add 10.1.0.0/24 via 10.2.0.1
    ip netns exec router sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward'";

/// The router says nothing about what it throws away.
const CUT: &str = "
    ip -n router route add blackhole 10.1.0.2/32
    ip -n router route add blackhole 10.2.0.2/32";

const MEND: &str = "
    ip -n router route delete blackhole 10.1.0.2/32
    ip -n router route delete blackhole 10.2.0.2/32";

/// The router says that there is no way.
const REFUSE: &str = "ip -n router route add unreachable 10.1.0.2/32";
const ALLOW: &str = "ip -n router route delete unreachable 10.1.0.2/32";

/// More than a silence that is found after 25 s and judged after 55.
const SILENCE: Duration = Duration::from_secs(90);

#[test]
fn a_black_hole_is_found_within_55_s_and_left_when_it_is_gone() {
    let name = "black_hole::a_black_hole_is_found_within_55_s_and_left_when_it_is_gone";
    if !slow::is_asked_for(name) {
        return;
    }
    if !is_inside(name, &["--net"]) {
        return;
    }
    shell(NETWORK);
    let [(idle, mut of_idle), (busy, mut of_busy)] = [(); 2].map(|()| {
        let server = Server::at("10.1.0.2:0");
        let daemon = daemon(server.port());
        (server, daemon)
    });
    let mut peer = idle.online();
    peer.echoes("before");
    let mut talking = busy.online().connection();
    let talk = std::thread::spawn(move || {
        // It stops when the kernel takes no more, or at the end of the connection.
        while talking.write_all(b"<message from='u@x' to='echo.example'>x</message>").is_ok() {
            std::thread::sleep(Duration::from_millis(1));
        }
    });
    let heard = Instant::now();
    shell(CUT);

    for (what, daemon) in [("idle", &mut of_idle), ("busy", &mut of_busy)] {
        let said = daemon.logs_within(SILENCE, "offline");
        let found = heard.elapsed();
        assert!(said.contains("the server did not answer a ping"), "{what}: {said}");
        assert!(found > Duration::from_secs(54) && found < Duration::from_secs(70), "{found:?}");
        println!("black hole while {what}: found after {found:.1?}");
    }
    shell(MEND);
    let gone = Instant::now();
    is_back(&idle);
    is_back(&busy);
    println!("black hole: both back {:.1?} after it was gone", gone.elapsed());
    drop((of_idle, of_busy));
    talk.join().unwrap();
}

/// A server that lost its power and is back knows nothing of the connection: what the daemon sends next
/// on it, a ping, is answered with a RST.
#[test]
fn a_server_that_has_rebooted_is_found_by_the_next_ping() {
    let name = "black_hole::a_server_that_has_rebooted_is_found_by_the_next_ping";
    if !slow::is_asked_for(name) {
        return;
    }
    if !is_inside(name, &["--net"]) {
        return;
    }
    shell(NETWORK);
    let server = Server::at("10.1.0.2:0");
    let mut daemon = daemon(server.port());
    let mut peer = server.online();
    peer.echoes("before");
    let heard = Instant::now();
    let mut connection = peer.connection();
    // The kernel forgets the connection at once, and its RST gets lost.
    peer.reset_after(move || {
        // This acknowledges the last echo, which would be sent again otherwise.
        connection.write_all(b" ").unwrap();
        shell(CUT);
    });
    // So has the daemon's own acknowledgement, which its kernel may delay.
    std::thread::sleep(Duration::from_secs(1));
    shell(MEND);
    let said = daemon.logs_within(SILENCE, "offline");
    let found = heard.elapsed();
    assert!(said.contains("the connection broke (Connection reset by peer"), "{said}");
    assert!(said.contains("retry_s=0.0"), "{said}");
    assert!(found > Duration::from_secs(24), "{found:?}");
    is_back(&server);
    println!("server rebooted: found after {found:.1?}");
}

#[test]
fn a_server_that_no_packet_reaches_is_named_and_found_when_one_does() {
    let name = "black_hole::a_server_that_no_packet_reaches_is_named_and_found_when_one_does";
    if !is_inside(name, &["--net"]) {
        return;
    }
    shell(NETWORK);
    for (cut, mend, why) in
        [(CUT, MEND, "no answer within 5 s"), (REFUSE, ALLOW, "No route to host")]
    {
        let server = Server::at("10.1.0.2:0");
        shell(cut);
        let mut daemon = daemon(server.port());
        let said = daemon.logs("offline");
        let reason = format!("the server cannot be reached at 10.1.0.2:{}: {why}", server.port());
        assert!(said.contains(&reason), "{said}");
        shell(mend);
        is_back(&server);
    }
}

/// The daemon on the other side of the router.
fn daemon(port: u16) -> Daemon {
    let mut command = Command::new("ip");
    command.args(["netns", "exec", "daemon"]).arg(program().get_program());
    command.args(["--jid", COMPONENT, "--server", "10.1.0.2", "--port", &port.to_string()]);
    command.env("ECHO_COMPONENT_SECRET", SECRET).stdin(Stdio::null()).stderr(Stdio::piped());
    Daemon::run(&mut command)
}

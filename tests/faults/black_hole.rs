//! Packets that vanish both ways, without a word to either side.

use std::time::{Duration, Instant};

use crate::namespace::{is_inside, shell};
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

#[test]
fn a_black_hole_is_found_within_75_s_and_left_when_it_is_gone() {
    let name = "black_hole::a_black_hole_is_found_within_75_s_and_left_when_it_is_gone";
    if !is_inside(name, &["--net"]) {
        return;
    }
    shell(NETWORK);
    let server = Server::at("10.1.0.2:0");
    let daemon = program();
    let mut command = std::process::Command::new("ip");
    command.args(["netns", "exec", "daemon"]).arg(daemon.get_program());
    command.args(["--jid", COMPONENT, "--server", "10.1.0.2"]);
    command.args(["--port", &server.port().to_string()]);
    command.stdin(std::process::Stdio::null()).stderr(std::process::Stdio::piped());
    let mut daemon = Daemon::run(command.env("ECHO_COMPONENT_SECRET", SECRET));
    let mut peer = server.online();
    peer.echoes("before");
    let heard = Instant::now();
    shell(CUT);

    // It waits less long than that for a line of the log.
    while heard.elapsed() < Duration::from_secs(70) {
        std::thread::sleep(Duration::from_millis(100));
    }
    let said = daemon.logs("offline");
    let found = heard.elapsed();
    assert!(said.contains("the server did not answer a ping"), "{said}");
    assert!(found > Duration::from_secs(74) && found < Duration::from_secs(90), "{found:?}");
    shell(MEND);
    let gone = Instant::now();
    is_back(&server);
    let back = gone.elapsed();
    println!("black hole while idle: found after {found:.1?}, back {back:.1?} after it was gone");
}

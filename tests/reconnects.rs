//! A thousand connections in one process: what a connection took is given back when it ends, however it
//! ends. Without the pauses between tries, which would take a day. The server's side is in another process,
//! so that it is not weighed with the daemon's.

mod support;

use std::env;
use std::future::pending;
use std::pin::pin;
use std::process::{Command, Stdio};

use clap::Parser;
use echo_component::cli::args::Args;
use echo_component::cli::config::{Checked, Config};
use echo_component::daemon::offline::Offline;
use echo_component::metrics::Metrics;
use echo_component::net::connect::{Connected, connect};
use echo_component::net::lookup::Lookup;
use echo_component::stream::session;
use support::COMPONENT;
use support::scripted::{Peer, SECRET, Server, memory};

const CONNECTIONS: usize = 1000;

/// By then everything has been needed that is ever kept.
const WARM: usize = 100;

/// How much more memory there may be in the end, in KiB: about 1 kB a connection.
const MORE: usize = 1 << 10;

/// In the process that has the daemon's side: the port that the server listens on.
const PORT: &str = "RECONNECTS_PORT";

/// What the server does in turn, and the ending's name for it.
const WAYS: [(&str, &str); 6] = [
    ("", "connection-lost"),
    ("</stream:stream>", "closed"),
    ("<stream:error><reset xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>", "reset"),
    ("<message></body>", "faulty-xml"),
    ("<message from='u@x' to='echo.example'>cut", "connection-lost"),
    ("RST", "connection-lost"),
];

#[test]
fn a_thousand_connections_take_no_more_memory_than_a_hundred() {
    if let Ok(port) = env::var(PORT) {
        return connect_a_thousand_times(port.parse().unwrap());
    }
    let server = Server::start();
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "a_thousand_connections_take_no_more_memory_than_a_hundred"]);
    command.arg("--nocapture").env(PORT, server.port().to_string()).stdout(Stdio::piped());
    let daemon = command.stderr(Stdio::piped()).spawn().unwrap();
    let played = std::thread::spawn(move || {
        for nth in 0..CONNECTIONS {
            end(server.online(), WAYS[nth % WAYS.len()].0, nth % 10 == 0);
        }
    });
    let output = daemon.wait_with_output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    print!("{printed}");
    assert!(output.status.success(), "{printed}{}", String::from_utf8_lossy(&output.stderr));
    played.join().unwrap();
}

fn connect_a_thousand_times(port: u16) {
    let config = config(port);
    let metrics = Metrics::new().unwrap();
    let mut echo = config.component();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (settings, mut lookup) = (config.supervision().stream, Lookup::default());
    let mut after_warm = 0;
    for nth in 0..CONNECTIONS {
        let ending = runtime.block_on(async {
            let Connected { connection, early, .. } =
                match connect(&config.target, &mut lookup).await {
                    Ok(connected) => connected,
                    Err(why) => panic!("connection {nth}: {why}"),
                };
            echo.start_stream(echo_component::component::notice::Detail::None);
            let stop = pin!(pending());
            session::serve(connection, &early, &mut echo, &metrics, &settings, stop).await.ending
        });
        expect(nth, &Offline::Ended(ending));
        if nth + 1 == WARM {
            after_warm = memory(std::process::id(), "VmRSS:");
        }
    }
    let after_all = memory(std::process::id(), "VmRSS:");
    println!("after {WARM} connections {after_warm} KiB, after {CONNECTIONS} {after_all} KiB");
    assert!(after_all < after_warm + MORE, "{after_warm} KiB became {after_all} KiB");
}

fn config(port: u16) -> Config {
    let port = port.to_string();
    let server = ["--server", "127.0.0.1", "--port", &port];
    // The large messages would use up any allowance.
    let line = ["echo-component", "--flood-burst", "0", "--jid", COMPONENT, "--secret", SECRET];
    let Checked { config, .. } =
        Config::check(Args::try_parse_from([&line[..], &server].concat()).unwrap()).unwrap();
    config
}

/// The server's side: one message and its echo, now and then a large one that is bounced, and the end.
fn end(mut peer: Peer, way: &str, with_large: bool) {
    peer.echoes("x");
    if with_large {
        let large = "x".repeat(600_000);
        peer.send(&format!("<message from='u@x' to='{COMPONENT}'>{large}</message>"));
        assert!(peer.until("</message>").contains("policy-violation"));
    }
    if way == "RST" {
        peer.reset();
    } else {
        peer.send(way);
        peer.close();
    }
}

#[track_caller]
fn expect(nth: usize, ending: &Offline) {
    assert_eq!(ending.condition(), WAYS[nth % WAYS.len()].1, "connection {nth}: {ending}");
}

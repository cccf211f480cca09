//! How real servers answer the daemon's pings, and its probe where a ping has gone to another daemon.
//!
//! What is not installed is left out, unless `ECHO_COMPONENT_REQUIRE_SERVERS=1`.

#[path = "support/real/mod.rs"]
mod real;

use std::process::{Command, Stdio};
use std::time::Duration;

use echo_component::component::address::Domain;
use echo_component::component::ids::Ids;
use echo_component::component::outbox::Outbox;
use echo_component::component::requests::Responder;
use echo_component::component::{Echo, Settings};
use echo_component::net::connect::{Connected, Target, connect};
use echo_component::net::lookup::Lookup;
use real::{COMPONENT, Daemon, Kind, SECRET, Server, Tap};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

/// Makes a test of each scenario for each server: `prosody::the_name`.
macro_rules! scenarios {
    ($($name:ident)*) => {
        mod prosody { $(scenario!(Prosody $name);)* }
        mod ejabberd { $(scenario!(Ejabberd $name);)* }
        mod jabberd2 { $(scenario!(Jabberd2 $name);)* }
    };
}

macro_rules! scenario {
    ($kind:ident $name:ident) => {
        #[test]
        fn $name() {
            if super::Kind::$kind.is_there() {
                super::$name(super::Kind::$kind);
            }
        }
    };
}

scenarios! {
    each_ping_comes_back
    the_probe_is_answered_and_the_stream_lives
    without_an_interval_there_is_no_ping
}

fn each_ping_comes_back(kind: Kind) {
    let server = Server::start(kind);
    let tap = Tap::before(server.component_port());
    let mut daemon = with_interval(tap.port(), "1");
    daemon.wait_until_online();
    let results = || tap.inbound().iter().filter(|stanza| stanza.is("iq", "result")).count();
    real::wait_until("three pings come back", || (results() >= 3).then_some(()));
    let (_, sent) = tap.both_ways();
    let pings = sent.iter().filter(|stanza| stanza.is("iq", "get")).count();
    assert!(pings <= results() + 1, "{pings} pings, {} results: some were probes", results());
    assert!(!daemon.has_logged("offline"));
    assert_eq!(daemon.terminate(), 0);
}

fn without_an_interval_there_is_no_ping(kind: Kind) {
    let server = Server::start(kind);
    let tap = Tap::before(server.component_port());
    let mut daemon = with_interval(tap.port(), "0");
    daemon.wait_until_online();
    // Another daemon beside it has pings come and go meanwhile, on a server that lets it in.
    let other = Tap::before(server.component_port());
    let _other = (kind != Kind::Prosody).then(|| with_interval(other.port(), "1"));
    std::thread::sleep(Duration::from_secs(3));
    let (_, sent) = tap.both_ways();
    assert_eq!(sent.iter().filter(|stanza| stanza.is("iq", "get")).count(), 0);
    assert_eq!(daemon.terminate(), 0);
}

fn the_probe_is_answered_and_the_stream_lives(kind: Kind) {
    let server = Server::start(kind);
    let answers = probe(server.component_port());
    println!("{}: {} bytes in answer", kind.name(), answers.len());
    assert!(answers.contains("<iq"), "{answers}");
    assert!(!answers.contains("stream:error"), "{answers}");
}

/// ejabberd has places for so many daemons, and those have them: nothing that is routed comes to this
/// one.
#[test]
fn ejabberd_answers_the_probe_of_a_daemon_that_it_has_no_place_for() {
    if !Kind::Ejabberd.is_there() {
        return;
    }
    for places in [2, 3] {
        let server = Server::start_with(Kind::Ejabberd, &bare_source(places));
        let mut daemons: Vec<_> =
            (0..places).map(|_| with_interval(server.component_port(), "0")).collect();
        daemons.iter_mut().for_each(Daemon::wait_until_online);
        let answers = probe(server.component_port());
        assert!(answers.contains("bad-request") && !answers.contains("stream:error"), "{answers}");
        let output = check(server.component_port()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(said.contains("the ping went elsewhere"), "{said}");
    }
}

/// A daemon that pings after so many seconds.
fn with_interval(port: u16, seconds: &str) -> Daemon {
    let mut command = Daemon::command(COMPONENT, SECRET, "127.0.0.1", port);
    Daemon::run(command.args(["--ping-interval", seconds]))
}

fn check(port: u16) -> Command {
    let mut command = Daemon::command(COMPONENT, SECRET, "127.0.0.1", port);
    command.arg("--check").stdout(Stdio::piped());
    command
}

fn bare_source(places: usize) -> String {
    format!(
        "domain_balancing:\n  {COMPONENT}:\n    type: bare_source\n    component_number: {places}\n"
    )
}

/// What a server says to the probe of a component that it has just let in, until it has been silent
/// for a while.
fn probe(port: u16) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let domain = Domain::new(COMPONENT).unwrap();
    let responder = Responder::new("Echo", &[]);
    let mut output = Outbox::default();
    let settings = Settings {
        domain: domain.clone(),
        max_stanza_size: 1 << 20,
        ids: Ids::Mirrored,
        allowance: None,
        responder,
    };
    Echo::new(settings).probe(&mut output);
    let (server, secret) = ("127.0.0.1".into(), SECRET.into());
    let target = Target { server, port, trust: None, domain, secret };
    runtime.block_on(async {
        let connected = connect(&target, &mut Lookup::default()).await;
        let Connected { mut connection, mut early, .. } = connected.expect("it is let in");
        // jabberd2 asks something at once.
        while timeout(Duration::from_millis(500), connection.read_buf(&mut early)).await.is_ok() {}
        connection.write_all(output.pending()).await.unwrap();
        let mut answers = vec![];
        while timeout(Duration::from_secs(2), connection.read_buf(&mut answers))
            .await
            .is_ok_and(|read| read.is_ok_and(|count| count > 0))
        {}
        String::from_utf8(answers).unwrap()
    })
}

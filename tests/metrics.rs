//! Metrics as Prometheus scrapes them, what probes ask, `--check` and `--healthy`.

#[path = "faults/namespace.rs"]
mod namespace;
mod support;

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Instant;

use support::COMPONENT;
use support::left_out::left_out;
use support::pauses::pause;
use support::scripted::{Daemon, SECRET, SOON, Server, program};

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Status line, headers and body of the answer to a request.
fn http(port: u16, request: &str) -> String {
    let mut connection = TcpStream::connect(("127.0.0.1", port)).unwrap();
    connection.write_all(format!("{request} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer
}

fn figure(scrape: &str, name: &str) -> f64 {
    let line = scrape.lines().find(|line| line.starts_with(&format!("{name} ")));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok())
        .unwrap_or_else(|| panic!("{name} in {scrape}"))
}

#[test]
fn metrics_say_what_has_happened_and_health_whether_it_is_online() {
    let (server, port) = (Server::start(), free_port());
    let mut daemon = Daemon::start_with(&server, &["--metrics", &format!("127.0.0.1:{port}")]);
    let mut peer = server.accept();
    assert!(http(port, "GET /healthz").starts_with("HTTP/1.1 503 "), "before the login");
    let flooded = "echo_component_messages_bounced_total{reason=\"flood\"}";
    assert!(figure(&http(port, "GET /metrics"), flooded).abs() < 0.1, "there from the start");
    peer.header();
    peer.send("<handshake/>");
    daemon.logs("online");
    assert!(http(port, "GET /healthz").starts_with("HTTP/1.1 200 "));
    peer.echoes("x");
    peer.send("<message from='u@x' to='echo.example'>&nbsp;</message>");
    peer.send("<message type='error' from='u@x' to='echo.example'/>");
    peer.send("<presence type='subscribe' from='u@x' to='echo.example'/>");
    peer.send("<iq type='get' id='1' from='u@x'><ping xmlns='urn:xmpp:ping'/></iq>");
    peer.until("</iq>");
    let scrape = http(port, "GET /metrics");
    assert!(scrape.contains("\r\ncontent-type: text/plain; version=0.0.4"), "{scrape}");
    for (name, value) in [
        ("echo_component_online", 1.0),
        ("echo_component_connects_total", 1.0),
        ("echo_component_messages_echoed_total", 1.0),
        ("echo_component_messages_bounced_total{reason=\"unfit\"}", 1.0),
        ("echo_component_messages_bounced_total{reason=\"too-large\"}", 0.0),
        ("echo_component_messages_ignored_total{reason=\"error\"}", 1.0),
        ("echo_component_presence_answered_total", 2.0),
        ("echo_component_iq_answered_total", 1.0),
        ("echo_component_backlog_bytes", 0.0),
        ("echo_component_self_ping_seconds_count", 0.0),
    ] {
        assert!((figure(&scrape, name) - value).abs() < 0.1, "{name}: {scrape}");
    }
    assert!(figure(&scrape, "echo_component_received_bytes_total") > 200.0);
    assert!(figure(&scrape, "echo_component_sent_bytes_total") > 300.0);
    assert!(!scrape.contains("u@x") && !scrape.contains(COMPONENT), "no JIDs");
    peer.send("<stream:error><x xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>");
    peer.until("</stream:stream>");
    daemon.logs("offline");
    let _next = server.accept();
    assert!(http(port, "GET /healthz").starts_with("HTTP/1.1 503 "), "offline again");
    let scrape = http(port, "GET /metrics");
    let name = "echo_component_disconnects_total{condition=\"undefined-condition\"}";
    assert!((figure(&scrape, name) - 1.0).abs() < 0.1, "{scrape}");
}

#[test]
fn requests_without_an_answer_are_counted_by_reason() {
    let (server, port) = (Server::start(), free_port());
    let metrics = format!("127.0.0.1:{port}");
    let options = ["--flood-burst", "1", "--flood-rate", "1", "--metrics", &metrics];
    let _daemon = Daemon::start_with(&server, &options);
    let mut peer = server.online();
    let probe = "<presence type='probe' from='u@x' to='echo.example'/>";
    let ping = "<iq type='get' id='1' from='other@x'><ping xmlns='urn:xmpp:ping'/></iq>";
    for stanza in [
        "<iq type='get' id='1' from='u@x' to='other.example'><ping xmlns='urn:xmpp:ping'/></iq>",
        "<presence type='subscribe' from='u@x' to='bot@other.example'/>",
        "<presence from='u@x' to='bot@other.example'/>",
        "<presence type='probe' to='echo.example'/>",
        &probe.repeat(3),
        ping,
    ] {
        peer.send(stanza);
    }
    peer.until("</iq>");
    let scrape = http(port, "GET /metrics");
    for (reason, count) in
        [("foreign-to", 2.0), ("no-sender", 1.0), ("unanswerable", 0.0), ("flood", 2.0)]
    {
        let name = format!("echo_component_requests_ignored_total{{reason=\"{reason}\"}}");
        assert!((figure(&scrape, &name) - count).abs() < 0.1, "{name}: {scrape}");
    }
}

#[test]
fn what_comes_with_the_handshake_is_counted_too() {
    let (server, port) = (Server::start(), free_port());
    let _daemon = Daemon::start_with(&server, &["--metrics", &format!("127.0.0.1:{port}")]);
    let mut peer = server.accept();
    peer.header();
    peer.send("<handshake/><message from='u@x' to='echo.example'>x</message>");
    peer.until("</message>");
    let received = figure(&http(port, "GET /metrics"), "echo_component_received_bytes_total");
    assert!(received > 40.0, "{received}");
}

#[test]
fn all_that_may_happen_is_there_from_the_start() {
    let (server, port) = (Server::start(), free_port());
    let _daemon = Daemon::start_with(&server, &["--metrics", &format!("127.0.0.1:{port}")]);
    let _peer = server.online();
    let scrape = http(port, "GET /metrics");
    let condition = |it| format!("echo_component_disconnects_total{{condition=\"{it}\"}}");
    let ours = ["stopped", "unreachable", "connection-lost", "silent", "untrusted", "no-address"];
    for name in support::CONDITIONS.into_iter().chain(ours) {
        assert!(figure(&scrape, &condition(name)).abs() < 0.1, "{name}");
    }
    let commit = env!("ECHO_COMPONENT_BUILD_COMMIT");
    let build = format!(
        "echo_component_build_info{{commit=\"{commit}\",version=\"{}\"}}",
        env!("CARGO_PKG_VERSION")
    );
    assert!((figure(&scrape, &build) - 1.0).abs() < 0.1);
    assert!(figure(&scrape, "echo_component_last_echo_timestamp_seconds").abs() < 0.1, "none yet");
    for name in ["process_resident_memory_bytes", "process_open_fds", "process_start_time_seconds"]
    {
        assert!(figure(&scrape, name) > 0.0, "{name}");
    }
}

#[test]
fn when_the_process_was_started_is_told_where_proc_has_processes_alone() {
    const TEST: &str = "when_the_process_was_started_is_told_where_proc_has_processes_alone";
    if !namespace::is_inside(TEST, &[]) {
        return;
    }
    // What matters of `ProcSubset=pid`, with which our units run.
    namespace::shell("mount --bind /dev/null /proc/stat");
    let before = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
    let (server, port) = (Server::start(), free_port());
    let _daemon = Daemon::start_with(&server, &["--metrics", &format!("127.0.0.1:{port}")]);
    let _peer = server.online();
    let started = figure(&http(port, "GET /metrics"), "process_start_time_seconds");
    assert!((before - 1.0..before + 60.0).contains(&started), "{started} and {before}");
}

#[test]
fn the_last_echo_and_the_pause_before_the_next_try_are_told() {
    let (server, port) = (Server::start(), free_port());
    let options = ["-v", "--metrics", &format!("127.0.0.1:{port}")];
    let mut daemon = Daemon::start_with(&server, &options);
    let before = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
    let mut peer = server.online();
    peer.echoes("x");
    let scrape = http(port, "GET /metrics");
    let last = figure(&scrape, "echo_component_last_echo_timestamp_seconds");
    assert!((before - 1.0..before + 60.0).contains(&last), "{last} and {before}");
    assert!(figure(&scrape, "echo_component_backoff_seconds").abs() < 0.01);
    // The server is gone, so that pauses grow.
    drop((peer, server));
    daemon.logs("retry_s=0.0");
    for _ in 0..3 {
        daemon.logs("still offline");
    }
    assert!(figure(&http(port, "GET /metrics"), "echo_component_backoff_seconds") >= 0.5);
}

/// All that is sent back for these bytes.
fn raw(port: u16, request: &str) -> String {
    let mut connection = TcpStream::connect(("127.0.0.1", port)).unwrap();
    connection.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn probes_tell_a_living_daemon_from_one_that_is_online() {
    let (server, port) = (Server::start(), free_port());
    let mut daemon = Daemon::start_with(&server, &["--metrics", &format!("127.0.0.1:{port}")]);
    let mut peer = server.accept();
    for (path, status) in [("/livez", 200), ("/readyz", 503), ("/healthz", 503)] {
        let answer = http(port, &format!("GET {path}"));
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "offline: {path}: {answer}");
    }
    peer.header();
    peer.send("<handshake/>");
    daemon.logs("online");
    for path in ["/livez", "/readyz", "/healthz"] {
        assert!(http(port, &format!("GET {path}")).starts_with("HTTP/1.1 200 "), "{path}");
    }
}

#[test]
fn other_requests_are_refused_as_http_says() {
    let (server, port) = (Server::start(), free_port());
    let _daemon = Daemon::start_with(&server, &["--metrics", &format!("127.0.0.1:{port}")]);
    let _peer = server.online();
    for (request, status, words) in [
        ("GET / HTTP/1.1\r\nHost: x\r\n", 404, "there are /metrics, /livez, /readyz and /healthz"),
        ("POST /metrics HTTP/1.1\r\nHost: x\r\n", 405, "\r\nallow: GET, HEAD, OPTIONS\r\n"),
        ("OPTIONS * HTTP/1.1\r\nHost: x\r\n", 204, "\r\nallow: GET, HEAD, OPTIONS\r\n"),
        ("OPTIONS /metrics HTTP/1.1\r\nHost: x\r\n", 204, "\r\nallow: GET, HEAD, OPTIONS\r\n"),
        ("GET /metrics HTTP/1.1\r\n", 400, "Host"),
        ("GET /metrics HTTP/1.1\r\nHost: x\r\nHost: y\r\n", 400, "Host"),
        ("GET /metrics HTTP/1.0\r\n", 200, "echo_component_online"),
        ("HEAD /metrics HTTP/1.1\r\nHost: x\r\n", 200, "content-length"),
    ] {
        let answer = raw(port, &format!("{request}\r\n"));
        let got = answer.split(' ').nth(1);
        assert_eq!(got, Some(&*status.to_string()), "{request:?}: {answer}");
        assert!(answer.contains(words), "{request:?}: {answer}");
    }
}

#[test]
fn idle_connections_make_room_for_a_probe() {
    let (server, port) = (Server::start(), free_port());
    let _daemon = Daemon::start_with(&server, &["--metrics", &format!("127.0.0.1:{port}")]);
    let _peer = server.online();
    let mut idle: Vec<_> =
        (0..40).map(|_| TcpStream::connect(("127.0.0.1", port)).unwrap()).collect();
    // It waits behind none of them: each would have had its time.
    assert!(http(port, "GET /livez").starts_with("HTTP/1.1 200 "));
    idle[0].set_read_timeout(Some(SOON)).unwrap();
    assert_eq!(idle[0].read(&mut [0]).unwrap_or(0), 0, "the oldest is closed");
}

#[test]
fn a_request_that_does_not_come_is_not_waited_for() {
    let (server, port) = (Server::start(), free_port());
    let _daemon = Daemon::start_with(&server, &["--metrics", &format!("127.0.0.1:{port}")]);
    let _peer = server.online();
    let mut slow = TcpStream::connect(("127.0.0.1", port)).unwrap();
    slow.write_all(b"GET /metrics HTTP/1.1\r\nHost:").unwrap();
    slow.set_read_timeout(Some(SOON)).unwrap();
    let started = Instant::now();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).unwrap();
    // It would be 10 s without a deadline for the header of its own.
    assert!(started.elapsed().as_secs() < 8, "{:?}", started.elapsed());
    assert!(!answer.contains("echo_component"), "{answer}");
}

/// Runs `--healthy` against that address.
fn healthy(address: &str) -> (Option<i32>, String) {
    let output = program().args(["--healthy", "--metrics", address]).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

#[test]
fn the_running_daemon_is_asked_whether_it_is_healthy() {
    let (server, port) = (Server::start(), free_port());
    let address = format!("0.0.0.0:{port}");
    let mut daemon = Daemon::start_with(&server, &["--metrics", &address]);
    let mut peer = server.accept();
    let why = format!("the daemon at --metrics {address} is not online: its log says why");
    assert_eq!(healthy(&address), (Some(69), format!("echo-component: {why}\n")));
    peer.header();
    peer.send("<handshake/>");
    daemon.logs("online");
    assert_eq!(healthy(&address), (Some(0), "online\n".into()));
    daemon.signal("KILL");
    daemon.ends();
    let (code, said) = healthy(&address);
    assert_eq!(code, Some(69), "{said}");
    let why =
        format!("no echo-component answers at --metrics {address}: Connection refused: is the");
    assert!(said.contains(&why) && said.lines().count() == 1, "{said}");
    let output = program().arg("--healthy").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(64), "{said}");
    assert!(said.contains("add --metrics"), "{said}");
}

#[test]
fn another_program_at_the_address_is_told_from_the_daemon() {
    let nobodys = ["no answer at --metrics", "within 5 s: does another program listen there?"];
    let anothers = ["what listens at --metrics", "is not echo-component: give the daemon's"];
    for (words, closes, parts) in [
        ("", false, nobodys),
        ("", true, anothers),
        ("SSH-2.0-x\r\n", false, anothers),
        ("HTTP/1.1 404 Not Found\r\n\r\n", true, anothers),
        ("HTTP/1.1 200 OK\r\n\r\n<html>online</html>", true, anothers),
        ("HTTP/1.1 200 OK\r\n\r\n\u{1b}[31m", true, anothers),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let asked = std::thread::spawn(move || healthy(&address));
        let mut connection = listener.accept().unwrap().0;
        connection.write_all(words.as_bytes()).unwrap();
        let open = (!closes).then_some(connection);
        let (code, said) = asked.join().unwrap();
        drop(open);
        assert_eq!(code, Some(69), "{said}");
        assert!(parts.iter().all(|it| said.contains(it)), "{words:?}: {said}");
        assert!(!said.contains("os error") && said.lines().count() == 1, "{said}");
    }
}

#[test]
fn a_port_that_the_system_chose_is_told() {
    let server = Server::start();
    let mut daemon = Daemon::start_with(&server, &["--metrics", "127.0.0.1:0"]);
    let said = daemon.logs("metrics are served at http://127.0.0.1:");
    let (_, rest) = said.split_once("http://127.0.0.1:").unwrap();
    let (port, _) = rest.split_once("/metrics").unwrap();
    assert!(http(port.parse().unwrap(), "GET /metrics").starts_with("HTTP/1.1 200 "), "{said}");
}

#[test]
fn idle_scrapers_leave_the_stream_its_descriptors() {
    let (server, port) = (Server::start(), free_port());
    // The shell starts the program with fewer descriptors than there are scrapers.
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 40; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_echo-component")]);
    command.args(["-j", COMPONENT, "-s", "127.0.0.1", "-P", &server.port().to_string()]);
    command.args(["--metrics", &format!("127.0.0.1:{port}")]).env_clear();
    command.env("ECHO_COMPONENT_SECRET", SECRET).stderr(Stdio::piped());
    let mut daemon = Daemon::run(&mut command);
    let peer = server.online();
    daemon.logs("online");
    let folder = format!("/proc/{}/fd", daemon.pid());
    let descriptors = || fs::read_dir(&folder).unwrap().count();
    let (before, deadline) = (descriptors(), Instant::now() + SOON);
    let idle: Vec<_> = (0..60).map(|_| TcpStream::connect(("127.0.0.1", port)).unwrap()).collect();
    while descriptors() < before + 16 {
        assert!(Instant::now() < deadline, "{} of {before}", descriptors());
    }
    peer.close();
    // After this one there is a pause in which scrapers could take what the stream had.
    server.online().close();
    while pause(&daemon.logs("retry_s=")).is_zero() {}
    let _peer = server.online();
    daemon.logs("online");
    let hindered = daemon.log.iter().any(|line| line.contains("Too many open files"));
    assert!(!hindered, "{:?}", daemon.log);
    drop(idle);
    assert!(http(port, "GET /metrics").starts_with("HTTP/1.1 200 "));
}

/// systemd tries again after 69, and not after 78.
#[test]
fn an_address_that_may_be_free_later_is_not_wrong_configuration() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let busy = taken.local_addr().unwrap().to_string();
    // The second is for documentation only, and a link-local address needs a link.
    for (address, code, why) in [
        (&*busy, 69, "another program does; choose another port"),
        ("192.0.2.1:9469", 69, "this machine does not have that address"),
        ("[fe80::1]:9469", 78, "Invalid argument"),
    ] {
        let server = Server::start();
        let mut daemon = Daemon::start_with(&server, &["--metrics", address]);
        assert_eq!(daemon.ends().code(), Some(code), "{:?}", daemon.log);
        let said = &daemon.log[0];
        let begin = format!("--metrics cannot listen at {address}: {why}");
        assert!(said.contains(&begin) && !said.contains("os error"), "{said}");
    }
}

/// Root may, so it runs as nobody here, which only root can arrange.
#[test]
fn a_port_that_takes_rights_is_told_as_such() {
    let first = fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    if first.is_ok_and(|it| it.trim().parse().is_ok_and(|first: u16| first <= 1)) {
        return left_out("a port that takes rights, where none does");
    }
    let mut command = program();
    command.args(["-j", COMPONENT, "-s", "127.0.0.1", "--metrics", "127.0.0.1:1"]);
    command.env("ECHO_COMPONENT_SECRET", SECRET).uid(65534).gid(65534);
    let Ok(output) = command.output() else {
        return left_out("a port that takes rights, without root");
    };
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(78), "{said}");
    assert!(said.contains("the daemon may not use that port; choose one from 1024 on"), "{said}");
}

/// Runs `--check` against what the server does, and says its exit code and words.
fn check(server: &Server, serve: impl FnOnce(&Server)) -> (Option<i32>, String) {
    let mut command = program();
    command.args(["-j", COMPONENT, "-s", "127.0.0.1", "-P", &server.port().to_string(), "--check"]);
    let child = command.env("ECHO_COMPONENT_SECRET", SECRET).spawn().unwrap();
    serve(server);
    let output = child.wait_with_output().unwrap();
    let words = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(words).unwrap())
}

#[test]
fn a_check_says_in_a_line_what_answered_and_how_fast() {
    let (code, said) = check(&Server::start(), |server| {
        let mut peer = server.online();
        let ping = peer.until("</iq>");
        assert!(ping.contains("urn:xmpp:ping"), "{ping}");
        peer.send(&ping);
        peer.until("</stream:stream>");
        peer.send("</stream:stream>");
    });
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with("echo.example is accepted at 127.0.0.1:"), "{said}");
    assert!(said.contains("ping") && said.lines().count() == 1, "{said}");
}

#[test]
fn a_check_needs_no_one_to_read_what_it_says() {
    let server = Server::start();
    let mut command = program();
    command.args(["-j", COMPONENT, "-s", "127.0.0.1", "-P", &server.port().to_string(), "--check"]);
    let mut child = command.env("ECHO_COMPONENT_SECRET", SECRET).spawn().unwrap();
    drop((child.stdout.take(), child.stderr.take()));
    let mut peer = server.online();
    let ping = peer.until("</iq>");
    peer.send(&ping);
    peer.until("</stream:stream>");
    peer.send("</stream:stream>");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_check_that_fails_says_why() {
    for (condition, code, words) in [
        ("not-authorized", 77, "secret"),
        ("conflict", 69, "as it is while a daemon runs; or the JID is a domain of the"),
    ] {
        let (ended, said) = check(&Server::start(), |server| {
            let mut peer = server.accept();
            peer.header();
            peer.send(&format!(
                "<stream:error><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>\
                 </stream:error></stream:stream>"
            ));
            peer.close();
        });
        assert_eq!(ended, Some(code), "{said}");
        assert!(said.contains(words) && said.lines().count() == 1, "{said}");
    }
    let (code, said) = check(&Server::start(), |server| drop(server.accept()));
    assert_eq!(code, Some(69), "{said}");
}

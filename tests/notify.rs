//! What systemd is told (sd_notify(3)), with a stand-in for it at the other end of the socket.

mod support;

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use support::COMPONENT;
use support::pauses::pause;
use support::scripted::{Daemon, Peer, SECRET, SOON, Server, program};

/// How long the watchdog waits where a test does not say otherwise. Busy machines need some slack.
const WATCHDOG: Duration = Duration::from_secs(2);

/// The same for a daemon that has far too much to do, on a machine that has, too.
const BUSY_WATCHDOG: Duration = Duration::from_secs(6);

/// The service manager: a socket that takes notes.
struct Manager {
    socket: UnixDatagram,
    /// What `NOTIFY_SOCKET` says.
    address: String,
    /// The socket's file, if it has one.
    file: Option<PathBuf>,
    /// All lines so far.
    told: Vec<String>,
}

impl Manager {
    /// One with a socket in the file system, as systemd's is.
    fn start() -> Self {
        let file = std::env::temp_dir().join(unique());
        let socket = UnixDatagram::bind(&file).unwrap();
        let address = file.to_str().unwrap().to_owned();
        Self { socket, address, file: Some(file), told: vec![] }
    }

    /// One with an abstract socket, as container managers use.
    fn start_abstract() -> Self {
        let name = unique();
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let socket = UnixDatagram::bind_addr(&address).unwrap();
        Self { socket, address: format!("@{name}"), file: None, told: vec![] }
    }

    /// The program as this manager starts it.
    fn command(&self, server: &Server) -> Command {
        let mut command = command(server);
        command.env("NOTIFY_SOCKET", &self.address);
        command
    }

    fn daemon(&self, server: &Server) -> Daemon {
        Daemon::run(&mut self.command(server))
    }

    fn watched(&self, server: &Server) -> Daemon {
        let due = WATCHDOG.as_micros().to_string();
        Daemon::run(self.command(server).env("WATCHDOG_USEC", due))
    }

    /// The lines of the next datagram, if one comes in time.
    fn hears(&mut self, within: Duration) -> Option<Vec<String>> {
        let mut datagram = [0; 4096];
        let within = within.max(Duration::from_millis(1));
        self.socket.set_read_timeout(Some(within)).unwrap();
        let length = self.socket.recv(&mut datagram).ok()?;
        let text = std::str::from_utf8(&datagram[..length]).unwrap();
        let lines: Vec<_> = text.lines().map(str::to_owned).collect();
        // The words of a server in a status must not become assignments of their own.
        let known = ["READY=1", "STOPPING=1", "WATCHDOG=1", "STATUS="];
        assert!(lines.iter().all(|line| known.iter().any(|it| line.starts_with(it))), "{text:?}");
        self.told.extend(lines.iter().cloned());
        Some(lines)
    }

    /// Waits for a line that begins so, and says the whole line.
    #[track_caller]
    fn waits_for(&mut self, beginning: &str) -> String {
        let deadline = Instant::now() + SOON;
        loop {
            let Some(lines) = self.hears(deadline.saturating_duration_since(Instant::now())) else {
                panic!("no {beginning:?} in {:?}", self.told);
            };
            if let Some(line) = lines.into_iter().find(|it| it.starts_with(beginning)) {
                return line;
            }
        }
    }

    /// Waits for a status that has all these words.
    #[track_caller]
    fn waits_for_status(&mut self, words: &[&str]) {
        loop {
            let status = self.waits_for("STATUS=");
            if words.iter().all(|word| status.contains(word)) {
                return;
            }
        }
    }

    /// Takes what has been sent up to now.
    fn catches_up(&mut self) {
        while self.hears(Duration::ZERO).is_some() {}
    }

    fn was_told(&self, line: &str) -> bool {
        self.told.iter().any(|it| it == line)
    }

    /// The last status.
    fn status(&self) -> &str {
        self.told.iter().rev().find_map(|it| it.strip_prefix("STATUS=")).unwrap_or_default()
    }

    /// Waits for `count` signs of life, none of which may come too late, and which come twice as
    /// often as they must, but for what a busy machine holds up.
    #[track_caller]
    fn sees_life(&mut self, count: u32) {
        self.waits_for("WATCHDOG=1");
        let started = Instant::now();
        for _ in 0..count {
            let last = Instant::now();
            self.waits_for("WATCHDOG=1");
            assert!(last.elapsed() < WATCHDOG, "late: {:?}", last.elapsed());
        }
        let usual = started.elapsed() / count;
        assert!(usual < WATCHDOG * 2 / 3, "one in {usual:?}");
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        if let Some(file) = &self.file {
            // A leftover in the temporary folder is no reason to fail.
            let _ = std::fs::remove_file(file);
        }
    }
}

fn unique() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("echo-component-notify-{}-{number}", std::process::id())
}

fn command(server: &Server) -> Command {
    let mut command = program();
    command.args(["--jid", COMPONENT, "--server", "127.0.0.1"]);
    command.args(["--port", &server.port().to_string()]).env("ECHO_COMPONENT_SECRET", SECRET);
    command
}

fn refuse(mut peer: Peer) {
    peer.header();
    peer.send(
        "<stream:error><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>\
         <text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>no\nMAINPID=1</text></stream:error>\
         </stream:stream>",
    );
    peer.until_closed();
}

#[test]
fn it_is_not_ready_during_its_first_login_and_is_once_that_has_succeeded() {
    let mut manager = Manager::start();
    let server = Server::start();
    let _daemon = manager.daemon(&server);
    let mut peer = server.accept();
    peer.header();
    manager.catches_up();
    assert!(!manager.was_told("READY=1"), "{:?}", manager.told);
    peer.send("<handshake/>");
    manager.waits_for("READY=1");
    assert!(manager.status().contains("online"), "{:?}", manager.told);
    assert!(manager.status().contains(COMPONENT), "{:?}", manager.told);
}

#[test]
fn an_abstract_socket_does_as_well() {
    let mut manager = Manager::start_abstract();
    let server = Server::start();
    let _daemon = manager.daemon(&server);
    let _peer = server.online();
    manager.waits_for("READY=1");
}

#[test]
fn a_server_that_is_down_does_not_hold_up_the_start() {
    let mut manager = Manager::start();
    let server = Server::start();
    let _daemon = manager.daemon(&server);
    server.accept().close();
    manager.waits_for("READY=1");
    assert!(manager.status().contains("next try"), "{:?}", manager.told);
    assert!(!manager.status().contains("online as"), "{:?}", manager.told);
    // And the status is right again when it is up.
    let _peer = server.online();
    manager.waits_for_status(&["online"]);
    assert_eq!(manager.told.iter().filter(|it| *it == "READY=1").count(), 1);
}

#[test]
fn a_port_where_no_one_listens_is_told_with_its_reason() {
    let mut manager = Manager::start();
    let server = Server::start();
    let mut command = manager.command(&server);
    drop(server);
    let _daemon = Daemon::run(&mut command);
    manager.waits_for("READY=1");
    assert!(manager.status().contains("refused"), "{:?}", manager.told);
    assert!(manager.status().contains("next try"), "{:?}", manager.told);
}

#[test]
fn the_status_follows_the_connection() {
    let mut manager = Manager::start();
    let server = Server::start();
    let _daemon = manager.daemon(&server);
    for _ in 0..2 {
        let mut peer = server.online();
        manager.waits_for_status(&["online"]);
        peer.send("</stream:stream>");
        manager.waits_for_status(&["the server closed the stream", "next try"]);
    }
    assert_eq!(manager.told.iter().filter(|it| *it == "READY=1").count(), 1);
}

#[test]
fn a_refusal_fails_the_start() {
    let mut manager = Manager::start();
    let server = Server::start();
    let mut daemon = manager.daemon(&server);
    refuse(server.accept());
    assert_eq!(daemon.ends().code(), Some(77));
    manager.catches_up();
    assert!(!manager.was_told("READY=1"), "{:?}", manager.told);
    assert!(manager.status().contains("not-authorized"), "{:?}", manager.told);
}

#[test]
fn a_refusal_later_on_is_tried_again_and_told() {
    let mut manager = Manager::start();
    let server = Server::start();
    let _daemon = manager.daemon(&server);
    server.online().close();
    refuse(server.accept());
    manager.waits_for_status(&["not-authorized", "next try"]);
    let _peer = server.online();
    manager.waits_for_status(&["online"]);
}

#[test]
fn bad_configuration_is_never_ready() {
    let mut manager = Manager::start();
    let server = Server::start();
    let mut daemon = Daemon::run(manager.command(&server).args(["--name", " "]));
    assert_eq!(daemon.ends().code(), Some(78));
    manager.catches_up();
    assert!(!manager.was_told("READY=1"), "{:?}", manager.told);
}

#[test]
fn there_are_signs_of_life_online_and_while_backing_off_and_logging_in() {
    let mut manager = Manager::start();
    let server = Server::start();
    let mut daemon = manager.watched(&server);
    let peer = server.online();
    manager.waits_for_status(&["online"]);
    manager.sees_life(4);
    peer.close();
    for _ in 0..3 {
        server.accept().close();
    }
    while pause(&daemon.logs("retry_s=")).is_zero() {}
    manager.sees_life(4);
    let _silent = server.accept();
    manager.sees_life(4);
}

#[test]
fn a_daemon_with_all_hands_full_still_shows_signs_of_life() {
    let mut manager = Manager::start();
    let server = Server::start();
    let mut command = manager.command(&server);
    command.args(["--flood-burst", "0"]);
    command.env("WATCHDOG_USEC", BUSY_WATCHDOG.as_micros().to_string());
    let _daemon = Daemon::run(&mut command);
    let peer = server.online();
    manager.waits_for_status(&["online"]);
    // It always finds something to read, and its echoes are always taken.
    let (mut there, mut back) = (peer.connection(), peer.connection());
    let message = format!("<message from='u@x' to='{COMPONENT}'>{}</message>", "x".repeat(100));
    let messages = message.repeat(10_000);
    let writer = thread::spawn(move || while there.write_all(messages.as_bytes()).is_ok() {});
    let reader = thread::spawn(move || {
        let mut piece = vec![0; 1 << 20];
        while back.read(&mut piece).is_ok_and(|count| count > 0) {}
    });
    let (started, mut last) = (Instant::now(), Instant::now());
    while started.elapsed() < 2 * BUSY_WATCHDOG {
        let lines = manager.hears(Duration::from_millis(100)).unwrap_or_default();
        if lines.iter().any(|it| it == "WATCHDOG=1") {
            last = Instant::now();
        }
        assert!(last.elapsed() < BUSY_WATCHDOG, "no sign of life for {:?}", last.elapsed());
    }
    peer.connection().shutdown(Shutdown::Both).unwrap();
    writer.join().unwrap();
    reader.join().unwrap();
}

#[test]
fn a_process_that_hangs_misses_the_watchdog_and_can_be_aborted() {
    let mut manager = Manager::start();
    let server = Server::start();
    let mut hanging = manager.watched(&server);
    let _peer = server.online();
    manager.waits_for("READY=1");
    manager.waits_for("WATCHDOG=1");
    hanging.signal("STOP");
    manager.catches_up();
    assert_eq!(manager.hears(WATCHDOG * 2), None);
    hanging.signal("ABRT");
    hanging.signal("CONT");
    assert_eq!(hanging.ends().signal(), Some(6));
}

/// As it was when each line was waited for, the loop hung, and the watchdog with it.
#[test]
fn a_log_that_nobody_reads_misses_no_watchdog() {
    let mut manager = Manager::start();
    let server = Server::start();
    let mut command = manager.command(&server);
    command.env("WATCHDOG_USEC", BUSY_WATCHDOG.as_micros().to_string()).arg("-v");
    let _daemon = Reaped(command.spawn().unwrap());
    let mut peer = server.online();
    manager.waits_for("READY=1");
    for _ in 0..20 {
        peer.send(&"<message type='error' from='u@x' to='echo.example'/>".repeat(1_000));
    }
    peer.echoes("x");
    manager.catches_up();
    for _ in 0..3 {
        assert!(manager.hears(BUSY_WATCHDOG).is_some(), "no sign of life");
    }
}

/// systemd may be busy, too, and its socket full.
#[test]
fn a_socket_that_nobody_reads_is_not_waited_for_and_readiness_is_not_lost() {
    let mut manager = Manager::start();
    let filler = UnixDatagram::unbound().unwrap();
    filler.set_nonblocking(true).unwrap();
    while filler.send_to(b"WATCHDOG=1", manager.file.as_ref().unwrap()).is_ok() {}
    let server = Server::start();
    let mut daemon = manager.daemon(&server);
    server.online().echoes("x");
    daemon.logs("offline");
    let mut peer = server.online();
    peer.echoes("y");
    manager.waits_for("READY=1");
    manager.catches_up();
    assert!(manager.status().contains("online"), "{:?}", manager.told);
    drop(peer);
    while filler.send_to(b"WATCHDOG=1", manager.file.as_ref().unwrap()).is_ok() {}
    daemon.signal("TERM");
    assert_eq!(daemon.ends().code(), Some(0), "a full socket does not hold the exit");
}

#[test]
fn a_watchdog_of_0_is_none() {
    let mut manager = Manager::start();
    let server = Server::start();
    let mut daemon = Daemon::run(manager.command(&server).env("WATCHDOG_USEC", "0"));
    let mut peer = server.online();
    manager.waits_for("READY=1");
    peer.echoes("x");
    daemon.signal("TERM");
    peer.close();
    assert_eq!(daemon.ends().code(), Some(0), "{:?}", daemon.log);
}

/// A process that ends with the test.
struct Reaped(Child);

impl Drop for Reaped {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn without_a_watchdog_there_are_no_signs_of_life() {
    let mut manager = Manager::start();
    let server = Server::start();
    // The variables are for another process, as where a shell starts the daemon.
    let mut command = manager.command(&server);
    let _daemon = Daemon::run(command.env("WATCHDOG_USEC", "100000").env("WATCHDOG_PID", "1"));
    let mut peer = server.online();
    manager.waits_for("READY=1");
    peer.echoes("x");
    while manager.hears(Duration::from_millis(500)).is_some() {}
    assert!(!manager.was_told("WATCHDOG=1"), "{:?}", manager.told);
}

#[test]
fn a_stop_is_told_online_and_while_backing_off() {
    for online in [true, false] {
        let mut manager = Manager::start();
        let server = Server::start();
        let mut daemon = manager.daemon(&server);
        let peer = online.then(|| server.online());
        if online {
            manager.waits_for_status(&["online"]);
        } else {
            server.accept().close();
            server.accept().close();
            manager.waits_for_status(&["next try in"]);
        }
        daemon.signal("TERM");
        manager.waits_for("STOPPING=1");
        if let Some(mut peer) = peer {
            peer.until("</stream:stream>");
            peer.send("</stream:stream>");
        }
        assert_eq!(daemon.ends().code(), Some(0));
        manager.catches_up();
        // systemctl shows the last status for as long as the unit is known.
        assert!(!manager.status().contains("online as"), "{:?}", manager.told);
    }
}

#[test]
fn without_systemd_nothing_of_it_shows() {
    let server = Server::start();
    // A watchdog without a socket, and a socket without a listener.
    for (variable, value) in
        [("WATCHDOG_USEC", "100000"), ("NOTIFY_SOCKET", "/no/such/socket"), ("NOTIFY_SOCKET", "")]
    {
        let mut daemon = Daemon::run(command(&server).env(variable, value));
        let mut peer = server.online();
        peer.echoes("x");
        daemon.signal("TERM");
        peer.until("</stream:stream>");
        peer.send("</stream:stream>");
        assert_eq!(daemon.ends().code(), Some(0));
        assert!(daemon.log.iter().all(|line| line.contains("INFO")), "{:?}", daemon.log);
    }
}

//! Signals, and a log that nobody reads: what must never stop the daemon, and what must always.

mod support;

use std::io::{BufRead, BufReader};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use support::COMPONENT;
use support::scripted::{Daemon, Peer, SECRET, SOON, Server, program};

fn command(server: &Server) -> Command {
    let mut command = program();
    with_settings(&mut command, server);
    command
}

fn with_settings(command: &mut Command, server: &Server) {
    command.args(["--jid", COMPONENT, "--server", "127.0.0.1"]);
    command.args(["--port", &server.port().to_string()]).env("ECHO_COMPONENT_SECRET", SECRET);
}

/// A daemon whose standard error is a pipe that nobody reads.
struct Unread(Child);

impl Unread {
    fn start(server: &Server) -> Self {
        Self(command(server).arg("-v").spawn().unwrap())
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.0.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    #[track_caller]
    fn ends(&mut self) -> Option<i32> {
        let deadline = Instant::now() + SOON;
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < deadline, "it is still running");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Messages that get no echo, for each of which there is a line; far more than a pipe and the queue
/// hold.
fn unanswered() -> String {
    "<message type='error' from='u@x' to='echo.example'/>".repeat(1_000)
}

/// A daemon whose log is full and that still echoes, told to stop.
fn stopping_with_a_full_log(server: &Server) -> (Unread, Peer) {
    let daemon = Unread::start(server);
    let mut peer = server.online();
    for _ in 0..30 {
        peer.send(&unanswered());
    }
    peer.echoes("still here");
    daemon.signal("TERM");
    (daemon, peer)
}

#[test]
fn a_log_that_nobody_reads_stops_neither_echoes_nor_a_stop() {
    let server = Server::start();
    let (mut daemon, mut peer) = stopping_with_a_full_log(&server);
    peer.until("</stream:stream>");
    peer.send("</stream:stream>");
    assert_eq!(daemon.ends(), Some(0));
}

#[test]
fn a_log_that_nobody_reads_does_not_stop_a_second_signal() {
    let server = Server::start();
    let (mut daemon, mut peer) = stopping_with_a_full_log(&server);
    // The server never closes its side.
    peer.until("</stream:stream>");
    daemon.signal("TERM");
    assert_eq!(daemon.ends(), Some(0));
}

#[test]
fn lines_that_nobody_read_are_counted_once_somebody_does() {
    let server = Server::start();
    let mut child = command(&server).arg("-v").spawn().unwrap();
    let mut peer = server.online();
    for _ in 0..30 {
        peer.send(&unanswered());
    }
    peer.echoes("all of them have been passed over");
    let (sender, lines) = std::sync::mpsc::channel();
    let stderr = BufReader::new(child.stderr.take().unwrap());
    std::thread::spawn(move || {
        stderr.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
    });
    let told = std::iter::from_fn(|| lines.recv_timeout(SOON).ok())
        .find(|line| line.contains("log lines were dropped, since nobody read them in time"));
    let told = told.expect("a line that says so");
    let dropped: u64 = told.rsplit("dropped=").next().unwrap().parse().unwrap();
    assert!((1_000..30_000).contains(&dropped), "{told}");
    child.kill().unwrap();
    child.wait().unwrap();
}

/// As a program may make it that the daemon shares it with.
#[test]
fn no_line_is_lost_where_standard_error_does_not_block() {
    const MESSAGES: usize = 3_000;
    let server = Server::start();
    let (ours, theirs) = UnixStream::pair().unwrap();
    theirs.set_nonblocking(true).unwrap();
    let mut daemon =
        Unread(command(&server).arg("-v").stderr(OwnedFd::from(theirs)).spawn().unwrap());
    let mut peer = server.online();
    for _ in 0..MESSAGES / 1_000 {
        peer.send(&unanswered());
    }
    peer.echoes("all of them have been passed over");
    daemon.signal("TERM");
    peer.until("</stream:stream>");
    peer.send("</stream:stream>");
    ours.set_read_timeout(Some(SOON)).unwrap();
    let log: Vec<_> = BufReader::new(ours).lines().map(Result::unwrap).collect();
    assert_eq!(daemon.ends(), Some(0));
    let told = log.iter().filter(|line| line.contains("it is an error")).count();
    assert_eq!(told, MESSAGES, "{:?}", log.last());
}

/// As `trap '' HUP` and nohup do.
#[test]
fn signals_that_were_ignored_at_the_start_stay_ignored() {
    for name in ["HUP", "INT"] {
        let server = Server::start();
        let mut command = Command::new("sh");
        command.args(["-c", &format!("trap '' {name}; exec \"$0\" \"$@\"")]);
        command.arg(env!("CARGO_BIN_EXE_echo-component")).env_clear();
        with_settings(&mut command, &server);
        let mut daemon = Daemon::run(command.stdin(Stdio::null()).stderr(Stdio::piped()));
        let mut peer = server.online();
        peer.echoes("before");
        daemon.signal(name);
        peer.echoes("after");
        daemon.signal("TERM");
        peer.until("</stream:stream>");
        peer.send("</stream:stream>");
        assert_eq!(daemon.ends().code(), Some(0));
        assert!(!daemon.log.iter().any(|line| line.contains(name)), "{:?}", daemon.log);
    }
}

#[test]
fn colours_are_for_terminals_that_can_and_users_who_want_them() {
    for (variables, coloured) in [
        (&[("TERM", "xterm")][..], true),
        (&[("TERM", "xterm"), ("NO_COLOR", "")], true),
        (&[("TERM", "xterm"), ("NO_COLOR", "1")], false),
        (&[("TERM", "dumb")], false),
    ] {
        let line = format!("{} -j a -s 127.0.0.1 -P 1", env!("CARGO_BIN_EXE_echo-component"));
        let mut command = Command::new("script");
        command.args(["-qefc", &format!("timeout -s INT 1 {line}"), "/dev/null"]).env_clear();
        command.env("PATH", "/usr/bin:/bin").env("ECHO_COMPONENT_SECRET", SECRET);
        command.envs(variables.iter().copied()).stdin(Stdio::null());
        let shown = String::from_utf8(command.output().unwrap().stdout).unwrap();
        assert!(shown.contains("offline"), "{variables:?}: {shown}");
        assert_eq!(shown.contains('\u{1b}'), coloured, "{variables:?}: {shown}");
    }
}

#[test]
fn a_log_in_json_is_an_object_a_line() {
    let server = Server::start();
    let mut daemon = Daemon::start_with(&server, &["--log-format", "json"]);
    server.online().echoes("x");
    daemon.logs("offline");
    daemon.signal("TERM");
    daemon.ends();
    let mut online = 0;
    for line in &daemon.log {
        let line: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|why| {
            panic!("{why}: {line}");
        });
        for field in ["timestamp", "level", "message"] {
            assert!(line[field].is_string(), "{field} in {line}");
        }
        online += usize::from(line["message"] == "online" && line["jid"] == COMPONENT);
    }
    assert_eq!(online, 1, "{:?}", daemon.log);
}

#[test]
fn in_a_log_in_json_the_reason_why_the_program_ends_is_an_object_too() {
    let taken = Server::start();
    let metrics = format!("127.0.0.1:{}", taken.port());
    for (options, code, why) in [
        (&["--metrics", metrics.as_str()][..], 69, "another program does"),
        (&["--secret-file", "/nowhere"], 78, "there is no secret file /nowhere"),
    ] {
        let mut command = command(&taken);
        let output = command.args(["--log-format", "json"]).args(options).output().unwrap();
        assert_eq!(output.status.code(), Some(code));
        let log = String::from_utf8(output.stderr).unwrap();
        let line: serde_json::Value = serde_json::from_str(log.lines().last().unwrap())
            .unwrap_or_else(|error| panic!("{error}: {log}"));
        assert_eq!(line["level"], "ERROR");
        assert!(line["message"].as_str().unwrap().contains(why), "{log}");
    }
}

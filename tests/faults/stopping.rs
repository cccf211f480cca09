//! The daemon's own end in the middle of the traffic: what it has read is answered, and what comes
//! after it finds the place free.

use std::fs;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::support::folder::Folder;
use crate::support::scripted::{Daemon, SECRET, Server, program};
use crate::{COMPONENT, is_back};

fn message(n: usize, from: &str, to: &str) -> String {
    format!("<message from='{from}' to='{to}' id='{n}'><body>{n}</body></message>")
}

#[test]
fn a_stop_in_a_stream_of_messages_leaves_none_unanswered_that_was_sent_before_it() {
    let server = Server::start();
    // A fast machine sends more before the signal arrives than one sender may have echoed.
    let mut daemon = Daemon::start_with(&server, &["--flood-burst", "0"]);
    let mut peer = server.online();
    let mut connection = peer.connection();
    let (sent, over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let (counter, end) = (Arc::clone(&sent), Arc::clone(&over));
    let sender = std::thread::spawn(move || {
        while !end.load(Ordering::SeqCst) {
            let n = counter.load(Ordering::SeqCst);
            let batch: String = (n..n + 10).map(|n| message(n, "u@x/r", "echo.example")).collect();
            if connection.write_all(batch.as_bytes()).is_err() {
                break;
            }
            counter.store(n + 10, Ordering::SeqCst);
            // A daemon that is kept busy would answer until its time is up, which is also right.
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    });
    peer.until("id='2000'>");
    let before = sent.load(Ordering::SeqCst);
    daemon.signal("TERM");
    let rest = peer.until("</stream:stream>");
    over.store(true, Ordering::SeqCst);
    sender.join().unwrap();
    peer.send("</stream:stream>");
    assert_eq!(daemon.ends().code(), Some(0));

    let rest = rest.strip_suffix("</stream:stream>").unwrap();
    let mut answered = 2001;
    let mut left = rest.strip_prefix("<body>2000</body></message>").unwrap();
    while !left.is_empty() {
        let echo = message(answered, "echo.example", "u@x/r");
        left = left.strip_prefix(&*echo).unwrap_or_else(|| panic!("no {echo} in {left}"));
        answered += 1;
    }
    let sent = sent.load(Ordering::SeqCst);
    assert!((before..=sent).contains(&answered), "{before} before, {answered}, {sent} in all");
    println!("SIGTERM in a stream: {before} sent before it, {answered} answered, {sent} in all");
}

#[test]
fn after_a_kill_the_next_one_starts_at_once() {
    let server = Server::start();
    let mut daemon = Daemon::start(&server);
    let mut peer = server.online();
    peer.echoes("first");
    daemon.signal("KILL");
    assert_eq!(daemon.ends().code(), None);
    assert_eq!(peer.until_closed(), "");
    let mut next = Daemon::start(&server);
    is_back(&server);
    next.logs("online");
    assert_eq!(next.log.len(), 1, "{:?}", next.log);
}

#[test]
fn whichever_way_it_ends_it_leaves_no_file_behind() {
    for signal in ["KILL", "TERM", "ABRT"] {
        let folder = Folder::new(&format!("empty-{signal}"));
        let path = &folder.0;
        let server = Server::start();
        let mut command = program();
        command.args(["--jid", COMPONENT, "--server", "127.0.0.1", "--port"]);
        command.arg(server.port().to_string()).env("ECHO_COMPONENT_SECRET", SECRET);
        command.current_dir(path).env("HOME", path).env("TMPDIR", path);
        let mut daemon = Daemon::run(&mut command);
        let mut peer = server.online();
        peer.echoes("x");
        daemon.signal(signal);
        peer.until_closed();
        drop(peer);
        assert_eq!(daemon.ends().success(), signal == "TERM", "{signal}");
        let left: Vec<_> = fs::read_dir(path).unwrap().collect();
        assert!(left.is_empty(), "{signal}: {left:?}");
    }
}

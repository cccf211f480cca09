//! Faults of an established stream: resets, and servers that stop reading.

use std::time::{Duration, Instant};

use crate::support::scripted::{Daemon, Server};
use crate::{is_back, offline};

#[test]
fn a_reset_connection_is_made_anew_at_once() {
    let server = Server::start();
    let mut daemon = Daemon::start(&server);
    let mut peer = server.online();
    peer.echoes("before");
    peer.reset();
    let pause = offline(&mut daemon, "the connection broke (Connection reset by peer");
    assert_eq!(pause, Duration::ZERO);
    is_back(&server);
}

#[test]
fn a_server_that_reads_again_after_a_while_has_lost_nothing() {
    const MESSAGES: usize = 30_000;
    let server = Server::start();
    let mut daemon = Daemon::start(&server);
    let mut peer = server.online();
    daemon.logs("online");
    let filling = "x".repeat(500);
    let message = |n: usize, from: &str, to: &str| {
        format!("<message from='{from}' to='{to}' id='{n}'>{filling}</message>")
    };
    // More than daemon and kernel hold, so that the sender is stopped too.
    let mut connection = peer.connection();
    let messages: String =
        (0..MESSAGES).map(|n| message(n, &format!("u{}@x", n % 7), "echo.example")).collect();
    let sender = std::thread::spawn(move || {
        std::io::Write::write_all(&mut connection, messages.as_bytes()).unwrap();
    });
    std::thread::sleep(Duration::from_secs(5));
    assert!(!sender.is_finished(), "all of it was taken without an echo being read");
    for n in 0..MESSAGES {
        peer.expect(&message(n, "echo.example", &format!("u{}@x", n % 7)));
    }
    sender.join().unwrap();
    peer.echoes("after");
    println!("server that read nothing for 5 s under load: {MESSAGES} echoes, in order");
}

#[test]
fn a_server_that_takes_nothing_for_30_s_is_left() {
    let server = Server::start();
    let mut daemon = Daemon::start(&server);
    let mut peer = server.online();
    daemon.logs("online");
    let since = Instant::now();
    let message = format!("<message from='u@x' to='echo.example'>{}</message>", "x".repeat(10_000));
    peer.push_until_blocked(&message);
    while since.elapsed() < Duration::from_secs(25) {
        std::thread::sleep(Duration::from_millis(100));
    }
    offline(&mut daemon, "the server stopped reading");
    let took = since.elapsed();
    assert!(took > Duration::from_secs(29), "{took:?}");
    is_back(&server);
    println!("server that reads nothing any more: left after {took:.1?}");
}

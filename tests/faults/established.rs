//! Faults of an established stream: resets, and servers that stop reading.

use std::io::Write;
use std::time::{Duration, Instant};

use crate::slow;
use crate::support::scripted::{Daemon, Server};
use crate::{COMPONENT, is_back, offline};

/// The most memory that the daemon may take, in KiB.
const MEMORY: usize = 32 << 10;

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
        connection.write_all(messages.as_bytes()).unwrap();
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
fn a_server_that_takes_nothing_for_30_s_is_left_and_has_whole_echoes_in_order() {
    if !slow::is_asked_for("a server that reads nothing for a minute under load") {
        return;
    }
    let server = Server::start();
    let mut daemon = Daemon::start(&server);
    let mut old = server.online();
    daemon.logs("online");
    let since = Instant::now();
    let filling = "x".repeat(10_000);
    let message = move |n: usize, from: &str, to: &str| {
        format!("<message from='{from}' to='{to}' id='{n}'>{filling}</message>")
    };
    let sent = {
        let (message, mut connection) = (message.clone(), old.connection());
        std::thread::spawn(move || {
            // Until the kernel has taken no more for a while, or the connection is gone.
            let mut numbers = 0..;
            let mut send = |n| connection.write_all(message(n, "u@x", COMPONENT).as_bytes());
            numbers.find(|n| send(*n).is_err())
        })
    };
    let said = daemon.logs_within(Duration::from_secs(60), "offline");
    let took = since.elapsed();
    assert!(said.contains("the server stopped reading"), "{said}");
    assert!(took > Duration::from_secs(29), "{took:?}");
    let mut new = server.online();
    while since.elapsed() < Duration::from_secs(60) {
        new.echoes("meanwhile");
        std::thread::sleep(Duration::from_millis(100));
    }
    let sent = sent.join().unwrap().expect("numbers have no end");
    let received = old.until_closed();
    let echoes = received.matches("</message>").count();
    let expected: String = (0..=echoes).map(|n| message(n, COMPONENT, "u@x")).collect();
    assert!(expected.starts_with(&received), "something else than the first {echoes} echoes");
    assert!(echoes > 0 && echoes < sent, "{echoes} of {sent}");
    new.echoes("after");
    assert!(daemon.peak_memory() < MEMORY, "{} KiB", daemon.peak_memory());
    println!(
        "read nothing for a minute: left after {took:.1?}, {echoes} of {sent} echoes read then"
    );
}

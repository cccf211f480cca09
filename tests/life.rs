//! How the daemon lives: streams that end in every way, reconnecting, and stopping.

mod support;

use std::time::{Duration, Instant};

use support::COMPONENT;
use support::pauses::{grow, pause};
use support::scripted::{Daemon, Server};

const STREAMS: &str = "urn:ietf:params:xml:ns:xmpp-streams";

#[test]
fn echo_and_disco_work_after_every_kind_of_disconnect() {
    let server = Server::start();
    let mut daemon = Daemon::start(&server);
    let ends = ["", "</stream:stream>", "<stream:error><system-shutdown/></stream:error>"];
    for (nth, end) in ends.iter().enumerate() {
        let mut peer = server.online();
        daemon.logs("online");
        peer.send(&format!(
            "<iq type='get' id='{nth}' from='u@x/1' to='{COMPONENT}'>\
             <query xmlns='http://jabber.org/protocol/disco#info'/></iq>"
        ));
        assert!(peer.until("</iq>").contains(&format!("id='{nth}'")), "no old reply");
        peer.echoes(&nth.to_string());
        peer.send(end);
        if !end.is_empty() {
            peer.expect("</stream:stream>");
        }
        peer.close();
        let said = daemon.logs("offline");
        assert_eq!(said.contains("retry_s=0.0"), nth == 0, "{said}");
    }
}

#[test]
fn a_stream_error_is_told_in_the_servers_words() {
    let server = Server::start();
    let mut daemon = Daemon::start(&server);
    let mut peer = server.online();
    peer.send(&format!(
        "<stream:error><policy-violation xmlns='{STREAMS}'/><text xmlns='{STREAMS}'>too\u{7} much\
         </text></stream:error></stream:stream>"
    ).replace('\u{7}', "\n"));
    peer.expect("</stream:stream>");
    let said = daemon.logs("offline");
    assert!(said.contains("policy-violation (too\\n much)"), "{said}");
    assert!(!daemon.log.iter().any(|line| line.contains("online") && line.contains("too")));
}

#[test]
fn an_illegal_stream_is_ended_with_the_condition_and_then_it_comes_back() {
    for (bytes, condition) in [
        (&b"<!-- x -->"[..], "restricted-xml"),
        (b"<message></body>", "not-well-formed"),
        (b"<message from='u@x' to='echo.example'>\xff</message>", "unsupported-encoding"),
    ] {
        let server = Server::start();
        let _daemon = Daemon::start(&server);
        let mut peer = server.online();
        peer.send("<message from='u@x' to='echo.example'>first</message>");
        peer.send_bytes(bytes);
        peer.expect("<message from='echo.example' to='u@x'>first</message>");
        peer.expect(&format!("<stream:error><{condition} xmlns='{STREAMS}'></{condition}>"));
        peer.until("</stream:error></stream:stream>");
        peer.close();
        server.online().echoes("again");
    }
}

#[test]
fn pauses_grow_until_a_session_has_lasted() {
    let server = Server::start();
    let mut daemon = Daemon::start(&server);
    let mut pauses = vec![];
    for _ in 0..4 {
        server.online().close();
        pauses.push(pause(&daemon.logs("retry_s=")));
    }
    grow(&pauses);
}

#[test]
fn a_stop_answers_what_has_arrived_and_closes_the_stream() {
    let server = Server::start();
    let mut daemon = Daemon::start(&server);
    let mut peer = server.online();
    let body = "x".repeat(1000);
    let messages = |form: &str| form.repeat(500);
    peer.send(&messages(&format!("<message from='u@x' to='echo.example'>{body}</message>")));
    peer.send("<message from='u@x' to='echo.example'>unfinished");
    peer.expect("<message from='echo.example'");
    daemon.signal("TERM");
    let rest = peer.until("</stream:stream>");
    assert_eq!(rest.matches("</message>").count(), 500);
    assert!(!rest.contains("unfinished"));
    peer.send("</stream:stream>");
    assert_eq!(daemon.ends().code(), Some(0));
}

/// What comes after our footer is not answered, but it is read on as what it is.
#[test]
fn a_stanza_that_is_cut_by_a_stop_may_end_behind_it() {
    for (start, end) in [
        ("<message from='u@x' to='echo.example'>unfinished", "</message>"),
        ("<message from='u@x' to='echo.example'>unfinished", "<a:b/></message>"),
        ("<message from='u@x' to='echo.example'><a>", "</b></message>"),
        ("<presence from='u@x' type='probe'>", "</presence>"),
        ("<iq from='u@x' type='get' id='1'><ping xmlns='urn:xmpp:ping'>", "</ping></iq>"),
        ("<message from='u@x' to='echo.example'", ">x</message>"),
        ("", "<message from='u@x' to='echo.example'>late</message><!-- x -->"),
    ] {
        let server = Server::start();
        let mut daemon = Daemon::start(&server);
        let mut peer = server.online();
        peer.echoes("x");
        peer.send(start);
        daemon.signal("TERM");
        peer.expect("</stream:stream>");
        peer.send(&format!("{end}</stream:stream>"));
        assert_eq!(daemon.ends().code(), Some(0), "{start}: {:?}", daemon.log);
        assert_eq!(peer.until_closed(), "", "{start}");
    }
}

#[test]
fn a_server_that_does_not_close_cannot_hold_the_exit() {
    for signal in ["TERM", "INT"] {
        let server = Server::start();
        let mut daemon = Daemon::start(&server);
        let mut peer = server.online();
        peer.echoes("x");
        let asked = Instant::now();
        daemon.signal(signal);
        peer.until("</stream:stream>");
        assert_eq!(daemon.ends().code(), Some(0));
        assert!(asked.elapsed() > Duration::from_secs(2), "it waits for the server's footer");
    }
}

#[test]
fn a_second_signal_exits_at_once() {
    let server = Server::start();
    let mut daemon = Daemon::start(&server);
    let mut peer = server.online();
    peer.echoes("x");
    daemon.signal("TERM");
    peer.until("</stream:stream>");
    daemon.signal("TERM");
    assert_eq!(daemon.ends().code(), Some(0));
    // It would say so if it had waited for the server.
    assert!(!daemon.log.iter().any(|line| line.contains("stopped as asked")), "{:?}", daemon.log);
}

#[test]
fn a_stop_while_backing_off_or_logging_in_is_obeyed_at_once() {
    let server = Server::start();
    let mut daemon = Daemon::start(&server);
    let _silent = server.accept();
    let asked = Instant::now();
    daemon.signal("TERM");
    assert_eq!(daemon.ends().code(), Some(0), "while logging in");
    assert!(asked.elapsed() < Duration::from_secs(5), "a login may take 30 s");
    let mut daemon = Daemon::start_with(&server, &["-v"]);
    let pause = loop {
        server.accept().close();
        let pause = pause(&daemon.logs("retry_s="));
        if pause >= Duration::from_secs(4) {
            break pause;
        }
    };
    let asked = Instant::now();
    daemon.signal("INT");
    assert_eq!(daemon.ends().code(), Some(0), "while backing off");
    assert!(asked.elapsed() + Duration::from_secs(1) < pause, "it waited for the next try");
}

#[test]
fn a_server_that_does_not_read_is_not_read_from_for_ever() {
    let server = Server::start();
    let _daemon = Daemon::start(&server);
    let mut peer = server.online();
    let message =
        format!("<message from='u@x' to='echo.example'>{}</message>", "x".repeat(100_000));
    let sent = peer.push_until_blocked(&message);
    assert!(sent < 40_000_000, "{sent} bytes were taken without an echo being read");
    peer.until(&"x".repeat(100_000));
}

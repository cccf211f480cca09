//! The daemon's allowances on a connection: who sends too much is told once and then ignored, on this
//! stream and the next. What an allowance is, is in `flood.rs`.

mod support;

use support::COMPONENT;
use support::scripted::{Daemon, Server};

const MESSAGE: &str = "<message from='u@x' to='echo.example'>x</message>";
const ECHO: &str = "<message from='echo.example' to='u@x'>x</message>";

/// Of somebody else, whose answer tells that all before it has been dealt with.
const PING: &str =
    "<iq type='get' id='p' from='other@x' to='echo.example'><ping xmlns='urn:xmpp:ping'/></iq>";

/// How many echoes and how many errors are in `sent`.
fn count(sent: &str) -> (usize, usize) {
    (sent.matches(ECHO).count(), sent.matches("<resource-constraint").count())
}

#[test]
fn who_is_over_the_allowance_is_told_once_and_others_are_not_concerned() {
    let server = Server::start();
    let _daemon = Daemon::start_with(&server, &["--flood-burst", "3", "--flood-rate", "1"]);
    let mut peer = server.online();
    // In one packet, so that no time passes between them.
    let own = PING.replace("other@x", "u@x");
    peer.send(&(MESSAGE.repeat(6) + &own + PING));
    peer.expect(&ECHO.repeat(3));
    let bounce = peer.until("</message>");
    assert_eq!(count(&bounce), (0, 1), "{bounce}");
    assert!(bounce.contains("type='error'") && bounce.contains("type='wait'"), "{bounce}");
    let rest = peer.until("</iq>");
    assert!(rest.starts_with("<iq ") && rest.contains("type='result'"), "{rest}");
    peer.send(&format!("<message from='third@x' to='{COMPONENT}'>x</message>"));
    peer.expect(&format!("<message from='{COMPONENT}' to='third@x'>x</message>"));
}

#[test]
fn who_has_sent_too_much_is_ignored_on_the_next_stream_too() {
    const BURST: usize = 3000;
    // A message a second comes back, for which nothing here lasts long enough.
    const FEW: usize = 100;
    let server = Server::start();
    let burst = BURST.to_string();
    let _daemon = Daemon::start_with(&server, &["--flood-burst", &burst, "--flood-rate", "1"]);
    for stream in 0..2 {
        let mut peer = server.online();
        peer.send(&(MESSAGE.repeat(BURST + FEW) + PING));
        let (echoes, bounces) = count(&peer.until("</iq>"));
        if stream == 0 {
            assert!((BURST..BURST + FEW).contains(&echoes), "{echoes}");
            assert_eq!(bounces, 1);
        } else {
            assert!(echoes < FEW, "{echoes}");
            assert_eq!(bounces, 0, "told once");
        }
        peer.close();
    }
}

#[test]
fn by_default_9_999_messages_at_once_are_echoed_and_twice_as_many_are_not() {
    let server = Server::start();
    let _daemon = Daemon::start(&server);
    let mut peer = server.online();
    for allowed in [true, false] {
        peer.send(&(MESSAGE.repeat(9_999) + PING));
        let (echoes, bounces) = count(&peer.until("</iq>"));
        if allowed {
            assert_eq!((echoes, bounces), (9_999, 0));
        } else {
            assert!(echoes < 5_000, "{echoes}");
            assert_eq!(bounces, 1);
        }
    }
}

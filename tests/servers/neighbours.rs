//! What the server hands over that is for another component.

use crate::real::{Daemon, Kind, SECRET, Server, User};

/// The host of a second component at the same listener.
const OTHER: &str = "other.localhost";

/// Which host a stanza was for that was warned of, and what to do about it.
const WARNING: &str = "global_routes: false";

/// By default ejabberd registers all hosts of a listener for each component that connects to it.
pub fn another_components_stanzas_are_warned_of_once(kind: Kind) {
    let (_server, mut daemon, mut alice) = with_two_hosts(kind, "");
    for nth in 0..3 {
        for stanza in [
            format!("<message to='bot@{OTHER}' id='{nth}'><body>x</body></message>"),
            format!("<iq to='{OTHER}' type='get' id='{nth}'><ping xmlns='urn:xmpp:ping'/></iq>"),
            format!("<presence to='bot@{OTHER}' type='subscribe'/>"),
        ] {
            alice.send(&stanza);
        }
        alice.assert_echoed(&format!("m{nth}"));
    }
    let line = daemon.wait_for_line(WARNING);
    assert!(line.contains(&format!("domain=\"{OTHER}\"")), "{line}");
    assert!(!alice.has(|stanza| stanza.attr("from").ends_with(OTHER)), "an answer");
    assert_eq!(daemon.terminate(), 0);
    daemon.wait_for_line("stopped as asked");
    assert_eq!(daemon.count_lines(WARNING), 1);
}

/// What the warning says to do is enough.
pub fn with_the_setting_of_the_warning_there_is_nothing_to_warn_of(kind: Kind) {
    let (_server, mut daemon, mut alice) = with_two_hosts(kind, "    global_routes: false\n");
    alice.send(&format!("<message to='bot@{OTHER}' id='m1'><body>x</body></message>"));
    let refused = alice.wait_for_id("m1");
    assert!(refused.is("message", "error"), "{refused:?}");
    alice.assert_echoed("m2");
    assert_eq!(daemon.terminate(), 0);
    daemon.wait_for_line("stopped as asked");
    assert_eq!(daemon.count_lines(WARNING), 0);
}

/// A server whose listener has a second host and, behind it, `settings`; the first one's daemon; a user.
fn with_two_hosts(kind: Kind, settings: &str) -> (Server, Daemon, User) {
    // The list of hosts is the end of the file.
    let host = format!("      {OTHER}:\n        password: \"{SECRET}\"\n{settings}");
    let server = Server::start_with(kind, &host);
    let mut daemon = Daemon::start(server.component_port());
    daemon.wait_until_online();
    let alice = User::login(&server, "alice");
    (server, daemon, alice)
}

//! The same chat through a client library, slixmpp: our own [`User`](crate::real::User)
//! could share a mistake with the daemon, and people do not type XML.
//!
//! tokio-xmpp's `Client` is of no use here. The stanzas of xmpp-parsers are in the
//! component's namespace throughout a build that has its `component` feature, as ours
//! must, and no server binds a resource for a client that asks in that namespace.

use crate::real::{Kind, Stage, python};

const SCRIPT: &str = include_str!("../support/real/conf/slixmpp_chat.py");

pub fn a_slixmpp_client_gets_its_message_back(kind: Kind) {
    if !python::has("slixmpp") {
        return;
    }
    let stage = Stage::start(kind);
    let port = stage.server.c2s_port().to_string();
    python::run(SCRIPT, &[&port, "bot@echo.localhost/desk"]);
}

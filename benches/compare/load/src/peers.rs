//! Who is compared. Each peer is an executable of its name in the folder of peers.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use crate::check::Addresses;

pub struct Peer {
    pub name: &'static str,
    pub what: &'static str,
    pub addresses: Addresses,
    /// No echo one could use, but a mark of what is possible.
    pub bound: bool,
}

pub const OURS: usize = 0;
pub const COMPONENT: usize = 1;
pub const XMPPJS: usize = 2;
pub const SLIXMPP: usize = 3;
pub const FRAMER: usize = 6;
pub const TCP: usize = 7;

pub const PEERS: [Peer; 8] = [
    echo("echo-component", "**echo-component**"),
    echo("component", "`tokio_xmpp::Component`"),
    echo("xmppjs", "@xmpp/component"),
    echo("slixmpp", "slixmpp"),
    echo("gloox", "gloox"),
    echo("go", "Go encoding/xml"),
    Peer { bound: true, ..echo("framer", "bare framer") },
    Peer { bound: true, addresses: Addresses::AsSent, ..echo("tcp-echo", "raw TCP echo") },
];

const fn echo(name: &'static str, what: &'static str) -> Peer {
    Peer { name, what, addresses: Addresses::Traded, bound: false }
}

impl Peer {
    /// The command line that makes the peer log in at a port of this machine.
    pub fn arguments(&self, port: u16, jid: &str, secret: &str) -> Vec<OsString> {
        let port = port.to_string();
        // The daemon has its secret from the environment, as nobody else can read that. Its flood guard
        // counts, but never to its limit.
        let words = if self.name == PEERS[OURS].name {
            let patient = ["--keep-ids", "--flood-burst", "1000000000"];
            [&patient[..], &["--jid", jid, "--server", "127.0.0.1", "--port", &port]].concat()
        } else {
            vec!["127.0.0.1", &port, jid, secret]
        };
        words.into_iter().map(OsString::from).collect()
    }
}

/// What `versions`, a file of lines `NAME VERSION`, says of a peer.
pub fn version(folder: &Path, name: &str) -> String {
    let text = fs::read_to_string(folder.join("versions")).unwrap_or_default();
    let mut lines = text.lines().filter_map(|line| line.split_once(' '));
    lines.find(|(of, _)| *of == name).map_or_else(String::new, |(_, version)| version.to_owned())
}

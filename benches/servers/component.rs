//! The components that are compared: each a program that joins the server on loopback.

use std::path::Path;
use std::process::Stdio;

use crate::real::{COMPONENT, Daemon, Process, SECRET};

/// Which component.
#[derive(Clone, Copy)]
pub enum Which {
    EchoComponent,
    XmppJs,
    Slixmpp,
}

pub const COMPONENTS: [Which; 3] = [Which::EchoComponent, Which::XmppJs, Which::Slixmpp];

impl Which {
    /// What it is called in the table.
    pub fn title(self) -> &'static str {
        match self {
            Self::EchoComponent => "**echo-component**",
            Self::XmppJs => "@xmpp/component",
            Self::Slixmpp => "slixmpp",
        }
    }
}

/// A running one, ended on drop.
pub struct Component(Process);

impl Component {
    /// Starts it; `peers` is the folder with those that are not ours.
    pub fn start(which: Which, peers: &Path, port: u16) -> Self {
        let mut command = match which {
            Which::EchoComponent => {
                let mut ours = Daemon::command(COMPONENT, SECRET, "127.0.0.1", port);
                // A user here is not to be told to write less.
                ours.args(["--flood-burst", "0"]);
                ours
            }
            Which::XmppJs | Which::Slixmpp => {
                let name = if let Which::XmppJs = which { "xmppjs" } else { "slixmpp" };
                let mut peer = Process::command(&peers.join(name));
                peer.args(["127.0.0.1", &port.to_string(), COMPONENT, SECRET]);
                peer
            }
        };
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(Process::spawn(&mut command))
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.0.id()
    }
}

//! One daemon and the server it is connected to: sends its share of the stanzas, checks the answers,
//! and disconnects it every so many, in each way in turn.

use std::fs::File;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use crate::peer::Peer;
use crate::stanza::{self, COMPONENT};
use crate::stats::Counts;

/// How many stanzas are sent at once; twice as many are on their way.
const BATCH: u64 = 64;

/// The ways to disconnect, in turn.
pub const WAYS: [&str; 5] = ["FIN", "RST", "footer", "stream error", "malformed"];

/// What a lane has to do.
pub struct Plan {
    /// The number of its first stanza.
    pub first: u64,
    /// How many it sends.
    pub messages: u64,
    /// After how many of them it disconnects.
    pub disconnect_every: u64,
    /// How many senders there are.
    pub senders: u64,
}

/// The daemon of a lane and the port it connects to.
pub struct Lane {
    listener: TcpListener,
    pid: u32,
    daemon: Mutex<Child>,
    /// What was counted since the table last asked.
    pub counts: Mutex<Counts>,
}

impl Lane {
    /// Starts the daemon, which logs to `log`.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(program: &Path, log: &Path, plan: &Plan) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port().to_string();
        let mut command = Command::new(program);
        command.env_clear().env("ECHO_COMPONENT_SECRET", "secret").args([
            "--keep-ids",
            "--jid",
            COMPONENT,
            "--server",
            "127.0.0.1",
            "--port",
            &port,
        ]);
        if plan.messages / plan.senders >= 1000 {
            // So many of one sender would be taken for a flood.
            command.args(["--flood-burst", "0"]);
        }
        let daemon = command.stdin(Stdio::null()).stderr(File::create(log)?).spawn()?;
        let pid = daemon.id();
        Ok(Self { listener, pid, daemon: Mutex::new(daemon), counts: Mutex::default() })
    }

    /// The daemon's process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Does all of the plan.
    ///
    /// # Errors
    /// What the daemon did wrong.
    pub fn run(&self, plan: &Plan) -> Result<(), String> {
        let (mut next, end) = (plan.first, plan.first + plan.messages);
        for session in 0.. {
            let mut peer = Peer::accept(&self.listener)?;
            let until = end.min(next + plan.disconnect_every);
            while next < until {
                let mut counts = Counts::default();
                let batch = BATCH.min(until - next);
                let (mut bytes, mut due) = (vec![], vec![]);
                for number in next..next + batch {
                    due.push(stanza::write(number, plan.senders, &mut bytes));
                }
                peer.send(&bytes, due)?;
                next += batch;
                counts.sent += batch;
                if next < until {
                    let window = usize::try_from(BATCH).unwrap_or(usize::MAX);
                    peer.settle(window, &mut counts)?;
                }
                self.file(&mut counts);
            }
            let mut counts = Counts::default();
            if next == end {
                self.finish(peer, &mut counts)?;
            } else {
                let way = session % WAYS.len();
                disconnect(peer, WAYS[way], &mut counts)?;
                counts.disconnects[way] += 1;
            }
            self.file(&mut counts);
            if next == end {
                break;
            }
        }
        Ok(())
    }

    fn file(&self, counts: &mut Counts) {
        self.counts.lock().expect("no lane panics").take(counts);
    }

    /// Asks the daemon to stop: it answers all that is due and closes the stream.
    fn finish(&self, mut peer: Peer, counts: &mut Counts) -> Result<(), String> {
        peer.settle(0, counts)?;
        let asked = Command::new("kill").args(["-s", "TERM", &self.pid().to_string()]).status();
        asked.map_err(|error| error.to_string())?;
        peer.settle_and_expect("</stream:stream>", counts)?;
        peer.write(b"</stream:stream>")?;
        peer.read_to_end(counts)?;
        let status = self.daemon.lock().expect("no lane panics").wait();
        match status.map_err(|error| error.to_string())? {
            status if status.success() => Ok(()),
            status => Err(format!("ended with {status}")),
        }
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        // It has ended by itself if all went well.
        if let Ok(daemon) = self.daemon.get_mut() {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }
}

fn disconnect(mut peer: Peer, way: &str, counts: &mut Counts) -> Result<(), String> {
    match way {
        "FIN" => return peer.read_to_end(counts),
        "RST" => return peer.reset(counts),
        "footer" => peer.write(b"</stream:stream>")?,
        "stream error" => peer.write(
            b"<stream:error><system-shutdown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>\
              </stream:error></stream:stream>",
        )?,
        _ => {
            peer.write(b"<message></body>")?;
            peer.settle_and_expect("<not-well-formed ", counts)?;
        }
    }
    peer.settle_and_expect("</stream:stream>", counts)?;
    peer.read_to_end(counts)
}

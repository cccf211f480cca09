//! The daemon itself, the program that is shipped: started, its log lines read, stopped.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Instant;

use super::process::Process;
use super::{COMPONENT, PATIENCE, SECRET};

/// What the line that tells of a successful login has in it.
pub const ONLINE: &str = " online";

/// A running `echo-component`.
pub struct Daemon {
    process: Process,
    lines: Receiver<String>,
    // All lines waited for or passed over, for the reader of a failure.
    log: Vec<String>,
}

impl Daemon {
    /// Starts one that joins the server at this loopback port as [`COMPONENT`].
    pub fn start(port: u16) -> Self {
        Self::start_as(COMPONENT, SECRET, port)
    }

    /// Starts one with another JID or secret.
    pub fn start_as(jid: &str, secret: &str, port: u16) -> Self {
        Self::run(&mut Self::command(jid, secret, "127.0.0.1", port))
    }

    /// What is run to join a server, for more to be added to it. It leaves ids as they are, by which
    /// tests know an answer.
    pub fn command(jid: &str, secret: &str, server: &str, port: u16) -> Command {
        let mut command = Process::command(Path::new(env!("CARGO_BIN_EXE_echo-component")));
        forget_surroundings(&mut command);
        command
            .args(["--jid", jid, "--server", server])
            .args(["--port", &port.to_string()])
            .env("ECHO_COMPONENT_SECRET", secret)
            .env("ECHO_COMPONENT_KEEP_IDS", "true")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        command
    }

    /// Runs what [`Daemon::command`] has begun.
    pub fn run(command: &mut Command) -> Self {
        let mut process = Process::spawn(command);
        let stderr = process.child().stderr.take().expect("it is piped");
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Self { process, lines, log: Vec::new() }
    }

    /// Waits for the next log line that has this in it, after those waited for before.
    #[track_caller]
    pub fn wait_for_line(&mut self, needle: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let why = match self.lines.recv_timeout(left) {
                Ok(line) => {
                    self.log.push(line.clone());
                    if line.contains(needle) {
                        return line;
                    }
                    continue;
                }
                Err(RecvTimeoutError::Timeout) => format!("{PATIENCE:?} passed"),
                Err(RecvTimeoutError::Disconnected) => "the daemon ended".to_owned(),
            };
            panic!("{why} before it logged {needle:?}");
        }
    }

    /// Waits until it has joined the server.
    #[track_caller]
    pub fn wait_until_online(&mut self) {
        self.wait_for_line(ONLINE);
    }

    /// Whether it has logged such a line since the last one waited for.
    pub fn has_logged(&mut self, needle: &str) -> bool {
        let first = self.log.len();
        self.log.extend(self.lines.try_iter());
        self.log[first..].iter().any(|line| line.contains(needle))
    }

    /// How many lines it has logged so far that have this in them.
    pub fn count_lines(&mut self, needle: &str) -> usize {
        self.log.extend(self.lines.try_iter());
        self.log.iter().filter(|line| line.contains(needle)).count()
    }

    /// Sends it a signal.
    pub fn signal(&self, name: &str) {
        self.process.signal(name);
    }

    /// Ends it without warning, with SIGKILL.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Asks it to stop, as an init system does, and returns its exit code.
    #[track_caller]
    pub fn terminate(&mut self) -> i32 {
        self.process.terminate();
        self.exit_code()
    }

    /// Waits until it ends and returns its exit code.
    #[track_caller]
    pub fn exit_code(&mut self) -> i32 {
        let status = self.process.wait();
        status.code().unwrap_or_else(|| panic!("it {status}"))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if thread::panicking() {
            self.log.extend(self.lines.try_iter());
            eprintln!("the daemon's log:\n{}", self.log.join("\n"));
        }
    }
}

/// What the person who runs the tests has set must not reach the daemon.
fn forget_surroundings(command: &mut Command) {
    const READ_BY_DAEMONS: [&str; 6] = [
        "CREDENTIALS_DIRECTORY",
        "JOURNAL_STREAM",
        "NOTIFY_SOCKET",
        "RUST_LOG",
        "WATCHDOG_PID",
        "WATCHDOG_USEC",
    ];
    let ours = |name: &str| name.starts_with("ECHO_COMPONENT_") || READ_BY_DAEMONS.contains(&name);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(ours) {
            command.env_remove(name);
        }
    }
}

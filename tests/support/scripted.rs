//! A server that does what a test says, in raw bytes, and the daemon that is to deal with it.
//!
//! Every wait ends with a panic that says what was waited for.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use super::COMPONENT;

/// How long anything may take that should happen at once. Generous, since machines are busy.
pub const SOON: Duration = Duration::from_secs(20);

/// The secret of all daemons, and the handshake that it makes with the id `42`.
pub const SECRET: &str = "never-to-be-shown";
pub const DIGEST: &str = "ce88cf7e57253bb0703f600ff146292fc82def1e";

/// A port that waits for the daemon.
pub struct Server(TcpListener);

impl Server {
    pub fn start() -> Self {
        Self::at("127.0.0.1:0")
    }

    /// One at another address, or at a port that must be this one.
    pub fn at(address: &str) -> Self {
        Self(TcpListener::bind(address).unwrap())
    }

    pub fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }

    /// The next connection, before anything was said on it.
    #[track_caller]
    pub fn accept(&self) -> Peer {
        self.accept_within(SOON)
    }

    /// The same of a daemon that may pause for that long.
    #[track_caller]
    pub fn accept_within(&self, patience: Duration) -> Peer {
        self.0.set_nonblocking(true).unwrap();
        let deadline = Instant::now() + patience;
        loop {
            match self.0.accept() {
                Ok((connection, _)) => return Peer::new(connection),
                Err(_) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(2)),
                Err(error) => panic!("the daemon did not connect: {error}"),
            }
        }
    }

    /// The next connection, authenticated.
    #[track_caller]
    pub fn online(&self) -> Peer {
        let mut peer = self.accept();
        peer.header();
        peer.send("<handshake/>");
        peer
    }
}

/// The server's side of one connection.
pub struct Peer {
    connection: TcpStream,
    received: Vec<u8>,
}

impl Peer {
    fn new(connection: TcpStream) -> Self {
        connection.set_nonblocking(false).unwrap();
        connection.set_nodelay(true).unwrap();
        connection.set_read_timeout(Some(SOON)).unwrap();
        connection.set_write_timeout(Some(SOON)).unwrap();
        Self { connection, received: vec![] }
    }

    /// Takes the stream header, answers with the id `42`, and takes the handshake.
    pub fn header(&mut self) -> String {
        let header = self.until("'>");
        assert!(header.contains(&format!("to='{COMPONENT}'")), "{header}");
        self.send(
            "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' \
             xmlns:stream='http://etherx.jabber.org/streams' from='echo.example' id='42'>",
        );
        self.until("</handshake>")
    }

    pub fn send(&mut self, text: &str) {
        self.send_bytes(text.as_bytes());
    }

    pub fn send_bytes(&mut self, bytes: &[u8]) {
        self.connection.write_all(bytes).expect("the daemon takes what the server sends");
    }

    /// Sends `text` over and over, reading nothing, until the daemon takes no more for a while, and
    /// says how many bytes it took.
    pub fn push_until_blocked(&mut self, text: &str) -> usize {
        self.connection.set_write_timeout(Some(Duration::from_secs(2))).unwrap();
        let (mut sent, mut rest) = (0, &b""[..]);
        loop {
            if rest.is_empty() {
                rest = text.as_bytes();
            }
            match self.connection.write(rest) {
                Ok(count) => {
                    sent += count;
                    rest = &rest[count..];
                }
                Err(_) => return sent,
            }
        }
    }

    /// All that the daemon has sent up to and with `end`.
    #[track_caller]
    pub fn until(&mut self, end: &str) -> String {
        loop {
            if let Some(at) = find(&self.received, end.as_bytes()) {
                let rest = self.received.split_off(at + end.len());
                return String::from_utf8(std::mem::replace(&mut self.received, rest)).unwrap();
            }
            if !self.read() {
                let so_far = String::from_utf8_lossy(&self.received);
                panic!("the daemon closed before {end:?}: {so_far}");
            }
        }
    }

    /// What the daemon sends next must be this.
    #[track_caller]
    pub fn expect(&mut self, text: &str) {
        while self.received.len() < text.len() && text.as_bytes().starts_with(&self.received) {
            if !self.read() {
                break;
            }
        }
        let received = String::from_utf8_lossy(&self.received);
        assert!(received.starts_with(text), "expected {text}, got {received}");
        self.received.drain(..text.len());
    }

    /// A message and its echo.
    #[track_caller]
    pub fn echoes(&mut self, body: &str) {
        self.send(&format!("<message from='u@x' to='{COMPONENT}'>{body}</message>"));
        self.expect(&format!("<message from='{COMPONENT}' to='u@x'>{body}</message>"));
    }

    /// All that the daemon sends before it closes.
    #[track_caller]
    pub fn until_closed(&mut self) -> String {
        while self.read() {}
        String::from_utf8(std::mem::take(&mut self.received)).unwrap()
    }

    /// The connection once more, for a test that writes and reads at the same time.
    pub fn connection(&self) -> TcpStream {
        self.connection.try_clone().unwrap()
    }

    /// Ends the connection with a RST, which is what the kernel sends when a connection is closed
    /// while there is something unread.
    pub fn reset(self) {
        self.reset_after(|| {});
    }

    /// The same after `event`, which may keep the RST from arriving.
    pub fn reset_after(self, event: impl FnOnce()) {
        (&self.connection).write_all(b"<message from='u@x' to='echo.example'/>").unwrap();
        assert_eq!(self.connection.peek(&mut [0]).unwrap(), 1);
        event();
    }

    /// Ends the connection with a FIN.
    pub fn close(self) {
        // The other side may have ended it already, and with unread bytes that is a reset.
        let _ = self.connection.shutdown(Shutdown::Write);
    }

    /// Reads more; false if there is no more.
    #[track_caller]
    fn read(&mut self) -> bool {
        let mut piece = vec![0; 1 << 16];
        match self.connection.read(&mut piece) {
            Ok(0) => false,
            Ok(count) => {
                self.received.extend_from_slice(&piece[..count]);
                true
            }
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => false,
            Err(error) => {
                let so_far = String::from_utf8_lossy(&self.received);
                panic!("waiting for the daemon: {error}; so far {so_far}")
            }
        }
    }
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}

/// The program itself, with its log. It ends with the test.
pub struct Daemon {
    child: Child,
    lines: Receiver<String>,
    pub log: Vec<String>,
}

/// The program with nothing in its environment that a developer's machine may have set.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_echo-component"));
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Daemon {
    /// The daemon for a server on loopback.
    pub fn start(server: &Server) -> Self {
        Self::start_with(server, &[])
    }

    pub fn start_with(server: &Server, options: &[&str]) -> Self {
        let mut command = program();
        command.args(["--jid", COMPONENT, "--server", "127.0.0.1"]);
        command.args(["--port", &server.port().to_string()]).args(options);
        Self::run(command.env("ECHO_COMPONENT_SECRET", SECRET))
    }

    /// Runs a command that leaves ids as they are, by which tests know an answer.
    pub fn run(command: &mut Command) -> Self {
        Self::run_as_is(command.env("ECHO_COMPONENT_KEEP_IDS", "true"))
    }

    pub fn run_as_is(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let (sender, lines) = channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || {
            stderr.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        Self { child, lines, log: vec![] }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The most memory that it has taken so far, in KiB.
    #[track_caller]
    pub fn peak_memory(&self) -> usize {
        memory(self.pid(), "VmHWM:")
    }

    /// Waits for a line of the log that contains `words`.
    #[track_caller]
    pub fn logs(&mut self, words: &str) -> String {
        self.logs_within(SOON, words)
    }

    /// The same where the daemon has a deadline of its own.
    #[track_caller]
    pub fn logs_within(&mut self, patience: Duration, words: &str) -> String {
        let deadline = Instant::now() + patience;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.log.push(line.clone());
                    if line.contains(words) {
                        return line;
                    }
                }
                Err(why) => panic!("no line with {words:?} ({why}) in:\n{}", self.log.join("\n")),
            }
        }
    }

    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.pid().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// Waits for the end, and takes the rest of the log.
    #[track_caller]
    pub fn ends(&mut self) -> ExitStatus {
        let deadline = Instant::now() + SOON;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => self.log.push(line),
                Err(RecvTimeoutError::Disconnected) => return self.child.wait().unwrap(),
                Err(RecvTimeoutError::Timeout) => panic!("still running:\n{}", self.log.join("\n")),
            }
        }
    }
}

/// What the kernel says of a living process' memory, in KiB.
#[track_caller]
pub fn memory(pid: u32, field: &str) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let size = status.lines().find_map(|line| line.strip_prefix(field));
    size.expect("the process lives").trim().trim_end_matches(" kB").parse().unwrap()
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

//! What is asked for on a terminal, as somebody who sits there sees it.

mod support;

use std::io::{BufReader, Read, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

use support::COMPONENT;
use support::scripted::{DIGEST, SECRET, Server};

/// A terminal with a shell on it that runs `--check`, says how that ended and what the terminal shows then.
struct Terminal {
    shell: Child,
    screen: BufReader<ChildStdout>,
}

impl Terminal {
    fn start(options: &str) -> Self {
        let program = env!("CARGO_BIN_EXE_echo-component");
        let line = format!("'{program}' --check {options}; echo \"ended $?\"; stty -a; echo over");
        // From util-linux, which every Debian has.
        let mut script = Command::new("script");
        script.args(["--quiet", "--command", &line, "/dev/null"]).env_clear();
        let mut shell = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let screen = BufReader::new(shell.stdout.take().unwrap());
        Self { shell, screen }
    }

    /// What is on the screen up to and with `end`.
    #[track_caller]
    fn until(&mut self, end: &str) -> String {
        let (mut seen, mut byte) = (vec![], [0]);
        while !seen.ends_with(end.as_bytes()) {
            let read = self.screen.read(&mut byte).unwrap();
            assert_eq!(read, 1, "{end:?} is not in {:?}", String::from_utf8_lossy(&seen));
            seen.extend(byte);
        }
        String::from_utf8(seen).unwrap()
    }

    fn types(&mut self, keys: &str) {
        self.shell.stdin.as_mut().unwrap().write_all(keys.as_bytes()).unwrap();
    }

    /// What is shown of the end, when the terminal must show again what is typed.
    #[track_caller]
    fn ends(mut self) -> String {
        let shown = self.until("over\r\n");
        let modes: Vec<_> = shown.split_whitespace().collect();
        for mode in ["echo", "icanon", "isig"] {
            assert!(modes.contains(&mode), "{mode} is not in {shown}");
        }
        shown
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

#[test]
fn what_is_missing_is_asked_for_until_it_will_do_and_the_secret_is_not_shown() {
    let server = Server::start();
    let mut terminal = Terminal::start(&format!("--port {}", server.port()));
    terminal.until("JID (such as echo.example.com): ");
    terminal.types("a b\n");
    terminal.until("it contains a blank");
    terminal.until("JID (such as echo.example.com): ");
    terminal.types(&format!("{COMPONENT}\n"));
    terminal.until("host name or address: ");
    terminal.types("127.0.0.1\n");
    terminal.until("secret (not shown): ");
    terminal.types("\n");
    assert_eq!(terminal.until("secret (not shown): ").lines().nth(1), Some("it cannot be empty"));
    terminal.types(&format!("x\u{7f}{SECRET}\n"));
    let mut peer = server.accept();
    assert!(peer.header().contains(DIGEST), "a slip that was taken back does not count");
    peer.close();
    let shown = terminal.ends();
    assert!(shown.contains("\necho-component: ") && shown.contains("ended 69"), "{shown}");
    assert!(!shown.contains(SECRET), "{shown}");
}

#[test]
fn a_terminal_shows_again_what_is_typed_however_the_secret_was_not_given() {
    for (key, code) in [("\u{3}", 130), ("\u{4}", 78)] {
        let mut terminal = Terminal::start(&format!("--jid {COMPONENT} --server 127.0.0.1"));
        terminal.until("secret (not shown): ");
        terminal.types(key);
        let shown = terminal.ends();
        assert!(shown.contains(&format!("ended {code}")), "{shown}");
    }
}

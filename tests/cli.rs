//! The command line as its user meets it: help, errors, exit codes, secrets.

mod support;

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use support::scripted::{Daemon, SECRET, Server, program};

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("echo-component-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, content: &[u8], mode: u32) -> String {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A leftover in the temporary folder is no reason to fail.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn run(options: &[&str]) -> Output {
    program().args(options).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

const WHOLE: [&str; 6] = ["--jid", "echo.example", "--server", "localhost", "--secret", "x"];

#[test]
fn help_and_version_are_printed() {
    let help = run(&["--help"]);
    assert!(help.status.success());
    let help = String::from_utf8(help.stdout).unwrap();
    for option in
        ["jid", "server", "port", "secret", "secret-file", "max-stanza-size", "name", "contact"]
    {
        assert!(help.contains(&format!("--{option}")), "{option}");
        let variable = format!("ECHO_COMPONENT_{}", option.to_uppercase().replace('-', "_"));
        assert!(help.contains(&variable), "{variable}");
    }
    let version = run(&["--version"]);
    assert_eq!(
        String::from_utf8(version.stdout).unwrap(),
        concat!("echo-component ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

#[test]
fn help_does_not_show_the_secret() {
    let help = program().arg("--help").env("ECHO_COMPONENT_SECRET", SECRET).output().unwrap();
    assert!(!String::from_utf8(help.stdout).unwrap().contains(SECRET));
}

#[test]
fn wrong_usage_ends_with_64_and_one_sentence() {
    for (options, words) in [
        (&["--port", "0"][..], "0"),
        (&["--port", "70000"], "70000"),
        (&["--port", "x"], "x"),
        (&["--max-stanza-size", "9999"], "9999"),
        (&["--unknown"], "--unknown"),
        (&["extra"], "extra"),
        (&["-q", "-v"], "cannot be used with"),
    ] {
        let output = run(&[&WHOLE[..], options].concat());
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(64), "{options:?}: {said}");
        assert!(said.contains(words) && said.lines().count() == 1, "{options:?}: {said}");
    }
}

#[test]
fn the_exit_code_is_the_same_if_no_one_reads() {
    for (options, code) in [(&["--help"][..], 0), (&["--port", "0"], 64), (&["--name", " "], 78)] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = program();
        command.args(options).stdout(writer.try_clone().unwrap()).stderr(writer);
        assert_eq!(command.status().unwrap().code(), Some(code), "{options:?}");
    }
}

#[test]
fn wrong_values_end_with_78_and_one_sentence() {
    let folder = Folder::new("wrong-values");
    let empty = folder.file("empty", b"\n", 0o600);
    let lines = folder.file("lines", b"one\ntwo\n", 0o600);
    let binary = folder.file("binary", b"\xff", 0o600);
    let long = folder.file("long", &[b'x'; 5000], 0o600);
    let folder_itself = folder.0.to_str().unwrap();
    for (options, words) in [
        (&["--jid", "u@echo.example"][..], "u@echo.example"),
        (&["--jid", "echo.example/r"], "resource"),
        (&["--jid", "a b"], "a b"),
        (&["--server", "a:5347"], "--port"),
        (&["--server", "a b"], "host name"),
        (&["--secret", ""], "empty"),
        (&["--secret-file", "/no/such/file"], "/no/such/file"),
        (&["--secret-file", folder_itself], folder_itself),
        (&["--secret-file", &empty], "is empty"),
        (&["--secret-file", &lines], "more than one line"),
        (&["--secret-file", &binary], "UTF-8"),
        (&["--secret-file", &long], "4096"),
        (&["--name", " "], "--name"),
        (&["--contact", "admin@example.com"], "mailto:admin@example.com"),
    ] {
        let mut defaults = vec![];
        for pair in [["--jid", "echo.example"], ["--server", "localhost"], ["--secret", "x"]] {
            if pair[0] != options[0] {
                defaults.extend(pair);
            }
        }
        let output = run(&[&defaults[..], options].concat());
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(78), "{options:?}: {said}");
        assert!(said.contains(words) && said.lines().count() == 1, "{options:?}: {said}");
    }
}

#[test]
fn what_is_missing_is_named() {
    for (options, words) in [
        (&["--server", "localhost"][..], "ECHO_COMPONENT_JID"),
        (&["--jid", "echo.example"], "ECHO_COMPONENT_SERVER"),
        (&["--jid", "echo.example", "--server", "localhost"], "--secret-file"),
    ] {
        let output = run(options);
        assert_eq!(output.status.code(), Some(78));
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
    }
}

#[test]
fn a_bad_filter_is_named() {
    let output = program().args(WHOLE).env("RUST_LOG", "a=b=c").output().unwrap();
    assert_eq!(output.status.code(), Some(78));
    assert!(stderr(&output).contains("a=b=c"), "{}", stderr(&output));
}

#[test]
fn the_three_flags_suffice_with_the_secrets_file_in_the_environment_or_a_credential() {
    let folder = Folder::new("secret-file");
    let file = folder.file("secret", format!("{SECRET}\r\n").as_bytes(), 0o600);
    let directory = folder.0.to_str().unwrap();
    for (variable, value) in
        [("ECHO_COMPONENT_SECRET_FILE", &*file), ("CREDENTIALS_DIRECTORY", directory)]
    {
        let server = Server::start();
        let mut command = program();
        command.args(["--jid", "echo.example", "--server", "localhost", "--port"]);
        command.arg(server.port().to_string()).env(variable, value);
        let mut daemon = Daemon::run(command.env("ECHO_COMPONENT_SECRET", "another"));
        let handshake = server.accept().header();
        assert!(handshake.contains(support::scripted::DIGEST), "{handshake}");
        daemon.signal("TERM");
        daemon.ends();
        assert!(!daemon.log.iter().any(|line| line.contains("can read")), "{:?}", daemon.log);
    }
}

#[test]
fn everything_can_come_from_the_environment() {
    let server = Server::start();
    let mut command = program();
    command.env("ECHO_COMPONENT_JID", "echo.example").env("ECHO_COMPONENT_SERVER", "127.0.0.1");
    command.env("ECHO_COMPONENT_PORT", server.port().to_string());
    command.env("ECHO_COMPONENT_SECRET", SECRET).env("ECHO_COMPONENT_VERBOSE", "1");
    command.env("ECHO_COMPONENT_NAME", "Mirror");
    command.env("ECHO_COMPONENT_CONTACT", "mailto:a@example.com xmpp:b@example.com");
    let _daemon = Daemon::run(&mut command);
    let mut peer = server.online();
    peer.send(
        "<iq type='get' id='1' from='u@x' to='echo.example'>\
         <query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
    );
    let info = peer.until("</iq>");
    for word in ["Mirror", ">mailto:a@example.com<", ">xmpp:b@example.com<"] {
        assert!(info.contains(word), "{info}");
    }
}

#[test]
fn switches_in_the_environment_may_be_off() {
    let server = Server::start();
    let mut command = program();
    for (name, value) in [("QUIET", "false"), ("VERBOSE", "0"), ("TLS", "0")] {
        command.env(format!("ECHO_COMPONENT_{name}"), value);
    }
    command.args(["-j", "echo.example", "-s", "127.0.0.1", "-P", &server.port().to_string()]);
    let mut daemon = Daemon::run(command.env("ECHO_COMPONENT_SECRET", SECRET));
    server.online();
    daemon.logs("online");
}

#[test]
fn a_secret_that_others_can_read_is_warned_of() {
    let folder = Folder::new("open-secret");
    let file = folder.file("secret", SECRET.as_bytes(), 0o644);
    for (options, words) in
        [(["--secret-file", &*file], "others can read"), (["--secret", SECRET], "with ps")]
    {
        let server = Server::start();
        let mut command = program();
        command.args(["-j", "echo.example", "-s", "localhost", "-P", &server.port().to_string()]);
        let mut daemon = Daemon::run(command.args(options));
        daemon.logs(words);
    }
}

/// Waits until the terminal of that process' child no longer shows what is typed: the prompt comes
/// a moment before.
fn wait_until_nothing_is_shown(parent: u32) {
    let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap();
    let terminal = format!("/proc/{}/fd/0", children.trim());
    let deadline = std::time::Instant::now() + support::scripted::SOON;
    while std::time::Instant::now() < deadline {
        let settings = Command::new("stty").args(["-a", "-F", &terminal]).output().unwrap();
        if String::from_utf8(settings.stdout).unwrap().contains(" -echo ") {
            return;
        }
    }
    panic!("the terminal goes on showing what is typed");
}

#[test]
fn what_is_missing_is_asked_for_on_a_terminal_and_the_secret_is_not_shown() {
    let server = Server::start();
    let daemon = format!("{} --port {}", env!("CARGO_BIN_EXE_echo-component"), server.port());
    // util-linux' script gives the program a terminal.
    let mut command = Command::new("script");
    command.args(["-qefc", &daemon, "/dev/null"]).env_clear();
    let mut terminal = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut keys, mut screen) = (terminal.stdin.take().unwrap(), terminal.stdout.take().unwrap());
    let mut shown = Vec::new();
    for (prompt, answer) in
        [("echo.example.com): ", "echo.example"), ("address: ", "127.0.0.1"), ("shown): ", SECRET)]
    {
        while !shown.ends_with(prompt.as_bytes()) {
            let mut byte = [0];
            screen.read_exact(&mut byte).unwrap();
            shown.push(byte[0]);
        }
        if answer == SECRET {
            wait_until_nothing_is_shown(terminal.id());
        }
        keys.write_all(format!("{answer}\n").as_bytes()).unwrap();
    }
    let handshake = server.accept().header();
    assert!(handshake.contains(support::scripted::DIGEST), "{handshake}");
    keys.write_all(b"\x03").unwrap(); // Ctrl-C
    screen.read_to_end(&mut shown).unwrap();
    let shown = String::from_utf8_lossy(&shown);
    terminal.wait().unwrap();
    assert!(shown.contains("stopping on SIGINT") && !shown.contains(SECRET), "{shown}");
}

//! The command line as its user meets it: help, errors, exit codes, secrets.

mod support;

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write, pipe};
use std::net::UdpSocket;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Output, Stdio};

use clap::CommandFactory;
use echo_component::cli::args::Args;
use support::folder::Folder;
use support::scripted::{Daemon, SECRET, Server, program};

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
        (&["--port", "0"][..], "'0' for '--port <PORT>': give a number from 1 to 65535"),
        (&["--port", "70000"], "'70000' for"),
        (&["--port", "x"], "give a number from 1 to 65535"),
        (&["--max-stanza-size", "9999"], "'9999' for"),
        (&["--max-stanza-size", "512k"], "give a number of bytes from 10000 to 16777216"),
        (&["--max-stanza-size", "16777217"], "'16777217' for"),
        (&["--flood-burst", "x"], "give a number of messages"),
        (&["--flood-rate", "0"], "at least 1; --flood-burst 0 turns the limit off"),
        (&["--metrics", "localhost:9469"], "such as 127.0.0.1:9469"),
        (&["--unknown"], "--unknown"),
        (&["extra"], "extra"),
        (&["--por", "1"], "'--por' found; a similar argument exists: '--port'"),
        (&["--", "--port"], "unexpected argument '--port' found"),
        (&["--port"], "a value is required for '--port <PORT>'"),
        (&["--jid", "twice.example"], "'--jid <DOMAIN>' cannot be used multiple times"),
        (&["--quiet=x"], "unexpected value 'x' for '--quiet'"),
        (&["-q", "-v"], "'--quiet' cannot be used with '--verbose...'"),
        (&["--tls-ca", "/x"], "'--tls-ca <FILE>' is of no use without '--tls'"),
    ] {
        let output = run(&[&WHOLE[..], options].concat());
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(64), "{options:?}: {said}");
        assert!(said.contains(words) && said.lines().count() == 1, "{options:?}: {said}");
    }
}

#[test]
fn the_exit_code_is_the_same_if_no_one_reads() {
    for (options, code) in
        [(&["--help"][..], 0), (&["--port", "0"], 64), (&["--unknown"], 64), (&["--name", " "], 78)]
    {
        let (reader, writer) = pipe().unwrap();
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
        (&["--server", "http://localhost"], "--server \"http://localhost\" begins with a scheme"),
        (&["--secret", ""], "the secret of --secret is empty"),
        (&["--secret", "a\nb"], "the secret of --secret has more than one line"),
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
fn a_filter_that_is_none_or_hides_errors_is_named() {
    for filter in ["a=b=c", "inof", "off", "hyper=debug", "echo_component=off"] {
        let output = program().args(WHOLE).env("RUST_LOG", filter).output().unwrap();
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(78), "{filter}: {said}");
        assert!(said.contains(&format!("RUST_LOG={filter:?}")), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[test]
fn a_filter_may_show_some_modules_only() {
    for filter in ["error", "info,hyper=debug", "echo_component=warn"] {
        let mut command = program();
        command.args(["-j", "a b"]).args(&WHOLE[2..]).env("RUST_LOG", filter);
        let said = stderr(&command.output().unwrap());
        assert!(said.contains("\"a b\" is not usable"), "{filter}: {said}");
    }
}

#[test]
fn the_journal_is_told_that_what_ends_the_daemon_is_an_error() {
    let folder = Folder::new("journal");
    for (options, code) in [(["--jid", "a b"], 78), (["--port", "x"], 64)] {
        let path = folder.file("stderr", b"", 0o600);
        let stderr = fs::File::create(&path).unwrap();
        let metadata = stderr.metadata().unwrap();
        let stream = format!("{}:{}", metadata.dev(), metadata.ino());
        let mut command = program();
        command.args(&WHOLE[2..]).args(options).env("JOURNAL_STREAM", stream).stderr(stderr);
        assert_eq!(command.status().unwrap().code(), Some(code));
        let said = fs::read_to_string(&path).unwrap();
        assert!(said.lines().last().unwrap().starts_with("<3>"), "{said}");
    }
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
    for (name, value) in [("QUIET", "false"), ("VERBOSE", "no"), ("TLS", "0")] {
        command.env(format!("ECHO_COMPONENT_{name}"), value);
    }
    command.args(["-j", "echo.example", "-s", "127.0.0.1", "-P", &server.port().to_string()]);
    let mut daemon = Daemon::run(command.env("ECHO_COMPONENT_SECRET", SECRET));
    server.online();
    daemon.logs("online");
}

#[test]
fn an_empty_variable_counts_as_none() {
    let server = Server::start();
    let mut command = program();
    let mut count = 0;
    for option in Args::command().get_arguments() {
        if let Some(variable) = option.get_env() {
            command.env(variable, "");
            count += 1;
        }
    }
    assert!(count > 8, "{count}");
    command.env("CREDENTIALS_DIRECTORY", "").env("RUST_LOG", "");
    command.env("ECHO_COMPONENT_JID", "echo.example").env("ECHO_COMPONENT_SERVER", "127.0.0.1");
    command.env("ECHO_COMPONENT_SECRET", SECRET).args(["-P", &server.port().to_string()]);
    let mut daemon = Daemon::run(&mut command);
    server.online().echoes("x");
    daemon.signal("TERM");
    daemon.ends();
    assert!(daemon.log[0].contains("online"), "no warning: {:?}", daemon.log);
}

#[test]
fn more_than_one_blank_between_contacts_does_no_harm() {
    let server = Server::start();
    let mut command = program();
    command.args(["-j", "echo.example", "-s", "127.0.0.1", "-P", &server.port().to_string()]);
    command.env("ECHO_COMPONENT_SECRET", SECRET);
    command.env("ECHO_COMPONENT_CONTACT", " mailto:a@example.com  xmpp:b@example.com ");
    let _daemon = Daemon::run(&mut command);
    let mut peer = server.online();
    peer.send(
        "<iq type='get' id='1' from='u@x' to='echo.example'>\
         <query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
    );
    let info = peer.until("</iq>");
    assert!(info.contains(">mailto:a@example.com<"), "{info}");
    assert!(info.contains(">xmpp:b@example.com<"), "{info}");
}

#[test]
fn a_wrong_variable_ends_with_78_and_its_name() {
    for (variables, words) in [
        (&[("JID", "u@echo.example")][..], "ECHO_COMPONENT_JID \"u@echo.example\""),
        (&[("SERVER", "a:5347")], "ECHO_COMPONENT_SERVER \"a:5347\""),
        (&[("SERVER", "a b")], "ECHO_COMPONENT_SERVER \"a b\""),
        (&[("PORT", "abc")], "'abc' for ECHO_COMPONENT_PORT"),
        (&[("TLS", "maybe")], "'maybe' for ECHO_COMPONENT_TLS"),
        (&[("TLS_CA", "/x")], "ECHO_COMPONENT_TLS_CA is of no use without '--tls'"),
        (&[("MAX_STANZA_SIZE", "512k")], "'512k' for ECHO_COMPONENT_MAX_STANZA_SIZE"),
        (&[("FLOOD_BURST", "-1")], "'-1' for ECHO_COMPONENT_FLOOD_BURST"),
        (&[("FLOOD_RATE", "0")], "'0' for ECHO_COMPONENT_FLOOD_RATE"),
        (&[("NAME", " ")], "ECHO_COMPONENT_NAME \" \""),
        (&[("CONTACT", "xmpp:a@b me@b")], "ECHO_COMPONENT_CONTACT \"me@b\""),
        (&[("METRICS", "localhost:1")], "'localhost:1' for ECHO_COMPONENT_METRICS"),
        (&[("VERBOSE", "loud")], "'loud' for ECHO_COMPONENT_VERBOSE: give 0, 1 or 2"),
        (
            &[("QUIET", "1"), ("VERBOSE", "yes")],
            "ECHO_COMPONENT_QUIET cannot be used with ECHO_COMPONENT_VERBOSE",
        ),
    ] {
        let mut command = program();
        command.env("ECHO_COMPONENT_JID", "echo.example");
        command.env("ECHO_COMPONENT_SERVER", "localhost").env("ECHO_COMPONENT_SECRET", "x");
        for (name, value) in variables {
            command.env(format!("ECHO_COMPONENT_{name}"), value);
        }
        let output = command.output().unwrap();
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(78), "{variables:?}: {said}");
        assert!(said.contains(words) && said.lines().count() == 1, "{variables:?}: {said}");
    }
}

#[test]
fn a_variable_that_is_no_text_is_named_without_its_value() {
    let value = OsStr::from_bytes(b"hidden\xff");
    let output =
        program().args(["-j", "a", "-s", "b"]).env("ECHO_COMPONENT_SECRET", value).output();
    let output = output.unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(78), "{said}");
    assert!(said.contains("ECHO_COMPONENT_SECRET is not UTF-8 text"), "{said}");
    assert!(!said.contains("hidden"), "{said}");
}

#[test]
fn what_is_wrong_on_the_command_line_too_is_wrong_usage() {
    let output = program().args(["--port", "x"]).env("ECHO_COMPONENT_TLS", "maybe").output();
    assert_eq!(output.unwrap().status.code(), Some(64));
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

#[test]
fn a_request_to_reload_is_answered_in_the_log_and_changes_nothing() {
    let server = Server::start();
    let mut daemon = Daemon::start(&server);
    let mut peer = server.online();
    for _ in 0..2 {
        peer.echoes("before");
        daemon.signal("HUP");
        daemon.logs("settings are read only at a start");
        peer.echoes("after");
    }
    daemon.signal("TERM");
    peer.until("</stream:stream>");
    peer.close();
    assert_eq!(daemon.ends().code(), Some(0));
}

/// util-linux' script gives the program a terminal.
fn on_a_terminal(options: &str) -> Command {
    let daemon = format!("{} {options}", env!("CARGO_BIN_EXE_echo-component"));
    let mut command = Command::new("script");
    command.args(["-qefc", &daemon, "/dev/null"]).env_clear();
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

#[test]
fn the_stream_is_closed_when_the_terminal_is() {
    let server = Server::start();
    let options = format!("-j echo.example -s 127.0.0.1 -P {}", server.port());
    let mut terminal =
        on_a_terminal(&options).env("ECHO_COMPONENT_SECRET", SECRET).spawn().unwrap();
    let mut peer = server.online();
    peer.echoes("x");
    terminal.kill().unwrap();
    terminal.wait().unwrap();
    peer.until("</stream:stream>");
}

#[test]
fn blanks_around_the_secret_are_warned_of() {
    let folder = Folder::new("blanks");
    for secret in [" x\n", "x \n", "x\t", "\u{feff}x"] {
        let file = folder.file("secret", secret.as_bytes(), 0o600);
        let mut daemon = Daemon::start_with(&Server::start(), &["--secret-file", &file]);
        daemon.logs("begins or ends with a blank or a byte order mark");
    }
}

/// Root reads every file, so it runs as nobody here, which only root can arrange.
#[test]
fn a_secret_that_the_daemons_user_cannot_read_is_named() {
    let folder = Folder::new("unreadable");
    let file = folder.file("secret", SECRET.as_bytes(), 0o600);
    let mut command = program();
    command.args(["-j", "echo.example", "-s", "localhost", "--secret-file", &file]);
    let Ok(output) = command.uid(65534).gid(65534).output() else { return };
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(78), "{said}");
    assert!(said.contains("the user that the daemon runs as must be able to read it"), "{said}");
}

/// Nothing is sent to find the address that this machine would send from.
#[test]
fn a_server_at_this_machines_own_address_is_not_warned_of() {
    let own = UdpSocket::bind("0.0.0.0:0").and_then(|it| {
        it.connect("192.0.2.1:9")?;
        it.local_addr()
    });
    // A machine without a network has no such address.
    let Ok(own) = own else { return };
    let server = Server::at(&format!("{}:0", own.ip()));
    let mut command = program();
    command.args(["-j", "echo.example", "-s", &own.ip().to_string()]);
    command.args(["-P", &server.port().to_string()]).env("ECHO_COMPONENT_SECRET", SECRET);
    let mut daemon = Daemon::run(&mut command);
    server.online().echoes("x");
    daemon.logs("online");
    assert_eq!(daemon.log.len(), 1, "{:?}", daemon.log);
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
    let mut terminal = on_a_terminal(&format!("--port {}", server.port())).spawn().unwrap();
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

//! What must never be seen: the secret, the handshake made from it, what people write to each other;
//! and what a peer sends must not reach the log raw, for a terminal to obey.

mod support;

use std::fs::{self, Permissions};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};

use support::COMPONENT;
use support::folder::Folder;
use support::scripted::{DIGEST, Daemon, Peer, SECRET, Server, program};

/// Text of messages, which nothing else says.
const TEXT: &str = "meet-me-at-the-harbour";

const STREAMS: &str = "urn:ietf:params:xml:ns:xmpp-streams";

/// The ways to ask for a level of the log.
const LEVELS: [(&str, &[&str]); 5] =
    [("", &["-q"]), ("", &[]), ("", &["-v"]), ("", &["-vv"]), ("trace", &[])];

fn daemon(server: &Server, level: (&str, &[&str])) -> Command {
    let mut command = program();
    command.args(["--jid", COMPONENT, "--server", "127.0.0.1"]);
    command.args(["--port", &server.port().to_string()]).args(level.1);
    command.env("RUST_LOG", level.0).env("ECHO_COMPONENT_SECRET", SECRET);
    command
}

/// Stops the daemon and gives its whole log.
fn log_of(mut daemon: Daemon) -> String {
    daemon.signal("TERM");
    daemon.ends();
    daemon.log.join("\n")
}

/// A stanza of every kind with the text in it, and how the daemon's answers to it end.
fn stanzas() -> Vec<(String, &'static str)> {
    let message = |attributes: &str, payload: &str| {
        format!("<message from='romeo@x/r' to='{COMPONENT}'{attributes}>{payload}</message>")
    };
    let body = format!("<body>{TEXT}</body>");
    vec![
        (message(" id='1'", &body), "</message>"),
        (message("", &format!("{body}<x:y/>")), "</message>"),
        (message("", &format!("{body}&#1;")), "</message>"),
        (message("", &body.repeat(40_000)), "</message>"),
        (message(" type='error'", &body), ""),
        (message(&format!(" id='7' {TEXT}='{TEXT}'"), &body), "</message>"),
        (format!("<message from='romeo@x' to='evil.example'>{body}</message>"), ""),
        (format!("<message to='{COMPONENT}'>{body}</message>"), ""),
        (format!("<presence from='romeo@x/r'><status>{TEXT}</status></presence>"), ""),
        (
            format!("<presence type='subscribe' from='romeo@x'><status>{TEXT}</status></presence>"),
            "</x></presence>",
        ),
        (format!("<iq type='set' id='2' from='romeo@x/r'><q xmlns='{TEXT}'/></iq>"), "</iq>"),
        (format!("<iq type='get' id='2' from='romeo@x/r'><q:q {TEXT}</iq>"), ""),
    ]
}

/// Sends a stanza and waits for its answer, if there is one.
fn answer(peer: &mut Peer, stanza: &str, end: &str) {
    peer.send(stanza);
    if !end.is_empty() {
        peer.until(end);
    }
}

/// An empty log would tell nothing either.
#[track_caller]
fn says_what_it_should(log: &str, level: (&str, &[&str])) {
    let quiet = level.1.contains(&"-q");
    let detailed = level.0 == "trace" || level.1.iter().any(|option| option.starts_with("-v"));
    let count = |words: &str| log.lines().filter(|line| line.contains(words)).count();
    assert_eq!(count(" online "), if quiet { 0 } else { 3 }, "{level:?}: {log}");
    assert_eq!(count(" offline: "), 2, "{level:?}: {log}");
    // An error, one for another domain, one from nobody.
    assert_eq!(count("message not answered"), if detailed { 3 } else { 0 }, "{level:?}: {log}");
}

#[test]
fn no_log_level_tells_secret_handshake_or_text() {
    for level in LEVELS {
        let server = Server::start();
        let running = Daemon::run(&mut daemon(&server, level));
        // The first stanza comes in the handshake's packet, where the login still reads.
        let mut peer = server.accept();
        peer.header();
        peer.send(&format!("<handshake/>{}", stanzas()[0].0));
        peer.until("</message>");
        for (stanza, end) in stanzas() {
            answer(&mut peer, &stanza, end);
        }
        // The last was not well-formed.
        peer.until("</stream:stream>");
        peer.close();
        let mut peer = server.online();
        peer.echoes(TEXT);
        peer.send(&format!("<message from='romeo@x' to='{COMPONENT}'>{TEXT}"));
        peer.close();
        let mut peer = server.online();
        peer.echoes(TEXT);
        let log = log_of(running);
        says_what_it_should(&log, level);
        for hidden in [SECRET, DIGEST, TEXT] {
            assert!(!log.contains(hidden), "{hidden} with {level:?}: {log}");
        }
        if level.0.is_empty() && !level.1.iter().any(|option| option.starts_with("-v")) {
            assert!(!log.contains("romeo"), "users' JIDs are for debugging: {log}");
        }
    }
}

#[test]
fn no_failure_of_the_login_tells_secret_or_handshake() {
    let refusal = |condition: &str| {
        format!(
            "<stream:error><{condition} xmlns='{STREAMS}'/><text xmlns='{STREAMS}'>no</text>\
             </stream:error></stream:stream>"
        )
    };
    // A server may be so unkind as to send back what it was sent.
    let kind_of_mirror = format!("<handshake>{DIGEST}</handshake><{DIGEST}");
    for words in [
        &refusal("conflict"),
        &refusal("host-unknown"),
        "<stream:features/><x xmlns='urn:x'/><",
        "\u{0}",
        "",
        &kind_of_mirror,
    ] {
        for level in LEVELS {
            let server = Server::start();
            let mut running = Daemon::run(&mut daemon(&server, level));
            let mut peer = server.accept();
            peer.header();
            peer.send(words);
            peer.close();
            running.logs("127.0.0.1");
            let ended = words.contains("host-unknown");
            let log = if ended {
                assert_eq!(running.ends().code(), Some(77));
                running.log.join("\n")
            } else {
                log_of(running)
            };
            assert!(!log.contains(SECRET) && !log.contains(DIGEST), "{words} {level:?}: {log}");
        }
    }
}

#[test]
fn the_command_line_that_others_see_has_no_secret() {
    let server = Server::start();
    let folder = Folder::new("secret");
    let file = folder.file("secret", SECRET.as_bytes(), 0o600);
    for from_file in [false, true] {
        let mut command = daemon(&server, ("", &[]));
        if from_file {
            command.env_remove("ECHO_COMPONENT_SECRET").arg("--secret-file").arg(&file);
        }
        let running = Daemon::run(&mut command);
        let handshake = server.accept().header();
        assert!(handshake.contains(DIGEST));
        let proc = format!("/proc/{}", running.pid());
        for name in ["cmdline", "comm", "status"] {
            let bytes = fs::read(format!("{proc}/{name}")).unwrap();
            assert!(!String::from_utf8_lossy(&bytes).contains(SECRET), "{name}");
        }
    }
}

/// A command that allows core dumps, as a machine may, and runs `program` as somebody who is not root:
/// what may not be dumped belongs to root in /proc, which shows only for others.
fn as_an_ordinary_user(program: &Path) -> Command {
    let shell = ["sh", "-c", "ulimit -c unlimited 2>/dev/null; exec \"$0\" \"$@\""];
    let mut command = if rustix::process::geteuid().is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).args(shell);
        command
    } else {
        let mut command = Command::new(shell[0]);
        command.args(&shell[1..]);
        command
    };
    command.arg(program).stdin(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Whom the kernel lets look into a process.
fn owner(pid: u32) -> u32 {
    fs::metadata(format!("/proc/{pid}/environ")).unwrap().uid()
}

#[test]
fn a_crash_leaves_no_core_dump_and_other_processes_cannot_look_in() {
    let server = Server::start();
    // Everybody can read this copy: a program that its user cannot read is hidden by the kernel.
    let folder = Folder::new("copy");
    let copy = folder.0.join("echo-component");
    let shipped = daemon(&server, ("", &[]));
    fs::copy(shipped.get_program(), &copy).unwrap();
    for path in [&folder.0, &copy] {
        fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
    }
    let mut command = as_an_ordinary_user(&copy);
    let mut running =
        Daemon::run(command.args(shipped.get_args()).env("ECHO_COMPONENT_SECRET", SECRET));
    let mut peer = server.online();
    peer.echoes("x");
    let limits = fs::read_to_string(format!("/proc/{}/limits", running.pid())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    let fields: Vec<_> = core.split_whitespace().skip(4).take(2).collect();
    assert_eq!(fields, ["0", "0"], "soft and hard limit: {core}");
    assert_eq!(owner(running.pid()), 0);
    // Of another program, run in the same way, its own user is the owner.
    let mut other = as_an_ordinary_user(Path::new("cat")).stdout(Stdio::piped()).spawn().unwrap();
    other.stdin.as_mut().unwrap().write_all(b"x").unwrap();
    other.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    assert_ne!(owner(other.id()), 0, "it is not the daemon that hides itself");
    drop(other.stdin.take());
    other.wait().unwrap();
    running.signal("ABRT");
    let status = running.ends();
    assert!(!status.core_dumped(), "{status}");
}

/// The standard library quotes a text that is cut within a character.
#[test]
fn a_panic_tells_where_it_was_but_not_what_it_was_about() {
    const NAME: &str = "a_panic_tells_where_it_was_but_not_what_it_was_about";
    if std::env::var_os("PANIC").is_some() {
        let mut log = echo_component::daemon::logging::Log::open().unwrap();
        log.start(None, false).unwrap();
        let words = format!("\u{e9}{TEXT}{SECRET}");
        panic!("{}", &words[1..]);
    }
    let mut this = Command::new(std::env::current_exe().unwrap());
    let output = this.args(["--exact", NAME, "--nocapture"]).env_clear().env("PANIC", "1");
    let output = output.output().unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(said.contains("fault in the program at tests/secrets.rs:"), "{said}");
    for hidden in [SECRET, TEXT] {
        assert!(!said.contains(hidden), "{hidden}: {said}");
    }
}

/// What the units hand over when an admin has written no secret.
#[test]
fn an_empty_credential_is_none_and_the_sentence_names_the_file_to_write() {
    for (unit, file) in [
        ("echo-component.service", "/etc/echo-component/echo-component.secret"),
        ("echo-component@second.service", "/etc/echo-component/second.secret"),
        ("echo-component@a-b.c.service", "/etc/echo-component/a-b.c.secret"),
        ("another.service", "--secret-file"),
    ] {
        let folder = Folder::new("empty-credential");
        let credentials = folder.0.join(unit);
        fs::create_dir(&credentials).unwrap();
        fs::write(credentials.join("secret"), "\n").unwrap();
        let mut command = program();
        command.args(["--jid", COMPONENT, "--server", "localhost"]);
        command.env("CREDENTIALS_DIRECTORY", &credentials).stdin(Stdio::null());
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(78), "{said}");
        assert!(said.contains("there is no secret") && said.contains(file), "{unit}: {said}");
    }
}

#[test]
fn an_empty_credential_gives_way_to_a_secret_in_the_settings() {
    let folder = Folder::new("settings-secret");
    folder.file("secret", b"\n", 0o600);
    let server = Server::start();
    let _running = Daemon::run(daemon(&server, ("", &[])).env("CREDENTIALS_DIRECTORY", &folder.0));
    server.online().echoes("settings");
}

#[test]
fn the_metrics_have_neither_secret_nor_text_nor_people() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = Server::start();
    let mut command = daemon(&server, ("", &[]));
    let running = Daemon::run(command.args(["--metrics", &format!("127.0.0.1:{port}")]));
    let mut peer = server.online();
    for (stanza, end) in stanzas() {
        answer(&mut peer, &stanza, end);
    }
    for path in ["/metrics", "/healthz", "/"] {
        let mut connection = TcpStream::connect(("127.0.0.1", port)).unwrap();
        write!(connection, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 "), "{answer}");
        for hidden in [SECRET, DIGEST, TEXT, "romeo"] {
            assert!(!answer.contains(hidden), "{hidden} in {path}: {answer}");
        }
    }
    drop(running);
}

/// What XML allows and a terminal, a log reader or the eye may take for a command: C1 controls, line
/// breaks of Unicode, text that runs backwards; and what it only allows by reference.
const CONTROLS: &str =
    "\u{80}\u{85}\u{9b}31m\u{9d}0;x\u{9c}\u{2028}\u{2029}\u{202e}\u{2066}\u{feff}\u{7f}";
const REFERENCES: &str = "&#10;&#13;&#9;&#x9b;31m&#x202e;";

#[track_caller]
fn is_plain(log: &str, input: &str) {
    let raw = |c: char| {
        c != '\n'
            && (c.is_control() || CONTROLS.chars().any(|it| it == c && !it.is_ascii_graphic()))
    };
    let found: Vec<_> = log.chars().filter(|c| raw(*c)).collect();
    assert!(found.is_empty(), "{found:?} from {input:?} in {log:?}");
    for line in log.lines() {
        let has_time = line.get(..4).is_some_and(|year| year.parse::<u32>().is_ok());
        assert!(has_time, "a line that is not the daemon's own: {line:?} from {input:?}");
    }
}

#[test]
fn nothing_that_a_peer_sends_reaches_the_log_raw() {
    let odd = format!("{CONTROLS}{REFERENCES}");
    let users = [
        format!("<message from='{odd}@x/{odd}' to='{COMPONENT}' id='{odd}' type='{odd}'/>"),
        format!("<message from='{odd}@x' to='{odd}@evil.example' id='{odd}'/>"),
        format!("<message from='{odd}@x' to='{COMPONENT}'>{odd}<x:y/></message>"),
        format!("<message from='{odd}' to='{COMPONENT}' type='error'>{odd}</message>"),
        format!("<presence from='{odd}' type='{odd}'/><presence from='{odd}' type='subscribe'/>"),
        format!("<iq type='get' id='{odd}' from='{odd}'><q xmlns='{odd}'/></iq>"),
        format!("<iq type='{odd}' id='{odd}' from='{odd}'><q xmlns='{odd}'/></iq>"),
        format!("<iq type='get' from='{odd}'/>"),
    ];
    let servers = [
        format!(
            "<stream:error><reset xmlns='{STREAMS}'/><text xmlns='{STREAMS}'>{odd}</text>\
             </stream:error>"
        ),
        format!("<stream:error><x xmlns='{STREAMS}'/><y xmlns='{odd}'>{odd}</y></stream:error>"),
        format!("<stream:error><a\u{200d}\u{200c}b xmlns='{STREAMS}'/></stream:error>"),
        format!("<stream:error>{odd}</stream:error>"),
        format!("<{odd}>"),
        format!("<?{odd}?>"),
        format!("<message {odd}='{odd}'>"),
        format!("&{odd};"),
        "\u{1b}[31m\u{7}".to_owned(),
    ];
    for level in LEVELS {
        let server = Server::start();
        let running = Daemon::run(&mut daemon(&server, level));
        let mut peer = server.online();
        for stanza in &users {
            peer.send(stanza);
            peer.send(&format!("<message from='u@x' to='{COMPONENT}'>next</message>"));
            peer.until(">next</message>");
        }
        drop(peer);
        is_plain(&log_of(running), "the stanzas of users");
        for words in &servers {
            for at_login in [false, true] {
                let server = Server::start();
                let mut running = Daemon::run(&mut daemon(&server, level));
                let mut peer = if at_login { server.accept() } else { server.online() };
                if at_login {
                    peer.header();
                }
                peer.send(words);
                peer.close();
                running.logs("127.0.0.1");
                is_plain(&log_of(running), words);
            }
        }
    }
}

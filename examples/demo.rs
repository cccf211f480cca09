//! Shows what the daemon does, with nothing installed: a small server on loopback, the daemon's own code
//! connected to it over TCP, and a few sample messages with what comes back for each.
//!
//! On a terminal it then sends what you type, until Ctrl-D.

use std::future::pending;
use std::io::{BufRead, BufReader, IsTerminal, Write, stdin};
use std::net::{TcpListener, TcpStream};
use std::pin::pin;
use std::process::ExitCode;
use std::sync::mpsc::{Sender, channel};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use echo_component::cli::args::Args;
use echo_component::cli::config::Config;
use echo_component::daemon::supervisor;
use echo_component::daemon::systemd::Service;
use echo_component::metrics::Metrics;

const HEADER: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' \
    xmlns:stream='http://etherx.jabber.org/streams' from='echo.example' id='demo'>";

/// What is printed stays within so many columns.
const WIDTH: usize = 80;

/// Of a long message the demo prints its first and its last characters.
const FIRST: usize = 130;
const LAST: usize = 30;

/// What a message should lead to.
enum Expected {
    Echo,
    Bounce(&'static str),
    Silence,
}

fn main() -> Result<ExitCode> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port().to_string();
    std::thread::spawn(move || daemon(&port));
    let mut server = Server::accept(&listener)?;
    println!("online as echo.example at a small server on {}\n", listener.local_addr()?);
    let messages = messages();
    let mut right = 0;
    for (what, payload, expected) in &messages {
        right += usize::from(show(&mut server, what, payload, expected)?);
    }
    println!("{right} of {} messages led to what they should", messages.len());
    if stdin().is_terminal() {
        println!("\nType something, and see its echo; Ctrl-D ends.");
        for line in stdin().lock().split(b'\n') {
            let line = line?;
            // As a client does, which has text to send and not bytes.
            let text = String::from_utf8_lossy(&line);
            show(&mut server, "what you typed", &body(&text), &expected(&text))?;
        }
    }
    Ok(if right == messages.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The body of a message, behind the start tag of which all but `>` is there.
fn body(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!("><body>{text}</body>")
}

/// What is typed may hold characters that XML forbids, such as those of the arrow keys.
fn expected(text: &str) -> Expected {
    let is_allowed = |it| matches!(it, '\t' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
    if text.chars().all(is_allowed) { Expected::Echo } else { Expected::Bounce("not-acceptable") }
}

/// The daemon as the command line would configure it.
fn daemon(port: &str) -> Result<()> {
    let options = ["--jid", "echo.example", "--server", "127.0.0.1", "--port", port];
    let args = ["echo-component"].iter().chain(&options).chain(&["--secret", "demo"]);
    let config = Config::check(Args::try_parse_from(args)?)?.config;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut service = Service::from_environment();
    let (settings, metrics, stop) = (config.supervision(), Metrics::new()?, pin!(pending()));
    let (echo, connect) = (config.component(), config.connector());
    let online = supervisor::keep_online(&settings, echo, connect, &mut service, &metrics, stop);
    runtime.block_on(online);
    Ok(())
}

fn messages() -> Vec<(&'static str, String, Expected)> {
    let error = " type='error'><error type='cancel'/>".to_owned();
    let rich = " type='chat' xml:lang='en'><body>see <![CDATA[<this>]]> &amp; that</body>\
        <x:data xmlns:x='urn:example:data' x:n='1'/><active \
        xmlns='http://jabber.org/protocol/chatstates'/>";
    let deep = format!(">{}{}", "<a>".repeat(20_000), "</a>".repeat(20_000));
    vec![
        ("a plain message", body("Hello, mirror!"), Expected::Echo),
        ("emoji", body("👩‍👩‍👧 🏳️‍🌈 e\u{301}"), Expected::Echo),
        ("a rich payload", rich.into(), Expected::Echo),
        ("20,000 levels deep", deep, Expected::Echo),
        ("too large", body(&"x".repeat(600_000)), Expected::Bounce("policy-violation")),
        ("an undeclared prefix", "><x:y/>".into(), Expected::Bounce("not-acceptable")),
        ("an error message", error, Expected::Silence),
        ("a plain message, on the same stream", body("Still there?"), Expected::Echo),
    ]
}

/// Sends a message with its number as id, and prints what came back and when.
fn show(server: &mut Server, what: &str, payload: &str, expected: &Expected) -> Result<bool> {
    let id = server.next_id();
    let message = |from: &str, to: &str, id: &str| {
        format!("<message from='{from}' to='{to}' id='{id}'{payload}</message>")
    };
    let sent = message("you@users.example/demo", "echo.example", &format!("m{id}"));
    let start = Instant::now();
    let received = server.exchange(&sent)?;
    let took = start.elapsed();
    let right = match expected {
        Expected::Echo => {
            let mirrored = format!("echo-m{id}");
            received == message("echo.example", "you@users.example/demo", &mirrored)
        }
        Expected::Bounce(condition) => {
            received.contains("type='error'") && received.contains(&format!("<{condition} "))
        }
        Expected::Silence => received.is_empty(),
    };
    println!("{} {what}, {} bytes, {took:.1?}", if right { "✓" } else { "✗" }, sent.len());
    print_wrapped("  sent  ", &sent);
    print_wrapped("  back  ", if received.is_empty() { "nothing" } else { &received });
    println!();
    Ok(right)
}

/// The start and the end of a long text.
fn shortened(text: &str) -> String {
    let characters: Vec<_> = text.chars().collect();
    if characters.len() <= FIRST + LAST {
        return text.to_owned();
    }
    let (first, last) = (&characters[..FIRST], &characters[characters.len() - LAST..]);
    first.iter().chain(&[' ', '…', ' ']).chain(last).collect()
}

/// Prints a text behind a label, a terminal's line at a time, which ends at a blank or before a tag where
/// there is one. Control characters would do to the terminal what they say, so it gets their names.
fn print_wrapped(label: &str, text: &str) {
    let mut line = label.to_owned();
    for character in shortened(text).chars() {
        if character.is_control() {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
        if columns(&line) > WIDTH {
            let last = line.len() - line.chars().next_back().map_or(0, char::len_utf8);
            let end = line[label.len()..].rfind([' ', '<']).map_or(last, |it| it + label.len());
            let end = if end > label.len() { end } else { last };
            let rest = line.split_off(end);
            println!("{}", line.trim_end());
            line = " ".repeat(label.len()) + rest.trim_start();
        }
    }
    println!("{line}");
}

/// Other scripts' characters and emoji may take two columns.
fn columns(text: &str) -> usize {
    text.chars().map(|it| if it.is_ascii() { 1 } else { 2 }).sum()
}

/// The small server: enough of XEP-0114 to be a component's other side.
struct Server {
    reader: BufReader<TcpStream>,
    /// Writes in the background: a server reads what a component sends while it writes.
    writer: Sender<String>,
    ids: usize,
}

impl Server {
    fn accept(listener: &TcpListener) -> Result<Self> {
        let (connection, _) = listener.accept()?;
        connection.set_nodelay(true)?;
        let (writer, texts) = channel::<String>();
        let mut socket = connection.try_clone()?;
        std::thread::spawn(move || texts.iter().try_for_each(|it| socket.write_all(it.as_bytes())));
        let mut server = Self { reader: BufReader::new(connection), writer, ids: 0 };
        server.until("'>").context("no stream header came")?;
        server.send(HEADER)?;
        server.until("</handshake>").context("no handshake came")?;
        server.send("<handshake/>")?;
        Ok(server)
    }

    fn next_id(&mut self) -> usize {
        self.ids += 1;
        self.ids
    }

    /// What comes back for `stanza`: all up to the answer to a ping sent behind it.
    fn exchange(&mut self, stanza: &str) -> Result<String> {
        let ping =
            "<iq type='get' id='end' from='server.example'><ping xmlns='urn:xmpp:ping'/></iq>";
        self.send(&format!("{stanza}{ping}"))?;
        let mut received = self.until("</iq>")?;
        let answer = received.rfind("<iq ").context("the ping was not answered")?;
        received.truncate(answer);
        Ok(received)
    }

    fn send(&mut self, text: &str) -> Result<()> {
        self.writer.send(text.to_owned()).context("the daemon has closed")
    }

    fn until(&mut self, end: &str) -> Result<String> {
        let mut received = Vec::new();
        let last = end.as_bytes()[end.len() - 1];
        while !received.ends_with(end.as_bytes()) {
            ensure!(self.reader.read_until(last, &mut received)? > 0, "the daemon has closed");
        }
        Ok(String::from_utf8(received)?)
    }
}

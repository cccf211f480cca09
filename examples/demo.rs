//! Shows what the daemon does, with nothing installed: an embedded server on loopback, the daemon's
//! own code connected to it over TCP, and a handful of telling messages.
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
    println!("echo-component is online at an embedded server on {}\n", listener.local_addr()?);
    let messages = messages();
    let mut right = 0;
    for (what, payload, expected) in &messages {
        right += usize::from(show(&mut server, what, payload, expected)?);
    }
    println!("{right} of {} messages led to what they should", messages.len());
    if stdin().is_terminal() {
        println!("\nType something, and see its echo; Ctrl-D ends.");
        for line in stdin().lines() {
            let body = minidom::Element::builder("body", "jabber:component:accept");
            let mut payload = Vec::new();
            body.append(line?).build().write_to(&mut payload)?;
            show(&mut server, "what you typed", &String::from_utf8(payload)?, &Expected::Echo)?;
        }
    }
    Ok(if right == messages.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The daemon as the command line would configure it.
fn daemon(port: &str) -> Result<()> {
    let options = ["--jid", "echo.example", "--server", "127.0.0.1", "--port", port];
    let args = ["echo-component"].iter().chain(&options).chain(&["--secret", "demo"]);
    let config = Config::check(Args::try_parse_from(args)?)?.config;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut service = Service::from_environment();
    runtime.block_on(supervisor::run(&config, &mut service, &Metrics::new()?, pin!(pending())));
    Ok(())
}

fn messages() -> Vec<(&'static str, String, Expected)> {
    let error = " type='error'><error type='cancel'/>".to_owned();
    let rich = " type='chat' xml:lang='en'><body>see <![CDATA[<this>]]> &amp; that</body>\
        <x:data xmlns:x='urn:example:data' x:n='1'/><active \
        xmlns='http://jabber.org/protocol/chatstates'/>";
    vec![
        ("a plain message", "><body>Hello, mirror!</body>".into(), Expected::Echo),
        ("emoji", "><body>👩‍👩‍👧 🏳️‍🌈 e\u{301}</body>".into(), Expected::Echo),
        ("a rich payload", rich.into(), Expected::Echo),
        (
            "20,000 levels deep",
            format!(">{}{}", "<a>".repeat(20_000), "</a>".repeat(20_000)),
            Expected::Echo,
        ),
        (
            "too large",
            format!("><body>{}</body>", "x".repeat(600_000)),
            Expected::Bounce("policy-violation"),
        ),
        ("an undeclared prefix", "><x:y/>".into(), Expected::Bounce("not-acceptable")),
        ("an error message", error, Expected::Silence),
    ]
}

/// Sends a message with its number as id, and prints what came back and when.
fn show(server: &mut Server, what: &str, payload: &str, expected: &Expected) -> Result<bool> {
    let id = server.next_id();
    let payload = if payload.starts_with("<body") { format!(">{payload}") } else { payload.into() };
    let message = |from: &str, to: &str| {
        format!("<message from='{from}' to='{to}' id='{id}'{payload}</message>")
    };
    let sent = message("you@users.example/demo", "echo.example");
    let start = Instant::now();
    let received = server.exchange(&sent)?;
    let took = start.elapsed();
    let right = match expected {
        Expected::Echo => received == message("echo.example", "you@users.example/demo"),
        Expected::Bounce(condition) => {
            received.contains("type='error'") && received.contains(&format!("<{condition} "))
        }
        Expected::Silence => received.is_empty(),
    };
    println!("{} {what}, {} bytes, {took:.1?}", if right { "✓" } else { "✗" }, sent.len());
    println!("  out   {}", shortened(&sent));
    let back = if received.is_empty() { "nothing".to_owned() } else { shortened(&received) };
    println!("  back  {back}\n");
    Ok(right)
}

fn shortened(text: &str) -> String {
    let (start, end): (String, Vec<char>) =
        (text.chars().take(230).collect(), text.chars().rev().take(40).collect());
    if text.chars().count() <= 280 {
        return text.to_owned();
    }
    format!("{start} … {}", end.into_iter().rev().collect::<String>())
}

/// The embedded server: enough of XEP-0114 to be a component's other side.
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

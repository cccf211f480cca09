//! An ordinary user on the server: logs in over plain TCP, sends any XML, waits for any
//! stanza. Raw on purpose: what a client library would refuse to send can be sent.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

use super::server::Server;
use super::splitter::{Piece, Splitter};
use super::stanza::Stanza;
use super::{COMPONENT, PATIENCE};

/// A session of alice or bob.
pub struct User {
    stream: TcpStream,
    splitter: Splitter,
    // What has come and was not asked for yet.
    inbox: Vec<Stanza>,
    domain: String,
    jid: String,
}

impl User {
    /// Logs in and becomes available. The resource is the server's choice, so that one
    /// user can have several sessions.
    #[track_caller]
    pub fn login(server: &Server, name: &str) -> Self {
        let address = (Ipv4Addr::LOCALHOST, server.c2s_port());
        let mut user = Self {
            stream: TcpStream::connect(address).expect("the server listens"),
            splitter: Splitter::default(),
            inbox: Vec::new(),
            domain: server.domain().to_owned(),
            jid: String::new(),
        };
        // SASL PLAIN in base64: NUL, the name, NUL, the password.
        let credentials = match name {
            "alice" => "AGFsaWNlAGFsaWNlcHc=",
            "bob" => "AGJvYgBib2Jwdw==",
            _ => panic!("there is no user {name}"),
        };
        user.open_stream();
        user.send(&format!(
            "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{credentials}</auth>"
        ));
        user.wait_for("the password is right", |s| s.name() == "success");
        user.open_stream();
        let bind = "urn:ietf:params:xml:ns:xmpp-bind";
        user.send(&format!("<iq type='set' id='bind'><bind xmlns='{bind}'/></iq>"));
        let bound = user.wait_for("a resource is bound", |s| s.attr("id") == "bind");
        let jid = bound.find(bind, "jid").expect("a bound resource");
        user.jid.clone_from(&jid.text);
        // Only who has asked for the contact list is told that a subscription was granted.
        user.send("<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>");
        user.wait_for_id("roster");
        user.send("<presence/>");
        user
    }

    /// The full JID.
    pub fn jid(&self) -> &str {
        &self.jid
    }

    /// The connection alone, for who reads and writes it in another way.
    pub fn into_stream(self) -> TcpStream {
        self.stream
    }

    /// Sends XML as it is.
    #[track_caller]
    pub fn send(&mut self, xml: &str) {
        if let Err(error) = self.stream.write_all(xml.as_bytes()) {
            panic!("the server does not take {} bytes: {error}", xml.len());
        }
    }

    /// Waits for the first stanza that is wanted, also among those that came before and
    /// were not asked for. `what` tells the reader of a failure what was missing.
    #[track_caller]
    pub fn wait_for(&mut self, what: &str, wanted: impl Fn(&Stanza) -> bool) -> Stanza {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(index) = self.inbox.iter().position(&wanted) {
                return self.inbox.remove(index);
            }
            let why = match self.receive(deadline) {
                Ok(true) => continue,
                Ok(false) => format!("{PATIENCE:?} passed"),
                Err(why) => why,
            };
            panic!("{why} before this came: {what}; what came: {:#?}", self.inbox);
        }
    }

    /// Waits for the stanza that has this id.
    #[track_caller]
    pub fn wait_for_id(&mut self, id: &str) -> Stanza {
        self.wait_for(&format!("id {id}"), |stanza| stanza.attr("id") == id)
    }

    /// Whether such a stanza has come and was not asked for yet.
    pub fn has(&self, unwanted: impl Fn(&Stanza) -> bool) -> bool {
        self.inbox.iter().any(unwanted)
    }

    /// Sends the component a plain message and waits for its echo.
    #[track_caller]
    pub fn assert_echoed(&mut self, id: &str) {
        self.send(&format!(
            "<message to='{COMPONENT}' type='chat' id='{id}'><body>{id}</body></message>"
        ));
        let echo = self.wait_for_id(id);
        assert!(echo.is("message", "chat"), "no echo: {echo:?}");
        assert_eq!(echo.body(), id);
    }

    fn open_stream(&mut self) {
        self.splitter = Splitter::default();
        self.send(&format!(
            "<?xml version='1.0'?><stream:stream xmlns='jabber:client' version='1.0' \
             xmlns:stream='http://etherx.jabber.org/streams' to='{}'>",
            self.domain
        ));
        self.wait_for("stream features", |stanza| stanza.name() == "features");
    }

    /// Sends XML to a server that may be gone, and says whether it took it.
    pub fn try_send(&mut self, xml: &str) -> bool {
        self.stream.write_all(xml.as_bytes()).is_ok()
    }

    /// Takes all that has come and was not asked for; if nothing has, waits so long for more.
    ///
    /// # Errors
    /// That the server has closed, and all before it was taken.
    pub fn take(&mut self, patience: Duration) -> Result<Vec<Stanza>, String> {
        if self.inbox.is_empty()
            && let Err(why) = self.receive(Instant::now() + patience)
            && self.inbox.is_empty()
        {
            return Err(why);
        }
        Ok(std::mem::take(&mut self.inbox))
    }

    /// Reads once and files what is whole; false if nothing came until then.
    fn receive(&mut self, deadline: Instant) -> Result<bool, String> {
        let left = deadline.saturating_duration_since(Instant::now());
        // A timeout of nothing would mean none.
        let timeout = left.max(Duration::from_millis(1));
        self.stream.set_read_timeout(Some(timeout)).map_err(|error| error.to_string())?;
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(0) => return Err("the server closed the connection".to_owned()),
            Ok(count) => self.splitter.feed(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                return Ok(false);
            }
            Err(error) => return Err(error.to_string()),
        }
        while let Some(piece) = self.splitter.next_piece() {
            match piece {
                Piece::Header => {}
                Piece::Stanza(xml) => self.inbox.push(Stanza::parse(xml)),
                Piece::Footer => return Err("the server closed the stream".to_owned()),
            }
        }
        Ok(true)
    }
}

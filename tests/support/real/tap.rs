//! A wire tap: the daemon connects to it, it connects to the server, and it keeps a copy
//! of all that goes by. It forwards bytes as they come and changes nothing.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::ports::{listen, port_of};
use super::splitter::{Piece, Splitter};
use super::stanza::Stanza;

/// A tap on the component's connections. Its threads end with the connections, or with
/// the process.
pub struct Tap {
    port: u16,
    connections: Arc<Mutex<Vec<Connection>>>,
}

/// What went over one connection. A copy is kept before the bytes are passed on, so what
/// a user has received of it is here.
#[derive(Clone, Default)]
struct Connection {
    to_component: Recording,
    from_component: Recording,
}

type Recording = Arc<Mutex<Recorded>>;

/// What came from one side, and how much of it the other side's kernel has taken.
#[derive(Default)]
struct Recorded {
    bytes: Vec<u8>,
    passed_on: usize,
}

impl Tap {
    /// A tap before a component port.
    pub fn before(server_port: u16) -> Self {
        let listener = listen();
        let port = port_of(&listener);
        let connections = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&connections);
        thread::spawn(move || {
            for component in listener.incoming().flatten() {
                let connection = Connection::default();
                lock(&shared).push(connection.clone());
                // Without a server the component's connection closes, as it should.
                if let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, server_port)) {
                    join(component, server, connection);
                }
            }
        });
        Self { port, connections }
    }

    /// The port the daemon is to connect to.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How often the daemon has connected.
    pub fn connections(&self) -> usize {
        lock(&self.connections).len()
    }

    /// All that the server has sent to the component, on its last connection. Servers do
    /// send what is not well-formed; that is for the daemon to judge, and left out here.
    pub fn inbound(&self) -> Vec<Stanza> {
        let stanzas = self.last(|connection| &connection.to_component);
        stanzas.into_iter().flat_map(Stanza::try_parse).collect()
    }

    /// All that the component has sent, on its last connection.
    pub fn outbound(&self) -> Vec<Stanza> {
        let stanzas = self.last(|connection| &connection.from_component);
        stanzas.into_iter().map(Stanza::parse).collect()
    }

    /// What the server has sent to the component on all its connections, and what it got back.
    pub fn both_ways(&self) -> (Vec<Stanza>, Vec<Stanza>) {
        let connections = lock(&self.connections);
        let all = |direction: fn(&Connection) -> &Recording| {
            let stanzas = connections.iter().flat_map(|connection| stanzas(direction(connection)));
            stanzas.flat_map(Stanza::try_parse).collect()
        };
        (all(|connection| &connection.to_component), all(|connection| &connection.from_component))
    }

    /// What has been passed on to the component by now, whole, on all its connections.
    pub fn passed_on(&self) -> Vec<Stanza> {
        let connections = lock(&self.connections);
        let passed_on = connections.iter().flat_map(|connection| {
            let recorded = lock(&connection.to_component);
            split(&recorded.bytes[..recorded.passed_on])
        });
        passed_on.flat_map(Stanza::try_parse).collect()
    }

    fn last(&self, direction: impl Fn(&Connection) -> &Recording) -> Vec<String> {
        let connections = lock(&self.connections);
        stanzas(direction(connections.last().expect("the daemon has connected")))
    }
}

/// The whole stanzas of a recording.
fn stanzas(recording: &Recording) -> Vec<String> {
    split(&lock(recording).bytes)
}

fn split(bytes: &[u8]) -> Vec<String> {
    let mut splitter = Splitter::default();
    splitter.feed(bytes);
    std::iter::from_fn(|| splitter.next_piece())
        .filter_map(|piece| match piece {
            Piece::Stanza(xml) => Some(xml),
            Piece::Header | Piece::Footer => None,
        })
        .collect()
}

/// Passes bytes on, both ways.
fn join(component: TcpStream, server: TcpStream, connection: Connection) {
    let back = (
        server.try_clone().expect("a socket can be cloned"),
        component.try_clone().expect("a socket can be cloned"),
    );
    thread::spawn(move || copy(server, component, &connection.to_component));
    thread::spawn(move || copy(back.1, back.0, &connection.from_component));
}

fn copy(mut from: TcpStream, mut to: TcpStream, recording: &Recording) {
    let mut buffer = vec![0; 64 * 1024];
    let mut forward = || -> io::Result<usize> {
        let count = from.read(&mut buffer)?;
        lock(recording).bytes.extend_from_slice(&buffer[..count]);
        to.write_all(&buffer[..count])?;
        lock(recording).passed_on += count;
        Ok(count)
    };
    while forward().is_ok_and(|count| count > 0) {}
    // One side is gone; the other is to see that.
    let _ = to.shutdown(Shutdown::Write);
}

/// A test that failed while it held the lock has said so itself.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! Ports that no other test has, in this process or another that runs beside it: a server that is stopped
//! and started again must find its own free.
//!
//! They are below those that Linux gives to whoever asks for any, in blocks. A process owns a block by
//! listening on its first port.

use std::net::{Ipv4Addr, TcpListener};
use std::process;
use std::sync::{Mutex, PoisonError};

/// From here to where Linux begins to choose by itself.
const FIRST: u16 = 10_240;
const END: u16 = 32_768;

/// How many ports a block has.
const SIZE: u16 = 128;

struct Block {
    _owner: TcpListener,
    next: u16,
    end: u16,
}

impl Block {
    /// One that nobody owns. Processes begin at different ones, since each has an id of its own.
    fn own() -> Self {
        let count = u32::from((END - FIRST) / SIZE);
        (0..count)
            .filter_map(|nth| u16::try_from((process::id() + nth) % count).ok())
            .find_map(|nth| {
                let first = FIRST + nth * SIZE;
                let owner = bind(first)?;
                Some(Self { _owner: owner, next: first + 1, end: first + SIZE })
            })
            .expect("a block of ports that nobody owns")
    }
}

/// Listens on a port of our own that has not been given yet.
pub fn listen() -> TcpListener {
    static OWN: Mutex<Vec<Block>> = Mutex::new(Vec::new());
    let mut own = OWN.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        if let Some(block) = own.last_mut() {
            while block.next < block.end {
                block.next += 1;
                if let Some(listener) = bind(block.next - 1) {
                    return listener;
                }
            }
        }
        own.push(Block::own());
    }
}

/// The port of a listener.
pub fn port_of(listener: &TcpListener) -> u16 {
    listener.local_addr().expect("a bound port").port()
}

/// None if something has that port already.
fn bind(port: u16) -> Option<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()
}

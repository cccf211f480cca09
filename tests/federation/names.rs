//! A name server (RFC 1035) that knows a handful of names, and a network namespace in which everybody
//! asks it. Knows nothing of XMPP but what an SRV record of it is called (RFC 6120 §3.2.1).

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, UdpSocket};
use std::thread;

use crate::namespace::shell;

const A: u16 = 1;
const SRV: u16 = 33;
const NO_SUCH_NAME: u8 = 3;

/// What is known of domains.
#[derive(Clone, Default)]
pub struct Names {
    addresses: BTreeMap<String, Ipv4Addr>,
    servers: BTreeMap<String, String>,
}

impl Names {
    /// With the address of a domain's server (A).
    pub fn address(mut self, domain: &str, address: Ipv4Addr) -> Self {
        self.addresses.insert(domain.to_owned(), address);
        self
    }

    /// With the name of a domain's server (SRV), which has an address of its own.
    pub fn server(mut self, domain: &str, server: &str) -> Self {
        self.servers.insert(format!("_xmpp-server._tcp.{domain}"), server.to_owned());
        self
    }

    /// Answers everybody in this network namespace, for as long as the process lives.
    pub fn serve(self) {
        shell("ip link set lo up");
        let file = std::env::temp_dir().join(format!("resolv-{}.conf", std::process::id()));
        fs::write(&file, "nameserver 127.0.0.1\n").unwrap();
        shell(&format!("mount --bind '{0}' /etc/resolv.conf; rm '{0}'", file.display()));
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 53)).unwrap();
        thread::spawn(move || {
            let mut question = [0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut question) {
                if let Some(answer) = self.answer(&question[..length]) {
                    // Whoever asked may be gone.
                    let _ = socket.send_to(&answer, from);
                }
            }
        });
    }

    /// A whole reply; none to what is no question.
    fn answer(&self, message: &[u8]) -> Option<Vec<u8>> {
        let (id, question) = (message.get(..2)?, message.get(12..)?);
        let end = question.iter().position(|byte| *byte == 0)? + 5;
        let question = question.get(..end)?;
        let name = read_name(question)?;
        let kind = u16::from_be_bytes([question[end - 4], question[end - 3]]);
        let data = match kind {
            A => self.addresses.get(&name).map(|it| it.octets().to_vec()),
            SRV => self.servers.get(&name).map(|it| server_data(it)),
            _ => None,
        };
        let known = self.addresses.contains_key(&name) || self.servers.contains_key(&name);
        let code = if known { 0 } else { NO_SUCH_NAME };
        let mut reply = [id, &[0x85, 0x80 | code, 0, 1, 0, u8::from(data.is_some())]].concat();
        reply.extend([0; 4]);
        reply.extend(question);
        if let Some(data) = data {
            // The name that was asked for, of this type, on the Internet, for a second.
            reply.extend([0xc0, 12, 0, kind.to_be_bytes()[1], 0, 1, 0, 0, 0, 1, 0]);
            reply.push(u8::try_from(data.len()).ok()?);
            reply.extend(data);
        }
        Some(reply)
    }
}

/// `name.of.labels` in small letters.
fn read_name(mut labels: &[u8]) -> Option<String> {
    let mut name = vec![];
    // An empty label is the end.
    while let [length, rest @ ..] = labels
        && *length > 0
    {
        let (label, rest) = rest.split_at_checked(usize::from(*length))?;
        name.push(String::from_utf8(label.to_ascii_lowercase()).ok()?);
        labels = rest;
    }
    Some(name.join("."))
}

/// Priority and weight, which do not matter, the port, and the server.
fn server_data(server: &str) -> Vec<u8> {
    let mut data = [[0; 4].as_slice(), &5269_u16.to_be_bytes()].concat();
    for label in server.split('.') {
        data.push(u8::try_from(label.len()).expect("a short label"));
        data.extend(label.as_bytes());
    }
    data.push(0);
    data
}

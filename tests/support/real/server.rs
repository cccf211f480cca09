//! One running XMPP server, whatever its kind: start, stop, kill, start again.
//! What differs between kinds is in `prosody.rs`, `ejabberd.rs` and `jabberd2.rs`.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::{env, fs};

use super::place::Place;
use super::process::Process;
use super::{ejabberd, jabberd2, prosody, wait_until};

/// The servers we know how to start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Prosody,
    Ejabberd,
    Jabberd2,
}

impl Kind {
    /// Its name, which is also that of its package.
    pub fn name(self) -> &'static str {
        match self {
            Self::Prosody => "prosody",
            Self::Ejabberd => "ejabberd",
            Self::Jabberd2 => "jabberd2",
        }
    }

    /// The file of its configuration that holds what a test may want to add to.
    fn configuration(self) -> &'static str {
        match self {
            Self::Prosody => "prosody.cfg.lua",
            Self::Ejabberd => "ejabberd.yml",
            Self::Jabberd2 => panic!("nothing can be added to an XML document"),
        }
    }

    /// Whether its scenarios can run. What this says of a server that is not there, see
    /// [`left_out`].
    pub fn is_there(self) -> bool {
        let there = match self {
            Self::Prosody => prosody::is_installed(),
            Self::Ejabberd => ejabberd::is_installed(),
            Self::Jabberd2 => jabberd2::is_installed(),
        };
        if !there {
            left_out(self.name());
        }
        there
    }
}

/// Says once that scenarios are left out, or fails if none may be.
pub fn left_out(missing: &'static str) {
    static SAID: Mutex<BTreeSet<&str>> = Mutex::new(BTreeSet::new());
    let required = env::var_os("ECHO_COMPONENT_REQUIRE_SERVERS");
    assert!(required.is_none_or(|value| value != "1"), "{missing} is not installed");
    if SAID.lock().unwrap_or_else(PoisonError::into_inner).insert(missing) {
        // Not `eprintln!`: the test runner shows only what failing tests print.
        let _ = writeln!(
            io::stderr(),
            "left out: the scenarios with {missing}, which is not installed"
        );
    }
}

/// What one of two servers that talk to each other is to be.
pub struct Federated<'a> {
    /// Its users' domain; `echo.` and this is the component's.
    pub domain: &'a str,
    /// Where other servers find it, at the usual port.
    pub address: Ipv4Addr,
    /// Its certificate and key.
    pub pem: String,
    /// A file with the authority it trusts.
    pub authority: &'a Path,
}

/// A server that runs until it is dropped.
pub struct Server {
    kind: Kind,
    domain: String,
    // In the order in which they are to end, and dropped before the place they write to.
    processes: Vec<Process>,
    place: Place,
}

impl Server {
    /// Starts one and waits until users and components can log in.
    pub fn start(kind: Kind) -> Self {
        Self::start_with(kind, "")
    }

    /// Starts one whose configuration goes on with `more`.
    pub fn start_with(kind: Kind, more: &str) -> Self {
        Self::start_prepared(kind, |place| {
            if !more.is_empty() {
                place.append(kind.configuration(), more);
            }
        })
    }

    /// Starts one that is configured by this template alone.
    pub fn start_as(kind: Kind, template: &str) -> Self {
        Self::start_prepared(kind, |place| {
            place.write(kind.configuration(), template);
        })
    }

    /// Starts one that loses nothing of a large stanza.
    pub fn start_for_large_stanzas(kind: Kind) -> Self {
        Self::start_prepared(kind, |place| {
            if kind == Kind::Prosody {
                prosody::send_all_at_once(place);
            }
        })
    }

    /// Starts one that has a TLS port for components too, with this certificate and key.
    pub fn start_with_tls(kind: Kind, pem: &str) -> Self {
        Self::start_prepared(kind, |place| match kind {
            Kind::Prosody => prosody::add_tls_port(place, pem),
            Kind::Ejabberd => ejabberd::add_tls_port(place, pem),
            Kind::Jabberd2 => panic!("it has no port that begins with TLS"),
        })
    }

    /// Starts one that talks to others.
    pub fn start_federated(kind: Kind, federated: &Federated) -> Self {
        let mut server = Self::start_prepared(kind, |place| {
            place.write("s2s.pem", &federated.pem);
            let authority = fs::read_to_string(federated.authority).expect("the test's own");
            place.write("authority.pem", &authority);
            match kind {
                Kind::Prosody => prosody::federate(place, federated),
                Kind::Ejabberd => ejabberd::federate(place, federated),
                Kind::Jabberd2 => panic!("its s2s is a process that is not started"),
            }
        });
        federated.domain.clone_into(&mut server.domain);
        server
    }

    fn start_prepared(kind: Kind, prepare: impl Fn(&Place)) -> Self {
        // Somebody may take a port between our choice and the server's use of it.
        for _ in 0..3 {
            let place = Place::new(kind.name());
            match kind {
                Kind::Prosody => prosody::configure(&place),
                Kind::Ejabberd => ejabberd::configure(&place),
                Kind::Jabberd2 => jabberd2::configure(&place),
            }
            prepare(&place);
            let domain = "localhost".to_owned();
            let mut server = Self { kind, domain, processes: Vec::new(), place };
            if server.launch() {
                return server;
            }
        }
        panic!("{} did not start, three times", kind.name());
    }

    /// Starts it again after [`Server::stop`] or [`Server::kill`], on the same ports.
    pub fn start_again(&mut self) {
        assert!(self.processes.is_empty(), "it has not been stopped");
        assert!(self.launch(), "{} did not start again", self.kind.name());
    }

    /// Ends it as an init system would, with SIGTERM.
    pub fn stop(&mut self) {
        for process in &self.processes {
            process.terminate();
        }
        for process in &mut self.processes {
            process.wait();
        }
        self.processes.clear();
    }

    /// Ends it without warning, with SIGKILL.
    pub fn kill(&mut self) {
        self.processes.clear();
    }

    /// Waits until it knows that its connection from a domain of its own to another is gone.
    #[track_caller]
    pub fn wait_until_lost(&self, from: &str, to: &str) {
        let has_lost: fn(&Place, &str, &str) -> bool = match self.kind {
            Kind::Prosody => prosody::has_lost,
            Kind::Ejabberd => ejabberd::has_lost,
            Kind::Jabberd2 => panic!("its s2s is a process that is not started"),
        };
        wait_until("the connection is lost", || has_lost(&self.place, from, to).then_some(()));
    }

    /// Its processes' ids.
    pub fn ids(&self) -> Vec<u32> {
        self.processes.iter().map(Process::id).collect()
    }

    /// The domain of its users.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The port users connect to.
    pub fn c2s_port(&self) -> u16 {
        self.place.c2s_port
    }

    /// The port components connect to.
    pub fn component_port(&self) -> u16 {
        self.place.component_port
    }

    /// The port components connect to with TLS, if it was started with one.
    pub fn tls_port(&self) -> u16 {
        self.place.tls_port
    }

    /// Runs the processes and waits until all is up, or one of them has given up: the
    /// kinds say `None` as long as neither is known.
    fn launch(&mut self) -> bool {
        let place = &self.place;
        let is_ready: fn(&Place) -> Option<bool> = match self.kind {
            Kind::Prosody => prosody::is_ready,
            Kind::Ejabberd => ejabberd::is_ready,
            Kind::Jabberd2 => jabberd2::is_ready,
        };
        self.processes = match self.kind {
            Kind::Prosody => prosody::launch(place),
            Kind::Ejabberd => ejabberd::launch(place),
            Kind::Jabberd2 => jabberd2::launch(place),
        };
        let processes = &mut self.processes;
        wait_until("the server is ready", || {
            if let Some(status) = processes.iter_mut().find_map(Process::ended) {
                eprintln!("{} ended with {status}", self.kind.name());
                eprintln!("{}", place.printed());
                return Some(false);
            }
            is_ready(place)
        })
    }
}

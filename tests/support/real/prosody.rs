//! Prosody: how it is configured and run in the foreground. Nothing else.

use std::fs;
use std::process::Stdio;

use super::place::{Place, find_program};
use super::process::Process;
use super::server::Federated;

const LOG: &str = "prosody.log";

/// Whether Debian's package is here.
pub fn is_installed() -> bool {
    find_program("prosody").is_some()
}

/// Writes its configuration and both accounts.
pub fn configure(place: &Place) {
    place.write("prosody.cfg.lua", include_str!("conf/prosody.cfg.lua"));
    place.make_dir("data/localhost/accounts");
    for user in ["alice", "bob"] {
        place.write(
            &format!("data/localhost/accounts/{user}.dat"),
            &format!("return {{ [\"password\"] = \"{user}pw\" }};\n"),
        );
    }
}

/// Gives components a TLS port too.
pub fn add_tls_port(place: &Place, pem: &str) {
    place.write("server.pem", pem);
    let (global, hosts) = include_str!("conf/prosody.cfg.lua")
        .split_once("VirtualHost")
        .expect("options that are not of one host come before the first");
    let tls = include_str!("conf/prosody-tls.cfg.lua");
    place.write("prosody.cfg.lua", &format!("{global}{tls}\nVirtualHost{hosts}"));
}

/// Has it try to send all of a stanza at once. By default it tries 4 MiB, and 13.0.1 loses what is behind
/// those if the socket does not take them all.
pub fn send_all_at_once(place: &Place) {
    let settings = "network_settings = { max_send_chunk = 64 * 1024 * 1024 }\n";
    let template = include_str!("conf/prosody.cfg.lua");
    place.write("prosody.cfg.lua", &format!("{settings}{template}"));
}

/// Has it talk to other servers.
pub fn federate(place: &Place, federated: &Federated) {
    let template = include_str!("conf/prosody-s2s.cfg.lua")
        .replace("@DOMAIN@", federated.domain)
        .replace("@ADDRESS@", &federated.address.to_string());
    place.write("prosody.cfg.lua", &template);
    // It looks for one by the name of each, the component too.
    let certificates = place.make_dir("certs");
    for name in [federated.domain.to_owned(), format!("echo.{}", federated.domain)] {
        for kind in ["crt", "key"] {
            fs::write(certificates.join(format!("{name}.{kind}")), &federated.pem)
                .expect("the folder is ours");
        }
    }
    // Prosody writes a dot so.
    let host = federated.domain.replace('.', "%2e");
    fs::rename(place.dir.join("data/localhost"), place.dir.join("data").join(host))
        .expect("the folder is ours");
}

/// Runs it.
pub fn launch(place: &Place) -> Vec<Process> {
    place.forget(LOG);
    let program = find_program("prosody").expect("Prosody is installed");
    let mut command = Process::command(&program);
    command
        .arg("--config")
        .arg(place.dir.join("prosody.cfg.lua"))
        .arg("-F")
        .stdin(Stdio::null())
        .stdout(place.output())
        .stderr(place.output());
    vec![Process::spawn(&mut command)]
}

/// Whether its ports are its own; it lives on without one that it cannot have.
pub fn is_ready(place: &Place) -> Option<bool> {
    if place.file_says(LOG, "Failed to open server port") {
        return Some(false);
    }
    let mut ports = vec![("c2s", place.c2s_port), ("component", place.component_port)];
    if place.has("server.pem") {
        ports.push(("multiplex_ssl", place.tls_port));
    }
    let says = |(service, port)| {
        place.file_says(LOG, &format!("Activated service '{service}' on [127.0.0.1]:{port}"))
    };
    let federates = !place.has("s2s.pem") || place.file_says(LOG, "Activated service 's2s' on");
    (federates && ports.into_iter().all(says)).then_some(true)
}

/// Whether it has said that its connection from one domain to the other is gone.
pub fn has_lost(place: &Place, from: &str, to: &str) -> bool {
    place.file_says(LOG, &format!("s2s disconnected: {from}->{to}"))
}

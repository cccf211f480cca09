//! ejabberd: how it is configured and run in the foreground, without epmd, cookie or
//! anything else that is shared with other nodes of the machine. Nothing else.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use super::place::{Place, find_library, find_program};
use super::process::Process;
use super::server::Federated;

const LOG: &str = "ejabberd.log";

/// Whether Debian's package is here.
pub fn is_installed() -> bool {
    find_program("erl").is_some() && library().is_some()
}

/// Writes its configuration; the accounts are made by the boot expression.
pub fn configure(place: &Place) {
    place.write("ejabberd.yml", include_str!("conf/ejabberd.yml"));
    place.write("boot", include_str!("conf/ejabberd-boot.erl"));
    place.write("inetrc", include_str!("conf/ejabberd-inetrc.erl"));
    place.make_dir("spool");
}

/// Gives components a TLS port too.
pub fn add_tls_port(place: &Place, pem: &str) {
    place.write("server.pem", pem);
    // The list of listeners is the end of the file.
    place.append("ejabberd.yml", &place.fill(include_str!("conf/ejabberd-tls.yml")));
}

/// Has it talk to other servers.
pub fn federate(place: &Place, federated: &Federated) {
    let template = include_str!("conf/ejabberd-s2s.yml")
        .replace("@DOMAIN@", federated.domain)
        .replace("@ADDRESS@", &federated.address.to_string());
    place.write("ejabberd.yml", &template);
    place.write("inetrc", include_str!("conf/ejabberd-s2s-inetrc.erl"));
    let boot = include_str!("conf/ejabberd-boot.erl").replace("localhost", federated.domain);
    place.write("boot", &boot);
}

/// Runs it: Debian's `ejabberdctl` would become another user and look into `/etc`.
pub fn launch(place: &Place) -> Vec<Process> {
    place.forget("ready");
    let program = find_program("erl").expect("Erlang is installed");
    let library = library().expect("ejabberd is installed");
    let spool = place.dir.join("spool");
    let boot = fs::read_to_string(place.dir.join("boot")).expect("it was configured");
    let mut command = Process::command(&program);
    command
        // Idle schedulers must not spin: the other tests need the processor.
        .args(["+sbwt", "none", "-noinput", "-mnesia", "dir"])
        .arg(format!("{:?}", spool.display().to_string()))
        .args(["-s", "ejabberd", "-eval"])
        .arg(boot.replace('\n', " "))
        // Where Erlang leaves its crash dumps.
        .current_dir(&spool)
        .env("HOME", &place.dir)
        .env("ERL_LIBS", library.parent().expect("it is below /usr/lib"))
        .env("ERL_INETRC", place.dir.join("inetrc"))
        .env("EJABBERD_CONFIG_PATH", place.dir.join("ejabberd.yml"))
        .env("EJABBERD_LOG_PATH", place.dir.join(LOG))
        .stdin(Stdio::null())
        .stdout(place.output())
        .stderr(place.output());
    vec![Process::spawn(&mut command)]
}

/// Whether the boot expression has come to its end; without its ports ejabberd ends.
pub fn is_ready(place: &Place) -> Option<bool> {
    place.file_says("ready", "ready").then_some(true)
}

/// Whether it has said that its connection from one domain to the other is gone.
pub fn has_lost(place: &Place, from: &str, to: &str) -> bool {
    place.file_says(LOG, &format!("Closing outbound s2s connection {from} -> {to}"))
}

fn library() -> Option<PathBuf> {
    find_library("ejabberd-")
}

//! The snippets in `config` for other servers' settings: each lets the component in as it says.

#[path = "support/real/mod.rs"]
mod real;

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use real::{Daemon, Kind, Server, User};

/// What the snippets are filled with.
const DOMAIN: &str = "echo.example.com";
const SECRET: &str = "change me";

#[test]
fn prosodys_snippet_lets_the_component_in() {
    if Kind::Prosody.is_there() {
        let server = Server::start_with(Kind::Prosody, &snippet("prosody.cfg.lua"));
        Daemon::start_as(DOMAIN, SECRET, server.component_port()).wait_until_online();
    }
}

#[test]
fn ejabberds_snippet_lets_the_component_in() {
    if Kind::Ejabberd.is_there() {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let snippet = snippet("ejabberd.yml");
        let ours = snippet.replace("port: 5347", &format!("port: {port}"));
        assert_ne!(ours, snippet);
        let file = std::env::temp_dir().join(format!("echo-component-snippet-{port}.yml"));
        fs::write(&file, ours).unwrap();
        let include = format!("\ninclude_config_file: \"{}\"\n", file.display());
        let server = Server::start_with(Kind::Ejabberd, &include);
        Daemon::start_as(DOMAIN, SECRET, port).wait_until_online();
        drop(server);
        fs::remove_file(file).unwrap();
    }
}

#[test]
fn with_the_prosody_for_trying_a_client_any_user_gets_an_echo() {
    if Kind::Prosody.is_there() {
        let snippet = read("try-a-client.cfg.lua");
        // Ports, folders and rights that a test needs.
        let ours = snippet.replace("\"*console\"", "\"@DIR@/prosody.log\"");
        assert_ne!(ours, snippet);
        let place = "run_as_root = true data_path = \"@DIR@\" c2s_ports = { @C2S@ } \
             component_ports = { @COMPONENT@ } component_interfaces = { \"127.0.0.1\" } http_ports = {} https_ports = {}";
        let server = Server::start_as(Kind::Prosody, &format!("{place}\n{ours}"));
        let mut daemon = Daemon::start_as("echo.localhost", "try", server.component_port());
        daemon.wait_until_online();
        let mut alice = User::login(&server, "alice");
        alice.assert_echoed("hello");
    }
}

fn snippet(name: &str) -> String {
    let text = read(name);
    assert!(text.contains(DOMAIN) && text.contains(SECRET), "{text}");
    text
}

fn read(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config").join(name);
    fs::read_to_string(path).unwrap()
}

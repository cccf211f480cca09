//! Whatever a server says up to its answer to the handshake: the login ends, and tells no secret.
#![no_main]

use std::net::Ipv4Addr;

use clap::Parser;
use echo_component::cli::args::Args;
use echo_component::cli::config::Config;
use echo_component::net::login::login;
use echo_component_fuzz::drive::DOMAIN;
use libfuzzer_sys::fuzz_target;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

const SECRET: &str = "never-to-be-shown";

thread_local! {
    static PORT: (Runtime, TcpListener, Config) = port();
}

fuzz_target!(|said: &[u8]| {
    PORT.with(|(runtime, listener, config)| {
        runtime.block_on(async {
            // The connection ends with the login, for which the server waits.
            let component = async { login(config).await.map(|connected| connected.early) };
            let (ended, ()) = tokio::join!(component, server(listener, said));
            match ended {
                Ok(early) => {
                    assert!(said.ends_with(&early), "what follows the handshake is kept");
                    assert!(contains(said, b"handshake"), "logged in without an answer");
                }
                Err(ending) => {
                    let told = format!("offline: {ending}");
                    assert!(!told.contains(char::is_control), "{told:?}");
                    // The fuzzer may learn it from this very comparison.
                    let known = contains(said, SECRET.as_bytes());
                    assert!(known || !told.contains(SECRET), "{told:?}");
                }
            }
        });
    });
});

/// A server that says this, whatever it hears.
async fn server(listener: &TcpListener, said: &[u8]) {
    let (mut connection, _) = listener.accept().await.expect("a connection");
    // The login may end before all is said.
    let _ = connection.write_all(said).await;
    let _ = connection.shutdown().await;
    let mut heard = vec![];
    let _ = connection.read_to_end(&mut heard).await;
    assert!(!contains(&heard, SECRET.as_bytes()), "the secret itself on the wire");
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn port() -> (Runtime, TcpListener, Config) {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let bound = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
    let listener = bound.expect("a port");
    let port = listener.local_addr().expect("an address").port().to_string();
    let args = ["", "--jid", DOMAIN, "--server", "127.0.0.1", "--port", &port, "--secret", SECRET];
    let config = Config::check(Args::parse_from(args)).expect("a configuration").config;
    (runtime, listener, config)
}

//! Whatever a server says up to its answer to the handshake: the login ends, and tells no secret.
#![no_main]

use echo_component::component::address::Domain;
use echo_component::net::error::Cause;
use echo_component::net::login::login;
use echo_component_fuzz::drive::DOMAIN;
use libfuzzer_sys::fuzz_target;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::runtime::{Builder, Runtime};

const SECRET: &str = "never-to-be-shown";

thread_local! {
    static RUNTIME: Runtime =
        Builder::new_current_thread().enable_all().build().expect("a runtime");
}

fuzz_target!(|said: &[u8]| {
    RUNTIME.with(|runtime| {
        runtime.block_on(async {
            let domain = Domain::new(DOMAIN).expect("a domain");
            let (connection, stream) = duplex(1 << 16);
            // The connection ends then, for which the server waits.
            let component = async {
                let (mut stream, mut rest) = login(stream, &domain, &SECRET.into()).await?;
                stream.read_to_end(&mut rest).await.expect("the connection is whole");
                Ok::<_, Cause>(rest)
            };
            let (ended, ()) = tokio::join!(component, server(connection, said));
            match ended {
                Ok(rest) => {
                    assert!(said.ends_with(&rest), "what follows the handshake is kept");
                    let login = &said[..said.len() - rest.len()];
                    assert!(login.ends_with(b">"), "nothing of it is lost");
                    assert!(contains(said, b"handshake"), "logged in without an answer");
                }
                Err(cause) => {
                    let told = format!("offline: {cause}");
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
async fn server(mut connection: DuplexStream, said: &[u8]) {
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

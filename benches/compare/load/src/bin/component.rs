//! An echo the usual way: `tokio_xmpp::Component` with typed messages.

use std::error::Error;
use std::mem::swap;

use echo_compare::login;
use futures::StreamExt;
use tokio_xmpp::connect::DnsConfig;
use tokio_xmpp::xmlstream::Timeouts;
use tokio_xmpp::{Component, Stanza};
use xmpp_parsers::message::MessageType;

// One thread is enough for one stream, and the cheapest.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let [host, port, jid, secret] = login::peer_arguments()?;
    let server = DnsConfig::addr(&format!("{host}:{port}"));
    let mut component =
        Component::new_plaintext(&jid, &secret, server, Timeouts::default()).await?;
    while let Some(stanza) = component.next().await {
        if let Stanza::Message(mut message) = stanza
            && message.type_ != MessageType::Error
        {
            swap(&mut message.from, &mut message.to);
            component.send_stanza(message.into()).await?;
        }
    }
    Err("the stream ended".into())
}

//! When the daemon tries again, when it gives up, and how long it waits: on a paused clock, with
//! connections that are made up.

mod support;

use std::collections::VecDeque;
use std::pin::pin;
use std::time::Duration;

use echo_component::component::Echo;
use echo_component::component::address::Domain;
use echo_component::component::ids::Ids;
use echo_component::component::requests::Responder;
use echo_component::component::stream_error::StreamError;
use echo_component::daemon::supervisor::{End, Settings, keep_online};
use echo_component::daemon::systemd::Service;
use echo_component::metrics::Metrics;
use echo_component::net::connect::Connected;
use echo_component::net::error::{Cause, NoLogin};
use echo_component::stream::session;
use support::{COMPONENT, CONDITIONS, LIMIT};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

/// What becomes of one try.
#[derive(Clone, Copy)]
enum Try {
    /// The server says no.
    Says(&'static str),
    /// It says no at one address, and is not there at the other.
    SaysAtOneAddress(&'static str),
    /// The port is closed.
    Unreachable,
    /// A session of so many seconds in which nothing happens.
    Quiet(u64),
    /// A short session with an echo.
    Echo,
    /// A short session in which a message is bounced.
    Bounce,
}

use Try::{Bounce, Echo as Echoes, Quiet, Says, SaysAtOneAddress, Unreachable};

/// What became of some tries.
struct Played {
    /// The pause before each but the first.
    pauses: Vec<f32>,
    end: End,
    metrics: Metrics,
}

/// Plays these tries, and asks the daemon to stop at the next one.
async fn play(tries: &[Try]) -> Played {
    play_with(tries, false).await
}

/// The same where the secret may be a credential of systemd's.
async fn play_with(tries: &[Try], start_renews_secret: bool) -> Played {
    let settings = Settings {
        jid: COMPONENT.into(),
        server: "server.example:5347".into(),
        start_renews_secret,
        stream: session::Settings { ping_interval: None, started: Instant::now() },
    };
    let responder = Responder::new("Echo", &[]);
    let echo = Echo::new(echo_component::component::Settings {
        domain: Domain::new(COMPONENT).unwrap(),
        max_stanza_size: LIMIT,
        ids: Ids::Kept,
        allowance: None,
        responder,
    });
    let (metrics, mut service) = (Metrics::new().unwrap(), Service::from_environment());
    let (stop, over) = (Notify::new(), std::cell::Cell::new(Instant::now()));
    let (mut tries, mut pauses) = (VecDeque::from(tries.to_vec()), vec![]);
    let connect = async || {
        pauses.push(over.get().elapsed().as_secs_f32());
        let Some(next) = tries.pop_front() else {
            stop.notify_one();
            return std::future::pending().await;
        };
        let connected = attempt(next);
        over.set(Instant::now() + lasts(next));
        connected
    };
    let stopped = pin!(stop.notified());
    let end = keep_online(&settings, echo, connect, &mut service, &metrics, stopped).await;
    pauses.remove(0);
    Played { pauses, end, metrics }
}

fn lasts(session: Try) -> Duration {
    match session {
        Quiet(seconds) => Duration::from_secs(seconds),
        _ => Duration::ZERO,
    }
}

fn attempt(next: Try) -> Result<Connected<DuplexStream>, NoLogin> {
    let says = |condition: &str| {
        Cause::StreamError(StreamError { condition: condition.into(), text: None })
    };
    let not_there = || Cause::Unreachable(std::io::ErrorKind::ConnectionRefused.into());
    let causes = match next {
        Says(condition) => vec![says(condition)],
        SaysAtOneAddress(condition) => vec![not_there(), says(condition)],
        Unreachable => vec![not_there(), not_there()],
        Quiet(_) | Echoes | Bounce => return Ok(session(next)),
    };
    let at = |nth| format!("192.0.2.{nth}:5347").parse().unwrap();
    Err(NoLogin::Failed(causes.into_iter().enumerate().map(|(nth, it)| (at(nth), it)).collect()))
}

fn session(next: Try) -> Connected<DuplexStream> {
    let (mut server, connection) = duplex(1 << 16);
    tokio::spawn(async move {
        let body = if let Bounce = next { "&nbsp;" } else { "" };
        if let Echoes | Bounce = next {
            let message = format!("<message from='u@x' to='echo.example'>{body}</message>");
            server.write_all(message.as_bytes()).await.unwrap();
            server.read_u8().await.unwrap();
        }
        sleep(lasts(next)).await;
    });
    let peer = "192.0.2.1:5347".parse().unwrap();
    Connected { connection, peer, exposed: false, early: vec![] }
}

/// The pauses are these, each up to half shorter by chance.
#[track_caller]
fn expect(played: &Played, nominal: &[f32]) {
    let pauses = &played.pauses;
    assert_eq!(pauses.len(), nominal.len(), "{pauses:?}");
    for (pause, nominal) in pauses.iter().zip(nominal) {
        assert!((nominal / 2.0 - 0.01..=nominal + 0.01).contains(pause), "{pauses:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn pauses_grow_to_a_minute() {
    let played = play(&[Unreachable; 9]).await;
    expect(&played, &[0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]);
    assert!(matches!(played.end, End::Stopped));
}

#[tokio::test(start_paused = true)]
async fn sessions_that_end_before_anything_happened_let_them_grow() {
    expect(&play(&[Quiet(0), Quiet(9), Quiet(0), Quiet(9)]).await, &[0.0, 1.0, 2.0, 4.0]);
}

#[tokio::test(start_paused = true)]
async fn a_session_of_10_s_lets_them_begin_anew() {
    let tries = [Unreachable, Unreachable, Unreachable, Quiet(10), Unreachable, Unreachable];
    expect(&play(&tries).await, &[0.0, 1.0, 2.0, 0.0, 1.0, 2.0]);
}

#[tokio::test(start_paused = true)]
async fn a_short_session_with_an_echo_or_a_bounce_lets_them_begin_at_a_second() {
    for answered in [Echoes, Bounce] {
        let [away, it] = [Unreachable, answered];
        let tries = [away, away, away, away, it, away, it];
        expect(&play(&tries).await, &[0.0, 1.0, 2.0, 4.0, 1.0, 2.0, 1.0]);
    }
}

/// As HAProxy does with a connection that is quiet for 50 s, were there no pings.
#[tokio::test(start_paused = true)]
async fn a_proxy_that_cuts_every_50_s_costs_no_pause() {
    expect(&play(&[Quiet(50); 10]).await, &[0.0; 10]);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_before_it_was_ever_online_is_the_end() {
    for condition in ["not-authorized", "host-unknown"] {
        for refusal in [Says(condition), SaysAtOneAddress(condition)] {
            let played = play(&[Unreachable, refusal]).await;
            let End::Refused(why) = &played.end else { panic!("{condition} is not the end") };
            assert!(why.to_string().contains(condition), "{why}");
            expect(&played, &[0.0]);
            let text = String::from_utf8(played.metrics.text().unwrap()).unwrap();
            let counted = format!("disconnects_total{{condition=\"{condition}\"}} 1\n");
            assert!(text.contains(&counted), "{text}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_else_the_server_says_it_is_tried_again() {
    let own = ["xml-not-well-formed", "not-authorised", "host-unknown-", "text2", "Host-Unknown"];
    for condition in CONDITIONS.into_iter().chain(own) {
        if !["not-authorized", "host-unknown"].contains(&condition) {
            let played = play(&[Says(condition), Says(condition)]).await;
            assert!(matches!(played.end, End::Stopped), "{condition}");
            expect(&played, &[0.0, 1.0]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn once_it_was_online_no_refusal_is_the_end() {
    let played = play(&[[Quiet(10)].as_slice(), &[Says("not-authorized"); 20]].concat()).await;
    assert!(matches!(played.end, End::Stopped));
}

/// Only a start of the daemon has systemd hand over what is in the credential's file by now.
#[tokio::test(start_paused = true)]
async fn a_refusal_of_a_credential_that_lasts_a_minute_is_the_end() {
    let online_then = |tries: &[Try]| [[Quiet(10)].as_slice(), tries].concat();
    let played = play_with(&online_then(&[Says("not-authorized"); 20]), true).await;
    assert!(matches!(played.end, End::Refused(_)));
    let waited: f32 = played.pauses.iter().sum();
    assert!((60.0..125.0).contains(&waited), "{waited} s, {:?}", played.pauses);

    let with_breaks = [Says("not-authorized"), Unreachable].repeat(10);
    let played = play_with(&online_then(&with_breaks), true).await;
    assert!(matches!(played.end, End::Stopped), "it was not refused all the time");
}

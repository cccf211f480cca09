//! What the daemon does as time goes by, on a paused clock: pings, deadlines, dead connections.

mod support;

use std::future::{pending, ready};
use std::io;
use std::mem::take;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use echo_component::component::address::Domain;
use echo_component::component::echo::Echo;
use echo_component::component::requests::Responder;
use echo_component::metrics::Metrics;
use echo_component::stream::ending::Ending;
use echo_component::stream::session;
use support::{COMPONENT, LIMIT};
use tokio::io::{
    AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufStream, DuplexStream, ReadBuf, duplex,
};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

/// A ping of that type from and to the component, with the id that this daemon uses.
async fn expect_ping(server: &mut DuplexStream, kind: &str) -> String {
    let ping = until(server, "</iq>").await;
    let id = ping.split("id='ping-").nth(1).and_then(|rest| rest.split('\'').next()).unwrap();
    let payload = "<ping xmlns='urn:xmpp:ping'></ping>";
    let expected = format!(
        "<iq type='{kind}' from='{COMPONENT}' to='{COMPONENT}' id='ping-{id}'>{payload}</iq>"
    );
    assert_eq!(sorted(&ping), sorted(&expected));
    ping
}

/// The words of a stanza in an order of their own, since that of attributes means nothing.
fn sorted(stanza: &str) -> Vec<&str> {
    let mut words: Vec<&str> = stanza.split([' ', '>']).collect();
    words.sort_unstable();
    words
}

async fn until(server: &mut DuplexStream, end: &str) -> String {
    let mut received = vec![];
    while !received.ends_with(end.as_bytes()) {
        received.push(server.read_u8().await.unwrap());
    }
    String::from_utf8(received).unwrap()
}

/// A session in the background, and the server's end of it.
fn session(stop: impl Future<Output = ()> + Send + 'static) -> (DuplexStream, JoinHandle<Ending>) {
    let (server, component) = duplex(1 << 16);
    (server, session_on(component, stop))
}

/// A session in the background on that connection.
fn session_on(
    component: impl AsyncRead + AsyncWrite + Send + 'static,
    stop: impl Future<Output = ()> + Send + 'static,
) -> JoinHandle<Ending> {
    counted_session_on(component, Arc::new(Metrics::new().unwrap()), stop)
}

/// The same with those figures.
fn counted_session_on(
    component: impl AsyncRead + AsyncWrite + Send + 'static,
    metrics: Arc<Metrics>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> JoinHandle<Ending> {
    tokio::spawn(async move {
        let mut echo = echo();
        session::run(component, b"", &mut echo, &metrics, Instant::now(), pin!(stop)).await
    })
}

fn echo() -> Echo {
    let responder = Responder { name: "Echo".into(), contacts: vec![] };
    Echo::new(Domain::new(COMPONENT).unwrap(), LIMIT, responder, None)
}

async fn expect(server: &mut DuplexStream, text: &str) {
    let mut received = vec![0; text.len()];
    server.read_exact(&mut received).await.unwrap();
    assert_eq!(String::from_utf8(received).unwrap(), text);
}

/// That many seconds, which are as long on the paused clock as it takes to see them.
fn about(seconds: u64, since: Instant) {
    let passed = since.elapsed().as_secs_f32();
    let seconds = Duration::from_secs(seconds).as_secs_f32();
    assert!((seconds..seconds + 2.0).contains(&passed), "{passed} s, not {seconds}");
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_is_pinged_after_60_s_and_given_up_after_15_more() {
    let start = Instant::now();
    let (mut server, session) = session(pending());
    expect_ping(&mut server, "get").await;
    about(60, start);
    expect_ping(&mut server, "probe").await;
    about(65, start);
    assert!(matches!(session.await.unwrap(), Ending::Silent));
    about(75, start);
    let mut rest = String::new();
    server.read_to_string(&mut rest).await.unwrap();
    assert!(rest.contains("<connection-timeout "), "{rest}");
}

/// TLS takes more than the socket has room for, and sends it when it is flushed.
#[tokio::test(start_paused = true)]
async fn what_the_connection_holds_back_is_flushed() {
    let start = Instant::now();
    let (mut server, component) = duplex(1 << 16);
    let session = session_on(BufStream::new(component), pending());
    server.write_all(b"<message from='u@x' to='echo.example'>x</message>").await.unwrap();
    expect(&mut server, "<message from='echo.example' to='u@x'>x</message>").await;
    about(0, start);
    assert!(!session.is_finished());
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_cannot_be_flushed_for_30_s_is_given_up() {
    let start = Instant::now();
    let (mut server, component) = duplex(8);
    let session = session_on(BufStream::new(component), pending());
    server.write_all(b"<message from='u@x' to='echo.example'>x</message>").await.unwrap();
    assert!(matches!(session.await.unwrap(), Ending::Stuck));
    about(30, start);
}

#[tokio::test(start_paused = true)]
async fn a_ping_that_comes_back_keeps_an_idle_connection_for_hours() {
    let (mut server, session) = session(pending());
    for _ in 0..300 {
        let ping = expect_ping(&mut server, "get").await;
        server.write_all(ping.as_bytes()).await.unwrap();
        assert!(until(&mut server, "</iq>").await.contains("type='result'"));
    }
    assert!(!session.is_finished());
}

#[tokio::test(start_paused = true)]
async fn only_a_ping_counts_as_a_round_trip_and_the_probe_does_not() {
    let (mut server, component) = duplex(1 << 16);
    let metrics = Arc::new(Metrics::new().unwrap());
    let session = counted_session_on(component, metrics.clone(), pending());
    let round_trips = |count: u32| {
        let text = String::from_utf8(metrics.text().unwrap()).unwrap();
        assert!(text.contains(&format!("self_ping_seconds_count {count}\n")), "{text}");
    };
    expect_ping(&mut server, "get").await;
    let probe = expect_ping(&mut server, "probe").await;
    server.write_all(probe.replace("'probe'", "'error'").as_bytes()).await.unwrap();
    let ping = expect_ping(&mut server, "get").await;
    round_trips(0);
    server.write_all(ping.as_bytes()).await.unwrap();
    until(&mut server, "</iq>").await;
    round_trips(1);
    assert!(!session.is_finished());
}

#[tokio::test(start_paused = true)]
async fn any_byte_is_life_also_within_a_stanza() {
    let start = Instant::now();
    let (mut server, session) = session(pending());
    for byte in b"<message from='u@x' to='echo.example'>" {
        sleep(Duration::from_secs(59)).await;
        server.write_all(&[*byte]).await.unwrap();
    }
    about(59 * 38, start);
    assert!(!session.is_finished());
    expect_ping(&mut server, "get").await;
    server.write_all(b"x</message>").await.unwrap();
    expect(&mut server, "<message from='echo.example' to='u@x'>x</message>").await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_reads_nothing_for_30_s_is_given_up() {
    let (mut server, session) = session(pending());
    let message = format!("<message from='u@x' to='echo.example'>{}</message>", "x".repeat(1000));
    let pushing = async {
        loop {
            if server.write_all(message.as_bytes()).await.is_err() {
                break;
            }
        }
        Instant::now()
    };
    let start = Instant::now();
    let (_, ending) = tokio::join!(pushing, session);
    assert!(matches!(ending.unwrap(), Ending::Stuck));
    about(30, start);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_reads_slowly_is_waited_for() {
    let (mut server, session) = session(pending());
    let message = format!("<message from='u@x' to='echo.example'>{}</message>", "x".repeat(1000));
    for _ in 0..200 {
        server.write_all(message.as_bytes()).await.unwrap();
    }
    let echo = "<message from='echo.example' to='u@x'>".len() + 1000 + "</message>".len();
    let mut piece = vec![0; 10_000];
    let mut received = 0;
    while received < 200 * echo {
        sleep(Duration::from_secs(29)).await;
        server.write_all(b" ").await.unwrap();
        received += server.read(&mut piece).await.unwrap();
    }
    assert!(!session.is_finished());
}

/// A connection that the server resets as soon as there is an echo to write. What it sent before
/// can still be read, as on Linux.
struct Reset {
    message: &'static [u8],
    unread: &'static [u8],
    broken: bool,
}

impl AsyncRead for Reset {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context,
        buffer: &mut ReadBuf,
    ) -> Poll<io::Result<()>> {
        let piece = if self.broken { take(&mut self.unread) } else { take(&mut self.message) };
        if !piece.is_empty() {
            buffer.put_slice(piece);
            Poll::Ready(Ok(()))
        } else if self.broken {
            Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
        } else {
            Poll::Pending
        }
    }
}

impl AsyncWrite for Reset {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context, _: &[u8]) -> Poll<io::Result<usize>> {
        self.broken = true;
        Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_server_said_before_it_reset_the_connection_is_how_it_ended() {
    for (unread, expected) in [
        (
            "<message from='u@x' to='echo.example'>y</message><stream:error><invalid-from \
             xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>",
            "the server says invalid-from",
        ),
        ("</stream:stream>", "the server closed the stream"),
        ("<message from='u@x'", "the connection broke (broken pipe)"),
        ("<!-- x -->", "the connection broke (broken pipe)"),
        ("", "the connection broke (broken pipe)"),
    ] {
        let message = b"<message from='u@x' to='echo.example'>x</message>";
        let connection = Reset { message, unread: unread.as_bytes(), broken: false };
        let ending = session_on(connection, pending()).await.unwrap();
        assert_eq!(ending.to_string(), expected, "{unread}");
    }
}

/// The one ping of `--check` in the background, and the server's end of it.
fn check() -> (DuplexStream, JoinHandle<Result<Option<Duration>, Ending>>) {
    let (server, component) = duplex(1 << 16);
    let check = tokio::spawn(async move {
        let metrics = Metrics::new().unwrap();
        session::ping_once(component, b"", &mut echo(), &metrics).await
    });
    (server, check)
}

#[tokio::test(start_paused = true)]
async fn a_check_says_how_long_the_ping_took_and_answers_what_came_with_it() {
    let (mut server, check) = check();
    let ping = expect_ping(&mut server, "get").await;
    sleep(Duration::from_secs(4)).await;
    let message = "<message from='u@x' to='echo.example'>x</message>";
    server.write_all(format!("{ping}{message}").as_bytes()).await.unwrap();
    until(&mut server, "</iq>").await;
    expect(&mut server, "<message from='echo.example' to='u@x'>x</message>").await;
    server.write_all(message.as_bytes()).await.unwrap();
    expect(&mut server, "<message from='echo.example' to='u@x'>x</message>").await;
    expect(&mut server, "</stream:stream>").await;
    server.write_all(b"</stream:stream>").await.unwrap();
    assert_eq!(check.await.unwrap().unwrap(), Some(Duration::from_secs(4)));
}

#[tokio::test(start_paused = true)]
async fn a_check_whose_ping_goes_elsewhere_asks_the_server_itself() {
    let start = Instant::now();
    let (mut server, check) = check();
    expect_ping(&mut server, "get").await;
    let probe = expect_ping(&mut server, "probe").await;
    about(5, start);
    server.write_all(probe.replace("'probe'", "'error'").as_bytes()).await.unwrap();
    expect(&mut server, "</stream:stream>").await;
    server.write_all(b"</stream:stream>").await.unwrap();
    assert_eq!(check.await.unwrap().unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_check_that_fails_closes_the_stream_too() {
    let start = Instant::now();
    let (mut server, silent) = check();
    until(&mut server, "</iq>").await;
    until(&mut server, "</iq>").await;
    expect(&mut server, "<stream:error><connection-timeout ").await;
    until(&mut server, "</stream:error></stream:stream>").await;
    assert!(matches!(silent.await.unwrap(), Err(Ending::Silent)));
    about(15, start);

    let (mut server, closed) = check();
    until(&mut server, "</iq>").await;
    server.write_all(b"</stream:stream>").await.unwrap();
    expect(&mut server, "</stream:stream>").await;
    assert!(matches!(closed.await.unwrap(), Err(Ending::Closed)));
}

#[tokio::test(start_paused = true)]
async fn stopping_takes_no_more_than_5_s() {
    let start = Instant::now();
    let (mut server, session) = session(ready(()));
    let flood = async {
        let message = "<message from='u@x' to='echo.example'>x</message>".repeat(100);
        while server.write_all(message.as_bytes()).await.is_ok() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    let ended = async {
        let ending = session.await.unwrap();
        assert!(matches!(ending, Ending::Stopped));
        assert!(start.elapsed() <= Duration::from_secs(5), "{:?}", start.elapsed());
    };
    tokio::join!(flood, ended);
}

#[tokio::test(start_paused = true)]
async fn a_fault_while_stopping_is_told_and_the_stop_is_a_stop() {
    let (mut server, session) = session(ready(()));
    server.write_all(b"<message from='u@x' to='echo.example'>x</message><!-- x -->").await.unwrap();
    expect(&mut server, "<message from='echo.example' to='u@x'>x</message>").await;
    expect(&mut server, "<stream:error><restricted-xml ").await;
    until(&mut server, "</stream:error></stream:stream>").await;
    drop(server);
    assert!(matches!(session.await.unwrap(), Ending::Stopped));
}

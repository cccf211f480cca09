//! What the daemon does as time goes by, on a paused clock: pings, deadlines, dead connections.

mod support;

use std::future::{pending, ready};
use std::io;
use std::mem::take;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use echo_component::component::Echo;
use echo_component::component::address::Domain;
use echo_component::component::ids::Ids;
use echo_component::component::requests::Responder;
use echo_component::metrics::Metrics;
use echo_component::stream::ending::Ending;
use echo_component::stream::once;
use echo_component::stream::session::{self, Served, Settings};
use support::{COMPONENT, LIMIT};
use tokio::io::{
    AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufStream, DuplexStream, ReadBuf, duplex,
};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

/// A ping from and to the component.
async fn expect_ping(server: &mut DuplexStream) -> String {
    let ping = until(server, "</iq>").await;
    assert_eq!(sorted(&ping), sorted(&ping_between(COMPONENT, COMPONENT, id(&ping))));
    ping
}

/// A probe: pings between many addresses of the component, each to itself, and one to an address that
/// servers of today refuse. All are legal.
async fn expect_probe(server: &mut DuplexStream) -> Vec<String> {
    let mut probe = vec![];
    let mut addresses = std::collections::BTreeSet::new();
    for _ in 0..16 {
        let ping = until(server, "</iq>").await;
        let address = value(&ping, "from").to_owned();
        assert!(address.ends_with(&format!("@{COMPONENT}")), "{address}");
        assert_eq!(sorted(&ping), sorted(&ping_between(&address, &address, id(&ping))));
        addresses.insert(address);
        probe.push(ping);
    }
    assert_eq!(addresses.len(), 16, "they are like each other: {addresses:?}");
    let refused = until(server, "</iq>").await;
    let to = format!("{COMPONENT}/\u{5d0}a");
    assert_eq!(sorted(&refused), sorted(&ping_between(COMPONENT, &to, id(&refused))));
    probe.push(refused);
    probe
}

fn ping_between(from: &str, to: &str, id: &str) -> String {
    let payload = "<ping xmlns='urn:xmpp:ping'/>";
    format!("<iq type='get' from='{from}' to='{to}' id='{id}'>{payload}</iq>")
}

/// The id that this daemon uses for its pings.
fn id(ping: &str) -> &str {
    let id = value(ping, "id");
    assert!(id.starts_with("ping-"), "{ping}");
    id
}

fn value<'a>(stanza: &'a str, attribute: &str) -> &'a str {
    let value = stanza.split(&format!(" {attribute}='")).nth(1);
    value.and_then(|rest| rest.split('\'').next()).expect(attribute)
}

/// The error that a server answers with.
fn refusal(ping: &str) -> String {
    format!(
        "<iq type='error' from='{}' to='{}' id='{}'/>",
        value(ping, "to"),
        value(ping, "from"),
        id(ping)
    )
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
        let (mut echo, settings) = (echo(), settings());
        let stop = pin!(stop);
        let served = session::serve(component, b"", &mut echo, &metrics, &settings, stop);
        let Served { ending, .. } = served.await;
        ending
    })
}

fn settings() -> Settings {
    Settings { ping_interval: Some(Duration::from_secs(25)), started: Instant::now() }
}

fn echo() -> Echo {
    echo_within(LIMIT)
}

fn echo_within(max_stanza_size: usize) -> Echo {
    let responder = Responder::new("Echo", &[]);
    let domain = Domain::new(COMPONENT).unwrap();
    Echo::new(echo_component::component::Settings {
        domain,
        max_stanza_size,
        ids: Ids::Kept,
        allowance: None,
        responder,
    })
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
async fn a_silent_server_is_pinged_after_25_s_and_given_up_30_s_after_the_ping() {
    let start = Instant::now();
    let (mut server, session) = session(pending());
    expect_ping(&mut server).await;
    about(25, start);
    for seconds in [30, 35, 40, 45, 50] {
        expect_probe(&mut server).await;
        about(seconds, start);
    }
    assert!(matches!(session.await.unwrap(), Ending::Silent));
    about(55, start);
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
        let ping = expect_ping(&mut server).await;
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
    expect_ping(&mut server).await;
    let probe = expect_probe(&mut server).await;
    server.write_all(refusal(&probe[16]).as_bytes()).await.unwrap();
    let ping = expect_ping(&mut server).await;
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
        sleep(Duration::from_secs(24)).await;
        server.write_all(&[*byte]).await.unwrap();
    }
    about(24 * 38, start);
    assert!(!session.is_finished());
    expect_ping(&mut server).await;
    server.write_all(b"x</message>").await.unwrap();
    expect(&mut server, "<message from='echo.example' to='u@x'>x</message>").await;
}

/// A stanza that was cut off on the way, between two tags, ends with none of those that follow.
#[tokio::test(start_paused = true)]
async fn what_is_passed_over_is_no_life() {
    let (mut server, session) = session(pending());
    let cut_off = format!("<message from='u@x' to='echo.example'><body>{}", "x".repeat(LIMIT));
    server.write_all(cut_off.as_bytes()).await.unwrap();
    until(&mut server, "</message>").await;
    let start = Instant::now();
    let (mut reader, mut writer) = tokio::io::split(server);
    let others = tokio::spawn(async move {
        let message = b"<message from='other@x' to='echo.example'>x</message>";
        while writer.write_all(message).await.is_ok() {
            sleep(Duration::from_secs(1)).await;
        }
    });
    let mut sent = String::new();
    let end = reader.read_to_string(&mut sent);
    timeout(Duration::from_secs(100), end).await.expect("it ends").unwrap();
    assert!(matches!(session.await.unwrap(), Ending::Silent));
    about(55, start);
    assert!(sent.starts_with("<iq ") && sent.contains("<connection-timeout "), "{sent}");
    others.abort();
}

/// One after the other, all of them too large, so that something is passed over at the end of each read.
#[tokio::test(start_paused = true)]
async fn large_stanzas_that_end_are_life() {
    const SMALL: usize = 10_000;
    let start = Instant::now();
    let (mut server, component) = duplex(1 << 16);
    let session = tokio::spawn(async move {
        let (mut echo, metrics) = (echo_within(SMALL), Metrics::new().unwrap());
        let stop = pin!(pending());
        session::serve(component, b"", &mut echo, &metrics, &settings(), stop).await
    });
    let begin = format!("<message from='u@x' to='echo.example'>{}", "x".repeat(SMALL));
    server.write_all(begin.as_bytes()).await.unwrap();
    for _ in 0..10 {
        let bounce = until(&mut server, "</message>").await;
        assert!(bounce.starts_with("<message ") && bounce.contains("policy-violation"), "{bounce}");
        sleep(Duration::from_secs(20)).await;
        server.write_all(format!("</message>{begin}").as_bytes()).await.unwrap();
    }
    about(200, start);
    assert!(!session.is_finished());
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
        sleep(Duration::from_secs(24)).await;
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
        once::ping(component, b"", &mut echo(), &metrics, &settings()).await
    });
    (server, check)
}

#[tokio::test(start_paused = true)]
async fn a_check_says_how_long_the_ping_took_and_answers_what_came_with_it() {
    let (mut server, check) = check();
    let ping = expect_ping(&mut server).await;
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
    expect_ping(&mut server).await;
    let probe = expect_probe(&mut server).await;
    about(5, start);
    server.write_all(refusal(&probe[16]).as_bytes()).await.unwrap();
    expect(&mut server, "</stream:stream>").await;
    server.write_all(b"</stream:stream>").await.unwrap();
    assert_eq!(check.await.unwrap().unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_check_that_fails_closes_the_stream_too() {
    let start = Instant::now();
    let (mut server, silent) = check();
    expect_ping(&mut server).await;
    for _ in 0..5 {
        expect_probe(&mut server).await;
    }
    expect(&mut server, "<stream:error><connection-timeout ").await;
    until(&mut server, "</stream:error></stream:stream>").await;
    assert!(matches!(silent.await.unwrap(), Err(Ending::Silent)));
    about(30, start);

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

/// What the server says on its side meanwhile is the end of it; nothing more will come.
#[tokio::test(start_paused = true)]
async fn a_stop_waits_for_no_second_footer() {
    let error = "<stream:error><reset xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>";
    for last in ["</stream:stream>", &format!("{error}</stream:stream>")] {
        let start = Instant::now();
        let (mut server, session) = session(sleep(Duration::from_millis(10)));
        sleep(Duration::from_millis(50)).await;
        let message = "<message from='u@x' to='echo.example'>x</message>";
        server.write_all(format!("{message}{last}").as_bytes()).await.unwrap();
        expect(&mut server, "<message from='echo.example' to='u@x'>x</message>").await;
        expect(&mut server, "</stream:stream>").await;
        assert!(matches!(session.await.unwrap(), Ending::Stopped));
        assert!(start.elapsed() < Duration::from_millis(200), "{:?}", start.elapsed());
    }
}

/// A process or a machine that was stopped has heard nothing, and that is not the server's fault.
#[tokio::test(start_paused = true)]
async fn after_a_stop_of_90_s_the_server_has_30_s_to_answer() {
    for stopped_after in [1, 24, 26] {
        let (mut server, session) = session(pending());
        let start = Instant::now();
        sleep(Duration::from_secs(stopped_after)).await;
        tokio::time::advance(Duration::from_secs(90)).await;
        let ping = expect_ping(&mut server).await;
        for _ in 0..4 {
            expect_probe(&mut server).await;
        }
        sleep(Duration::from_secs(7)).await;
        assert!(!session.is_finished(), "stopped after {stopped_after} s");
        server.write_all(ping.as_bytes()).await.unwrap();
        while !until(&mut server, "</iq>").await.contains("type='result'") {}
        assert!(start.elapsed() > Duration::from_secs(115));
        assert!(!session.is_finished(), "stopped after {stopped_after} s");
    }
}

#[tokio::test(start_paused = true)]
async fn without_an_interval_a_silent_server_is_neither_pinged_nor_left() {
    let (mut server, component) = duplex(1 << 16);
    let session = tokio::spawn(async move {
        let settings = Settings { ping_interval: None, started: Instant::now() };
        let (mut echo, metrics, stop) = (echo(), Metrics::new().unwrap(), pin!(pending::<()>()));
        session::serve(component, b"", &mut echo, &metrics, &settings, stop).await.ending
    });
    sleep(Duration::from_secs(100_000)).await;
    server.write_all(b"<message from='u@x' to='echo.example'/>").await.unwrap();
    expect(&mut server, "<message from='echo.example' to='u@x'/>").await;
    assert!(!session.is_finished());
}

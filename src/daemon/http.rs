//! Serves `/metrics`, `/livez`, `/readyz` and `/healthz` over HTTP.
//!
//! Whoever connects costs the stream nothing: few connections at a time, and none for long.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HOST, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, Version};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tracing::debug;

use crate::metrics::Metrics;

/// How long a request may take to arrive.
const REQUEST: Duration = Duration::from_secs(2);

/// How long one connection may last. Scrapers take milliseconds.
const LONGEST_CONNECTION: Duration = Duration::from_secs(10);

/// How many connections there may be at a time, so that they cannot use up the descriptors which the
/// stream needs.
const AT_ONCE: usize = 16;

/// The methods that are served.
const METHODS: &str = "GET, HEAD, OPTIONS";

/// Listens at `address`, for [`serve`].
///
/// # Errors
/// If the address cannot be listened at.
pub async fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// Answers whoever connects, for ever.
pub async fn serve(listener: TcpListener, metrics: Arc<Metrics>) {
    let mut open = VecDeque::with_capacity(AT_ONCE);
    loop {
        match listener.accept().await {
            Ok((connection, _)) => {
                make_room(&mut open).await;
                open.push_back(tokio::spawn(answer(connection, metrics.clone())));
            }
            Err(error) => {
                debug!(%error, "a metrics connection was lost");
                // Such as too many open files: time is what helps.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// The oldest connection makes room for a new one: it is idle, since an answer takes milliseconds.
async fn make_room(open: &mut VecDeque<JoinHandle<()>>) {
    open.retain(|connection| !connection.is_finished());
    while open.len() >= AT_ONCE {
        let Some(oldest) = open.pop_front() else { return };
        oldest.abort();
        // When it says that it was aborted, its descriptor is free.
        let _ = oldest.await;
    }
}

async fn answer(connection: TcpStream, metrics: Arc<Metrics>) {
    let service = service_fn(|request| {
        let response = respond(&request, &metrics);
        async { Ok::<_, Infallible>(response) }
    });
    let mut http = http1::Builder::new();
    http.keep_alive(false).timer(TokioTimer::new()).header_read_timeout(REQUEST);
    let served = http.serve_connection(TokioIo::new(connection), service);
    // Whether a scraper stayed to the end is the scraper's business.
    let _ = timeout(LONGEST_CONNECTION, served).await;
}

fn respond(request: &Request<Incoming>, metrics: &Metrics) -> Response<Full<Bytes>> {
    // RFC 9112 §3.2.
    if request.version() == Version::HTTP_11 && request.headers().get_all(HOST).iter().count() != 1
    {
        return text(StatusCode::BAD_REQUEST, "a request has one Host\n");
    }
    match *request.method() {
        Method::GET | Method::HEAD => {}
        Method::OPTIONS => return allow(text(StatusCode::NO_CONTENT, "")),
        _ => return allow(text(StatusCode::METHOD_NOT_ALLOWED, "only GET is served here\n")),
    }
    match request.uri().path() {
        "/metrics" => match metrics.text() {
            Ok(metrics) => text(StatusCode::OK, metrics),
            Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
        },
        // That there is an answer is the answer: the loop that serves the stream has made it.
        "/livez" => text(StatusCode::OK, "alive\n"),
        "/readyz" | "/healthz" if metrics.is_online() => text(StatusCode::OK, "online\n"),
        "/readyz" | "/healthz" => text(StatusCode::SERVICE_UNAVAILABLE, "offline\n"),
        _ => text(StatusCode::NOT_FOUND, "there are /metrics, /livez, /readyz and /healthz here\n"),
    }
}

/// RFC 9110 §15.5.6: a refused method names those that are served.
fn allow(mut response: Response<Full<Bytes>>) -> Response<Full<Bytes>> {
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(METHODS));
    response
}

fn text(status: StatusCode, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

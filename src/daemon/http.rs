//! Serves `/metrics` and `/healthz` over HTTP.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tracing::debug;

use crate::metrics::Metrics;

/// How long one connection may last. Scrapers take milliseconds.
const LONGEST: Duration = Duration::from_secs(10);

/// How many connections there may be at a time, so that they cannot use up the descriptors which the
/// stream needs. Others wait in the kernel.
const AT_ONCE: usize = 16;

/// Listens at `address`, for [`serve`].
///
/// # Errors
/// If the address cannot be listened at.
pub async fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// Answers whoever connects, for ever.
pub async fn serve(listener: TcpListener, metrics: Arc<Metrics>) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    // It fails only for a semaphore that has been closed.
    while let Ok(place) = places.clone().acquire_owned().await {
        match listener.accept().await {
            Ok((connection, _)) => {
                let answered = answer(connection, metrics.clone());
                tokio::spawn(async move {
                    answered.await;
                    drop(place);
                });
            }
            Err(error) => {
                debug!(%error, "a metrics connection was lost");
                // Such as too many open files: time is what helps.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn answer(connection: TcpStream, metrics: Arc<Metrics>) {
    let service = service_fn(|request| {
        let response = respond(&request, &metrics);
        async { Ok::<_, Infallible>(response) }
    });
    let mut http = http1::Builder::new();
    http.keep_alive(false).timer(TokioTimer::new()).header_read_timeout(LONGEST);
    let served = http.serve_connection(TokioIo::new(connection), service);
    // Whether a scraper stayed to the end is the scraper's business.
    let _ = timeout(LONGEST, served).await;
}

fn respond(request: &Request<Incoming>, metrics: &Metrics) -> Response<Full<Bytes>> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return text(StatusCode::METHOD_NOT_ALLOWED, "only GET is served here\n");
    }
    match request.uri().path() {
        "/metrics" => match metrics.text() {
            Ok(figures) => text(StatusCode::OK, figures),
            Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
        },
        "/healthz" if metrics.is_online() => text(StatusCode::OK, "online\n"),
        "/healthz" => text(StatusCode::SERVICE_UNAVAILABLE, "offline\n"),
        _ => text(StatusCode::NOT_FOUND, "there are /metrics and /healthz here\n"),
    }
}

fn text(status: StatusCode, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

//! Accepts connections until the process is asked to stop, then waits for the requests under way.
//!
//! `axum::serve` limits neither the number of connections nor how long a client may take to send its headers or to read
//! a response; this loop does. hyper serves each connection until a response is marked [`LongLived`].

use std::convert::Infallible;
use std::error::Error;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::{Service, ServiceExt};
use uuid::Uuid;

use super::address::Peer;
use super::connection_limit::{ConnectionLimiter, ConnectionLimits, ConnectionPlace};
use super::long_lived::{self, LongLived};
use super::problem::{self, Problem};
use super::slow_reader::SlowReaderLimit;
use super::{HttpState, metrics, router};

/// How long a connection above the limits may take to send a request's headers, because it should ask for a probe at once.
const PROBE_READ_TIMEOUT: Duration = Duration::from_secs(5);

/// The most bytes that hyper buffers of a request's headers, and of a response that its client does not read.
const MAX_BUFFER_BYTES: usize = 128 << 10;

/// The most bytes that the operating system buffers for a client that does not read. By itself it would keep megabytes.
const SEND_BUFFER_BYTES: usize = 64 << 10;

/// Serves the API until `shutdown`, then waits at most `drain` for the requests under way.
pub async fn serve(
    listener: TcpListener,
    state: HttpState,
    shutdown: CancellationToken,
    drain: Duration,
) {
    let keep_alive = state.keep_alive;
    let policy = &state.access_policy;
    let limiter = ConnectionLimiter::new(policy.connections, policy.trusted_proxies.clone());
    accept_loop(listener, limiter, router(state), keep_alive, shutdown, drain).await;
}

/// Serves `GET /metrics` only, without authentication, until dropped. It ignores shutdown, because metrics are useful
/// while the service drains.
pub async fn serve_metrics(listener: TcpListener, state: HttpState) {
    let keep_alive = state.keep_alive;
    let router = Router::new().route("/metrics", get(metrics::get)).with_state(state);
    let limiter = ConnectionLimiter::new(ConnectionLimits::default(), Vec::new());
    let shutdown = CancellationToken::new();
    accept_loop(listener, limiter, router, keep_alive, shutdown, Duration::ZERO).await;
}

/// Accepts connections until `shutdown`, then waits at most `drain` for them to close.
async fn accept_loop<S>(
    listener: TcpListener,
    limiter: Arc<ConnectionLimiter>,
    service: S,
    keep_alive: Duration,
    shutdown: CancellationToken,
    drain: Duration,
) where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    let connections = TaskTracker::new();
    while let Some((stream, peer)) = accept_next(&listener, &shutdown).await {
        let place = limiter.admit(peer.0);
        let (service, shutdown) = (service.clone(), shutdown.clone());
        connections.spawn(serve_connection(stream, peer, place, service, keep_alive, shutdown));
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(drain, connections.wait()).await.is_err() {
        tracing::warn!("closing connections that did not finish in time");
    }
}

/// Serves the requests of one connection, one after another, until it closes. `keep_alive` is how long a client may be
/// idle between requests, or take to send a request's headers.
async fn serve_connection<S>(
    stream: TcpStream,
    peer: Peer,
    place: ConnectionPlace,
    service: S,
    keep_alive: Duration,
    shutdown: CancellationToken,
) where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    let slot = ResponseSlot::default();
    let service_slot = Arc::clone(&slot);
    let probes_only = place.is_spare();
    let handler = service_fn(move |request| {
        let (service, slot) = (service.clone(), Arc::clone(&service_slot));
        async move {
            if probes_only && !is_probe(&request) {
                return Ok(too_many_connections());
            }
            handle_request(request, peer, service, slot).await
        }
    });
    let mut http = Builder::new();
    let read_timeout = if probes_only { PROBE_READ_TIMEOUT } else { keep_alive };
    http.timer(TokioTimer::new()).header_read_timeout(read_timeout).keep_alive(!probes_only);
    // A client that has closed its sending side may still read the response.
    http.max_buf_size(MAX_BUFFER_BYTES).half_close(true);
    let stream = TokioIo::new(SlowReaderLimit::new(stream));
    let mut connection = http.serve_connection(stream, handler);
    let mut is_draining = false;
    let result = loop {
        tokio::select! {
            polled = poll_fn(|cx| match Pin::new(&mut connection).poll(cx) {
                Poll::Pending if lock(&slot).is_some() => Poll::Ready(Ok(())),
                polled => polled,
            }) => break polled,
            () = place.closed() => return,
            () = shutdown.cancelled(), if !is_draining => {
                Pin::new(&mut connection).graceful_shutdown();
                is_draining = true;
            }
        }
    };
    // A client that disconnects is not a failure of the server.
    if let Err(error) = result {
        tracing::debug!(error = &error as &dyn Error, "connection failed");
        return;
    }
    let Some(response) = lock(&slot).take() else { return };
    // hyper reads a request only after it has sent the previous response, so its buffers are empty.
    let stream = connection.into_parts().io.into_inner().into_inner();
    if let Err(error) = long_lived::send(stream, response).await {
        tracing::debug!(error = &error as &dyn Error, "connection failed");
    }
}

fn lock(slot: &ResponseSlot) -> MutexGuard<'_, Option<Response>> {
    // No code that can panic runs under the lock, so it is never poisoned.
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Holds a long-lived response until its connection takes it over from hyper.
type ResponseSlot = Arc<Mutex<Option<Response>>>;

/// Serves one request. A long-lived response goes to the slot instead of to hyper, whose request then stays pending.
async fn handle_request<S>(
    request: hyper::Request<Incoming>,
    peer: Peer,
    service: S,
    slot: ResponseSlot,
) -> Result<Response, Infallible>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(peer);
    let mut response = service.oneshot(request).await?;
    if response.extensions_mut().remove::<LongLived>().is_some() {
        *lock(&slot) = Some(response);
        return std::future::pending().await;
    }
    Ok(response)
}

/// Returns whether a request is one of those by which an orchestrator checks the process.
fn is_probe(request: &hyper::Request<Incoming>) -> bool {
    matches!(request.uri().path().trim_end_matches('/'), "/livez" | "/readyz")
}

fn too_many_connections() -> Response {
    let detail = "Too many connections are open; close some, and try again in a few seconds.";
    let mut response = Problem::new(StatusCode::TOO_MANY_REQUESTS, detail).into_response();
    problem::write_problem(&mut response, &Uuid::now_v7().to_string(), None);
    response
}

/// Returns the next connection, or `None` on shutdown.
async fn accept_next(
    listener: &TcpListener,
    shutdown: &CancellationToken,
) -> Option<(TcpStream, Peer)> {
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => return None,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, address)) => {
                // Responses are small; waiting to fill a packet would only delay them.
                let _ = stream.set_nodelay(true);
                let _ = SockRef::from(&stream).set_send_buffer_size(SEND_BUFFER_BYTES);
                return Some((stream, Peer(address.ip())));
            }
            Err(error) => {
                // The process is probably out of file handles; other connections will free some soon.
                tracing::warn!(error = &error as &dyn Error, "could not accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

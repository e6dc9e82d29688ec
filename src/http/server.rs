//! Connections: accepted until the process is asked to stop, then finished.
//!
//! `axum::serve` sets no limit on how long a client may take to send its headers; this loop does. hyper speaks HTTP,
//! until an answer says that it is [`Endless`].

use std::convert::Infallible;
use std::error::Error;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::get;
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::{Service, ServiceExt};

use super::address::Peer;
use super::long_lived::{self, LongLived};
use super::{HttpState, metrics, router};

/// How long a client may take to send a request's headers, or be silent between requests.
const HEADER_READ_TIMEOUT: Duration = Duration::from_mins(1);

/// Serves until `stopping`, then waits at most `drain` for what is under way.
pub async fn serve(
    listener: TcpListener,
    state: HttpState,
    shutdown: CancellationToken,
    drain: Duration,
) {
    accept_loop(listener, router(state), shutdown, drain).await;
}

/// Serves the numbers, and nothing else, to whoever can reach the listener, until dropped: they are of interest as
/// long as the process lives.
pub async fn serve_metrics(listener: TcpListener, state: HttpState) {
    let only = Router::new().route("/metrics", get(metrics::get)).with_state(state);
    accept_loop(listener, only, CancellationToken::new(), Duration::ZERO).await;
}

async fn accept_loop<S>(
    listener: TcpListener,
    service: S,
    shutdown: CancellationToken,
    drain: Duration,
) where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    let connections = TaskTracker::new();
    while let Some((stream, peer)) = accept_next(&listener, &shutdown).await {
        connections.spawn(serve_connection(stream, peer, service.clone(), shutdown.clone()));
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(drain, connections.wait()).await.is_err() {
        tracing::warn!("connections are closed, for they take too long");
    }
}

/// Answers the requests of one connection, one after the other, until it closes.
async fn serve_connection<S>(stream: TcpStream, peer: Peer, service: S, shutdown: CancellationToken)
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    let slot = ResponseSlot::default();
    let slot_of_connection = Arc::clone(&slot);
    let each = service_fn(move |request| {
        handle_request(request, peer, service.clone(), Arc::clone(&slot_of_connection))
    });
    let mut http = Builder::new();
    // A client that has closed its sending side may still read, and has asked in any case.
    http.timer(TokioTimer::new()).header_read_timeout(HEADER_READ_TIMEOUT).half_close(true);
    let mut connection = http.serve_connection(TokioIo::new(stream), each);
    let mut is_ending = false;
    let ended = loop {
        tokio::select! {
            ended = poll_fn(|cx| match Pin::new(&mut connection).poll(cx) {
                Poll::Pending if lock(&slot).is_some() => Poll::Ready(Ok(())),
                polled => polled,
            }) => break ended,
            () = shutdown.cancelled(), if !is_ending => {
                Pin::new(&mut connection).graceful_shutdown();
                is_ending = true;
            }
        }
    };
    // A client that goes away is no failure of ours.
    if let Err(error) = ended {
        tracing::debug!(error = &error as &dyn Error, "a connection broke");
        return;
    }
    let Some(answer) = lock(&slot).take() else { return };
    // hyper reads a request only when it has sent what it answered before, so its buffers hold nothing.
    let stream = connection.into_parts().io.into_inner();
    if let Err(error) = long_lived::send(stream, answer).await {
        tracing::debug!(error = &error as &dyn Error, "a connection broke");
    }
}

fn lock(slot: &ResponseSlot) -> MutexGuard<'_, Option<Response>> {
    // Nothing that can panic is done under the lock.
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where an endless answer waits for its connection.
type ResponseSlot = Arc<Mutex<Option<Response>>>;

/// Answers one request. An endless answer goes to the slot, and hyper never hears of it.
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

/// The next connection; `None` when it is time to stop.
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
                // Answers are small; waiting to fill a packet would only delay them.
                let _ = stream.set_nodelay(true);
                return Some((stream, Peer(address.ip())));
            }
            Err(error) => {
                // Out of file handles, most likely; others will be closed in a moment.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

//! Connections: accepted until the process is asked to stop, then finished.
//!
//! `axum::serve` sets no limit on how long a client may take to send its headers; this loop does.

use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::address::Peer;
use super::{Door, router};

/// How long a client may take to send a request's headers, or be silent between requests.
const HEADERS: Duration = Duration::from_mins(1);

/// Serves until `stopping`, then waits at most `drain` for what is under way.
pub async fn serve(
    listener: TcpListener,
    door: Door,
    stopping: CancellationToken,
    drain: Duration,
) {
    let service = router(door);
    let graceful = GracefulShutdown::new();
    let mut builder = Builder::new(TokioExecutor::new());
    // A client that has closed its sending side may still read, and has asked in any case.
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS).half_close(true);
    while let Some((stream, peer)) = next(&listener, &stopping).await {
        let service = service.clone().map_request(move |request: Request<Incoming>| {
            let mut request = request.map(axum::body::Body::new);
            request.extensions_mut().insert(Peer(peer.ip()));
            request
        });
        let service = TowerToHyperService::new(service);
        let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            // A client that goes away is no failure of ours.
            if let Err(error) = connection.await {
                tracing::debug!(error, "a connection broke");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("connections are closed, for they take too long");
    }
}

/// The next connection; `None` when it is time to stop.
async fn next(
    listener: &TcpListener,
    stopping: &CancellationToken,
) -> Option<(TcpStream, SocketAddr)> {
    loop {
        let accepted = tokio::select! {
            () = stopping.cancelled() => return None,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                // Answers are small; waiting to fill a packet would only delay them.
                let _ = stream.set_nodelay(true);
                return Some((stream, peer));
            }
            Err(error) => {
                // Out of file handles, most likely; others will be closed in a moment.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

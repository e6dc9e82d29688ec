//! Reads request bodies, with limits on the size and time of each, and on the memory of each address and of all
//! together.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use tower_http::timeout::TimeoutError;
use tracing::Instrument;

use super::HttpState;
use super::address::{ClientAddress, client_network};
use super::content_encoding::{self, ContentEncoding, InflateError};
use super::problem::Problem;
use crate::compute::{SharePermit, Shares};

/// The largest request body that is accepted, in bytes (24 MiB).
pub const MAX_BODY: usize = 24 << 20;

/// A body that is too large is read and discarded up to this many times the allowed size, because a client that is
/// still sending would not read the response.
const DISCARD_FACTOR: usize = 3;

/// How long reading a body may take.
const READ_TIMEOUT: Duration = Duration::from_mins(2);

/// How long a request waits for more memory for its body.
const BUDGET_TIMEOUT: Duration = Duration::from_secs(20);

/// The step in which memory is reserved, in bytes. A body reserves one when its first bytes arrive, and then twice as
/// much whenever it is full: so a client gets at most twice the memory that it has sent bytes for.
const UNIT: usize = 64 << 10;

/// The budgets, each as the part of a body up to which it is used, and its size, in bytes. So large bodies leave room
/// for small ones. The data decoded from the bodies may take a few times as much.
const BUDGETS: [(usize, usize); 3] = [(UNIT, 64 << 20), (1 << 20, 48 << 20), (MAX_BODY, 144 << 20)];

/// Bodies with more bytes than this are parsed on the blocking threads.
pub(super) const MAX_INLINE_PARSE_BYTES: usize = 256 * 1024;

/// The memory that all request bodies share. Each address may use half of each budget. Clones share the same budgets.
#[derive(Debug, Clone)]
pub(super) struct BodyBudget(Arc<[Budget; BUDGETS.len()]>);

#[derive(Debug)]
struct Budget {
    up_to: usize,
    shares: Shares<IpAddr>,
}

impl Default for BodyBudget {
    fn default() -> Self {
        Self(Arc::new(BUDGETS.map(|(up_to, size)| {
            let units = size / UNIT;
            Budget { up_to, shares: Shares::new(units, units / 2) }
        })))
    }
}

/// The memory that a body has reserved, until it is dropped. A request keeps it until it is stored,
/// not until its task has run.
#[derive(Debug)]
pub(super) struct BodyReservation {
    budgets: BodyBudget,
    caller: IpAddr,
    bytes: usize,
    permits: Vec<SharePermit>,
}

/// Marks a request, in its extensions, whose body is in memory already, within a reservation.
#[derive(Debug, Clone, Copy)]
pub(super) struct BodyReserved;

impl BodyBudget {
    /// Reads the body of a request, at most [`MAX_BODY`] bytes, and decompresses it. Memory for it is reserved as its
    /// bytes arrive.
    pub(super) async fn read(
        &self,
        parts: &Parts,
        body: Body,
    ) -> Result<(Bytes, BodyReservation), Problem> {
        self.read_at_most(parts, body, MAX_BODY).await
    }

    /// Reads the body of a request as [`BodyBudget::read`] does, at most `max_bytes` bytes before and after it is
    /// decompressed.
    pub(super) async fn read_at_most(
        &self,
        parts: &Parts,
        body: Body,
        max_bytes: usize,
    ) -> Result<(Bytes, BodyReservation), Problem> {
        let encoding = content_encoding::parse(&parts.headers)?;
        let client = parts.extensions.get::<ClientAddress>();
        let caller = client.map_or(Ipv4Addr::UNSPECIFIED.into(), |client| client.ip);
        let mut reservation = BodyReservation {
            budgets: self.clone(),
            caller: client_network(caller),
            bytes: 0,
            permits: Vec::new(),
        };
        let is_reserved = parts.extensions.get::<BodyReserved>().is_some();
        let mut growing = (!is_reserved).then_some(&mut reservation);
        let bytes = read_in_time(body, max_bytes, growing.as_deref_mut()).await?;
        let bytes = match encoding {
            Some(encoding) if !bytes.is_empty() => {
                if let Some(reservation) = growing {
                    // The length is found first, because a few bytes may become many.
                    let plain = inflated_length(encoding, bytes.clone(), max_bytes).await?;
                    reservation.grow(bytes.len() + plain).await?;
                }
                inflate(encoding, bytes, max_bytes).await?
            }
            _ => bytes,
        };
        Ok((bytes, reservation))
    }
}

impl BodyReservation {
    /// Waits until there is memory for `length` bytes.
    async fn grow(&mut self, length: usize) -> Result<(), Problem> {
        while self.bytes < length {
            let step = self.bytes.max(UNIT).min(MAX_BODY.saturating_sub(self.bytes).max(UNIT));
            let budget = self.budgets.0.iter().find(|budget| self.bytes < budget.up_to);
            let Some(Budget { shares, .. }) = budget else { return Ok(()) };
            let units = u32::try_from(step / UNIT).unwrap_or(u32::MAX);
            let acquired =
                tokio::time::timeout(BUDGET_TIMEOUT, shares.acquire(&self.caller, units)).await;
            let Ok(Some(permit)) = acquired else {
                let detail =
                    "Too many large requests are arriving at once; try again in a few seconds.";
                return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, detail));
            };
            self.permits.push(permit);
            self.bytes += step;
        }
        Ok(())
    }

    /// Gives all memory back, because the body is too large and is only read to its end.
    fn release(&mut self) {
        self.permits.clear();
    }
}

/// Reads a body of at most `max_bytes` bytes, and decompresses it to at most as many. It is so small that no memory is
/// reserved for it.
pub(super) async fn read_at_most(
    headers: &HeaderMap,
    body: Body,
    max_bytes: usize,
) -> Result<Bytes, Problem> {
    let encoding = content_encoding::parse(headers)?;
    let bytes = read_in_time(body, max_bytes, None).await?;
    match encoding {
        Some(encoding) if !bytes.is_empty() => inflate(encoding, bytes, max_bytes).await,
        _ => Ok(bytes),
    }
}

async fn inflated_length(
    encoding: ContentEncoding,
    bytes: Bytes,
    max_bytes: usize,
) -> Result<usize, Problem> {
    let work = move || content_encoding::inflated_length(encoding, &bytes, max_bytes);
    explain_inflation(tokio::task::spawn_blocking(work).await, max_bytes)
}

async fn inflate(
    encoding: ContentEncoding,
    bytes: Bytes,
    max_bytes: usize,
) -> Result<Bytes, Problem> {
    let work = move || content_encoding::inflate(encoding, &bytes, max_bytes);
    explain_inflation(tokio::task::spawn_blocking(work).await, max_bytes)
}

fn explain_inflation<T>(
    result: Result<Result<T, InflateError>, tokio::task::JoinError>,
    max_bytes: usize,
) -> Result<T, Problem> {
    match result {
        Ok(Ok(inflated)) => Ok(inflated),
        Ok(Err(InflateError::TooLarge)) => Err(too_large(max_bytes)),
        Ok(Err(InflateError::Corrupt)) => {
            let detail = "The body cannot be decompressed as its Content-Encoding says; send it again, or as it is.";
            Err(Problem::new(StatusCode::BAD_REQUEST, detail))
        }
        Err(_) => Err(internal_error()),
    }
}

async fn read_in_time(
    body: Body,
    max_bytes: usize,
    reservation: Option<&mut BodyReservation>,
) -> Result<Bytes, Problem> {
    tokio::time::timeout(READ_TIMEOUT, read_all(body, max_bytes, reservation))
        .await
        .unwrap_or_else(|_| Err(too_slow()))
}

async fn read_all(
    mut body: Body,
    max_bytes: usize,
    mut reservation: Option<&mut BodyReservation>,
) -> Result<Bytes, Problem> {
    let (mut buffer, mut length) = (BytesMut::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            if error.into_inner().is::<TimeoutError>() {
                return too_slow();
            }
            let detail = "The request body ended early; send it again.";
            Problem::new(StatusCode::BAD_REQUEST, detail)
        })?;
        let Ok(data) = frame.into_data() else { continue };
        length += data.len();
        if length <= max_bytes {
            if let Some(reservation) = &mut reservation {
                reservation.grow(length).await?;
            }
            buffer.extend_from_slice(&data);
        } else {
            buffer = BytesMut::new();
            if let Some(reservation) = &mut reservation {
                reservation.release();
            }
        }
        if length > DISCARD_FACTOR * max_bytes {
            break;
        }
    }
    if length <= max_bytes { Ok(buffer.freeze()) } else { Err(too_large(max_bytes)) }
}

/// Runs `work` to its end, even if the client disconnects meanwhile: the server drops the future of a request whose
/// connection is closed, so `work` runs in a task of its own.
pub(super) async fn run_to_completion<T: Send + 'static>(
    work: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<T, Problem> {
    tokio::spawn(work.in_current_span()).await.unwrap_or_else(|_| Err(internal_error()))
}

/// Parses a body of `length` bytes: on the current thread if it is small, else on the blocking threads.
pub(super) async fn parse_with<T: Send + 'static>(
    state: &HttpState,
    length: usize,
    parse: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    if length <= MAX_INLINE_PARSE_BYTES {
        return parse();
    }
    state.app.compute().run(parse).await.unwrap_or_else(|_| Err(internal_error()))
}

pub(super) fn internal_error() -> Problem {
    let detail = "Something went wrong here; the log has the details under this request id.";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
}

fn too_slow() -> Problem {
    let detail = "The request arrived too slowly; send it again.";
    Problem::new(StatusCode::REQUEST_TIMEOUT, detail)
}

fn too_large(max_bytes: usize) -> Problem {
    let detail = format!("The request is too large; at most {} KiB are accepted.", max_bytes >> 10);
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use axum::response::IntoResponse;
    use futures_util::stream;

    use super::*;

    fn parts(address: &str) -> Parts {
        let client = ClientAddress {
            ip: address.parse().expect("an address"),
            is_secure: false,
            is_local: false,
        };
        let (mut parts, ()) = Request::new(()).into_parts();
        parts.extensions.insert(client);
        parts
    }

    /// A body that sends `length` bytes and then nothing more.
    fn stalled(length: usize) -> Body {
        let sent = stream::iter([Ok::<_, std::io::Error>(Bytes::from(vec![7; length]))]);
        Body::from_stream(futures_util::StreamExt::chain(sent, stream::pending()))
    }

    #[tokio::test(start_paused = true)]
    async fn bodies_that_never_arrive_take_no_memory_from_others() {
        let budget = BodyBudget::default();
        for (length, count) in [(0, 1000), (100, 300), (3 << 20, 100)] {
            let mut held = Vec::new();
            for _ in 0..count {
                let budget = budget.clone();
                let parts = parts("192.0.2.1");
                held.push(tokio::spawn(async move { budget.read(&parts, stalled(length)).await }));
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
            for (address, size) in [("192.0.2.1", 100), ("192.0.2.2", MAX_BODY)] {
                let size = if length > 1000 && address == "192.0.2.1" { 10 } else { size };
                let read = budget.read(&parts(address), Body::from(vec![1; size])).await;
                assert!(read.is_ok_and(|(bytes, _)| bytes.len() == size), "{address} {length}");
            }
            for task in held {
                task.abort();
                let _ = task.await;
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn memory_is_limited_and_given_back() {
        let budget = BodyBudget::default();
        let read = |address: &'static str| {
            let (budget, parts) = (budget.clone(), parts(address));
            async move { budget.read(&parts, Body::from(vec![1; MAX_BODY])).await }
        };
        let mut held = Vec::new();
        for address in ["2001:db8::1", "2001:db8::2", "2001:db8::3"] {
            held.push(read(address).await.expect("room").1);
        }
        let refused = read("2001:db8::4").await.err().map(IntoResponse::into_response);
        assert_eq!(refused.map(|response| response.status()), Some(StatusCode::TOO_MANY_REQUESTS));
        held.push(read("192.0.2.1").await.expect("room for another network").1);
        drop(held);
        assert!(read("2001:db8::4").await.is_ok());
        let too_large = budget.read(&parts("192.0.2.1"), Body::from(vec![1; MAX_BODY + 1])).await;
        assert!(too_large.is_err());
        assert!(read("192.0.2.1").await.is_ok());
    }

    #[tokio::test]
    async fn a_body_in_memory_is_counted_once() {
        let budget = BodyBudget::default();
        let mut parts = parts("192.0.2.1");
        parts.extensions.insert(BodyReserved);
        let (_, reservation) = budget.read(&parts, Body::from("{}")).await.expect("read");
        assert!(reservation.permits.is_empty());
    }
}

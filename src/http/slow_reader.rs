//! Ends connections whose client does not read, or reads so slowly that it only holds the connection.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// How long writing may wait for a client that reads nothing.
const MAX_STALL: Duration = Duration::from_secs(30);

/// The bytes with which a client that reads earns another second of allowance.
const BYTES_PER_SECOND: u32 = 1024;

/// A stream whose writes fail with [`io::ErrorKind::TimedOut`] if its reader is too slow.
///
/// A reader has an allowance of 30 seconds. Time in which writing waits for the reader uses it up; each KiB that the
/// reader takes gives a second back, up to 30 again. So a reader that stops is disconnected after 30 seconds, and one
/// that takes a few bytes now and then soon after.
#[derive(Debug)]
pub(super) struct SlowReaderLimit<S> {
    stream: S,
    allowance: Duration,
    waiting: Option<Waiting>,
}

/// A write that waits for the reader.
#[derive(Debug)]
struct Waiting {
    since: Instant,
    deadline: Pin<Box<Sleep>>,
}

impl<S> SlowReaderLimit<S> {
    pub(super) const fn new(stream: S) -> Self {
        Self { stream, allowance: MAX_STALL, waiting: None }
    }

    /// Returns the stream without a limit.
    pub(super) fn into_inner(self) -> S {
        self.stream
    }

    fn limit(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let Poll::Ready(written) = written else {
            let allowance = self.allowance;
            let waiting = self.waiting.get_or_insert_with(|| Waiting {
                since: Instant::now(),
                deadline: Box::pin(tokio::time::sleep(allowance)),
            });
            ready!(waiting.deadline.as_mut().poll(cx));
            let reason = "the client reads too slowly";
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, reason)));
        };
        let bytes = u32::try_from(*written.as_ref().unwrap_or(&0)).unwrap_or(u32::MAX);
        if let Some(waiting) = self.waiting.take() {
            self.allowance = self.allowance.saturating_sub(waiting.since.elapsed());
        }
        let earned = Duration::from_secs(1) * bytes / BYTES_PER_SECOND;
        self.allowance = (self.allowance + earned).min(MAX_STALL);
        Poll::Ready(written)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for SlowReaderLimit<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.limit(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.limit(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for SlowReaderLimit<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

    use super::*;

    const ANSWER: &[u8] = &[7; 256 << 10];

    /// Writes a large answer to a client that reads `bytes` every `pause`. Returns how long the writing took and its
    /// error.
    async fn write_to(pause: Duration, bytes: usize) -> (Duration, Option<io::ErrorKind>) {
        let (ours, mut theirs): (DuplexStream, DuplexStream) = tokio::io::duplex(4096);
        let reading = tokio::spawn(async move {
            let mut buffer = vec![0; bytes];
            loop {
                tokio::time::sleep(pause).await;
                let Ok(1..) = theirs.read(&mut buffer).await else { break };
            }
        });
        let started = Instant::now();
        let written = SlowReaderLimit::new(ours).write_all(ANSWER).await;
        let elapsed = started.elapsed();
        reading.abort();
        (elapsed, written.err().map(|error| error.kind()))
    }

    #[tokio::test(start_paused = true)]
    async fn who_reads_nothing_is_let_go_after_half_a_minute() {
        let (elapsed, error) = write_to(Duration::from_hours(1), 1).await;
        assert_eq!(error, Some(io::ErrorKind::TimedOut));
        assert!((30..32).contains(&elapsed.as_secs()), "{elapsed:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn who_reads_a_byte_now_and_then_is_let_go_soon_after() {
        for (pause, bytes) in [(1, 1), (10, 100), (29, 4096), (2, 1024)] {
            let (elapsed, error) = write_to(Duration::from_secs(pause), bytes).await;
            assert_eq!(error, Some(io::ErrorKind::TimedOut), "{bytes} bytes every {pause} s");
            assert!(elapsed < Duration::from_mins(2), "{elapsed:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_network_gets_its_whole_answer() {
        for (pause, bytes) in [(1, 2048), (3, 4096)] {
            let (elapsed, error) = write_to(Duration::from_secs(pause), bytes).await;
            assert_eq!(error, None, "{bytes} bytes every {pause} s");
            assert!(elapsed > Duration::from_mins(2), "{elapsed:?}");
        }
    }
}

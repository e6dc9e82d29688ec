//! Progress of a running task.

use tokio::sync::watch;
use tracing::Instrument;

use crate::telemetry;

/// Tracks the current step of a running task. The loop that renews the task's lease records it.
#[derive(Debug)]
pub struct StepTracker {
    current: watch::Sender<Option<&'static str>>,
}

impl StepTracker {
    /// Returns the tracker of a task that has not started, and a receiver of its current step.
    #[must_use]
    pub fn channel() -> (Self, watch::Receiver<Option<&'static str>>) {
        let (current, receiver) = watch::channel(None);
        (Self { current }, receiver)
    }

    /// Runs one step in a span of its own, and measures its duration.
    pub(in crate::app) fn run<T>(
        &self,
        step: &'static str,
        work: impl Future<Output = T>,
    ) -> impl Future<Output = T> {
        // Boxed because step futures are large, and the caller's future would hold all of them.
        let work = Box::pin(work);
        async move {
            self.current.send_replace(Some(step));
            let _timed = telemetry::StepTimer::start(step);
            let span = tracing::info_span!("step", step);
            telemetry::set_span_name(&span, step);
            let in_span = async {
                tracing::debug!("step started");
                work.await
            };
            in_span.instrument(span).await
        }
    }
}

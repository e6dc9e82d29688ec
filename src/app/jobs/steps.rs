//! Where a running task is.

use tokio::sync::watch;
use tracing::Instrument;

use crate::telemetry;

/// Says where a running task is, to whoever keeps its lease.
#[derive(Debug)]
pub struct StepTracker {
    current: watch::Sender<Option<&'static str>>,
}

impl StepTracker {
    /// Returns the steps of a task that has not begun, and a receiver that watches them.
    #[must_use]
    pub fn channel() -> (Self, watch::Receiver<Option<&'static str>>) {
        let (current, receiver) = watch::channel(None);
        (Self { current }, receiver)
    }

    /// Does one step, in a span of its own, and times it.
    pub(in crate::app) fn run<T>(
        &self,
        step: &'static str,
        work: impl Future<Output = T>,
    ) -> impl Future<Output = T> {
        // Steps are large, and a run would have to hold all of them.
        let work = Box::pin(work);
        async move {
            self.current.send_replace(Some(step));
            let _timed = telemetry::StepTimer::start(step);
            let span = tracing::info_span!("step", step);
            telemetry::set_span_name(&span, step);
            let in_span = async {
                tracing::debug!("the frame goes on");
                work.await
            };
            in_span.instrument(span).await
        }
    }
}

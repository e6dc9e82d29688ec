//! Counters and timers. Each is a guard that records when it is dropped, so that work that a deadline, a panic or a
//! disconnected client aborts is counted too.

use std::time::Instant;

use metrics::{counter, gauge, histogram};

use super::recorder::{
    CALL_SECONDS, CALLS, EVENT_SUBSCRIBERS, FRAMES, REQUEST_SECONDS, REQUESTS, STEP_SECONDS, TASKS,
};

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// The attempt succeeded.
    Done,
    /// The attempt failed.
    Failed,
    /// The provider is not configured or does not support the call, so nothing was attempted.
    Missing,
    /// The attempt did not finish: it took too long, or the process was stopped.
    Aborted,
}

impl AttemptOutcome {
    /// The value of the label `outcome`.
    const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Missing => "missing",
            Self::Aborted => "aborted",
        }
    }
}

/// Times an HTTP request.
#[derive(Debug)]
pub struct RequestTimer {
    method: &'static str,
    route: String,
    status: u16,
    started_at: Instant,
}

impl RequestTimer {
    /// Starts timing a request whose headers have arrived. `route` is the router's template, never the requested path.
    #[must_use]
    pub fn start(method: &'static str, route: String) -> Self {
        // 499 is the status that nginx logs if the client closed the connection before the response.
        Self { method, route, status: 499, started_at: Instant::now() }
    }

    /// Records the status of the response.
    pub fn finish(mut self, status: u16) {
        self.status = status;
    }
}

impl Drop for RequestTimer {
    fn drop(&mut self) {
        let (method, route) = (self.method, std::mem::take(&mut self.route));
        let elapsed = self.started_at.elapsed();
        histogram!(REQUEST_SECONDS, "method" => method, "route" => route.clone()).record(elapsed);
        let status = self.status.to_string();
        counter!(REQUESTS, "method" => method, "route" => route, "status" => status).increment(1);
    }
}

/// Counts the frames of one attempt to tell a story on.
#[derive(Debug)]
pub struct FrameAttempt {
    strategy: String,
    outcome: AttemptOutcome,
    frame_count: u64,
}

impl FrameAttempt {
    /// Starts an attempt with this strategy.
    #[must_use]
    pub fn start(strategy: &str) -> Self {
        Self { strategy: strategy.to_owned(), outcome: AttemptOutcome::Aborted, frame_count: 1 }
    }

    /// Ends the attempt with the number of frames told, or `None` if it failed.
    pub fn finish(mut self, frame_count: Option<usize>) {
        self.outcome =
            if frame_count.is_some() { AttemptOutcome::Done } else { AttemptOutcome::Failed };
        self.frame_count = frame_count.unwrap_or(1) as u64;
    }
}

impl Drop for FrameAttempt {
    fn drop(&mut self) {
        let strategy = std::mem::take(&mut self.strategy);
        let outcome = match self.outcome {
            AttemptOutcome::Done => "told",
            other => other.name(),
        };
        counter!(FRAMES, "strategy" => strategy, "outcome" => outcome).increment(self.frame_count);
    }
}

/// Times a step of making a frame.
#[derive(Debug)]
pub struct StepTimer {
    name: &'static str,
    started_at: Instant,
}

impl StepTimer {
    /// Starts timing the step of this name.
    #[must_use]
    pub fn start(name: &'static str) -> Self {
        Self { name, started_at: Instant::now() }
    }
}

impl Drop for StepTimer {
    fn drop(&mut self) {
        histogram!(STEP_SECONDS, "step" => self.name).record(self.started_at.elapsed());
    }
}

/// Times a call to a model provider.
#[derive(Debug)]
pub struct ProviderCallTimer {
    provider: String,
    capability: &'static str,
    outcome: AttemptOutcome,
    started_at: Instant,
}

impl ProviderCallTimer {
    /// Starts timing a call to this provider for this capability.
    #[must_use]
    pub fn start(provider: &str, capability: &'static str) -> Self {
        let (provider, outcome) = (provider.to_owned(), AttemptOutcome::Aborted);
        Self { provider, capability, outcome, started_at: Instant::now() }
    }

    /// Ends the call with its outcome.
    pub fn finish(mut self, outcome: AttemptOutcome) {
        self.outcome = outcome;
    }
}

impl Drop for ProviderCallTimer {
    fn drop(&mut self) {
        let (provider, capability) = (std::mem::take(&mut self.provider), self.capability);
        let elapsed = self.started_at.elapsed();
        histogram!(CALL_SECONDS, "provider" => provider.clone(), "capability" => capability)
            .record(elapsed);
        let outcome = self.outcome.name();
        counter!(CALLS, "provider" => provider, "capability" => capability, "outcome" => outcome)
            .increment(1);
    }
}

/// Counts a run of a task of this kind that ended with this outcome.
pub fn count_task(kind: &'static str, outcome: &'static str) {
    counter!(TASKS, "kind" => kind, "outcome" => outcome).increment(1);
}

/// Counts a subscriber to events until dropped. The stream that serves the subscriber owns the guard.
#[derive(Debug)]
pub struct SubscriberGuard(());

impl SubscriberGuard {
    /// Counts one more subscriber.
    #[must_use]
    pub fn start() -> Self {
        gauge!(EVENT_SUBSCRIBERS).increment(1.0);
        Self(())
    }
}

impl Drop for SubscriberGuard {
    fn drop(&mut self) {
        gauge!(EVENT_SUBSCRIBERS).decrement(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::super::MetricsRecorder;
    use super::*;

    #[test]
    fn what_ends_and_what_is_broken_off_are_told_apart() {
        let meters = MetricsRecorder::install().expect("the recorder installs");
        FrameAttempt::start("counts-test").finish(Some(3));
        FrameAttempt::start("counts-test").finish(None);
        drop(FrameAttempt::start("counts-test"));
        ProviderCallTimer::start("counts-test", "text").finish(AttemptOutcome::Missing);
        drop(ProviderCallTimer::start("counts-test", "text"));
        RequestTimer::start("GET", "/counts-test".to_owned()).finish(200);
        drop(RequestTimer::start("GET", "/counts-test".to_owned()));
        let text = meters.render();
        for line in [
            "calliope_frames_total{strategy=\"counts-test\",outcome=\"told\"} 3",
            "calliope_frames_total{strategy=\"counts-test\",outcome=\"failed\"} 1",
            "calliope_frames_total{strategy=\"counts-test\",outcome=\"aborted\"} 1",
            "calliope_provider_calls_total{provider=\"counts-test\",capability=\"text\",outcome=\"missing\"} 1",
            "calliope_provider_calls_total{provider=\"counts-test\",capability=\"text\",outcome=\"aborted\"} 1",
            "calliope_provider_call_duration_seconds_count{provider=\"counts-test\",capability=\"text\"} 2",
            "calliope_http_requests_total{method=\"GET\",route=\"/counts-test\",status=\"200\"} 1",
            "calliope_http_requests_total{method=\"GET\",route=\"/counts-test\",status=\"499\"} 1",
            "calliope_http_request_duration_seconds_bucket{method=\"GET\",route=\"/counts-test\",le=\"180\"} 2",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn a_listener_counts_as_long_as_it_listens() {
        let meters = MetricsRecorder::install().expect("the recorder installs");
        let has_one = || meters.render().contains("\ncalliope_event_subscribers 1\n");
        let guard = SubscriberGuard::start();
        assert!(has_one());
        drop(guard);
        assert!(!has_one());
    }
}

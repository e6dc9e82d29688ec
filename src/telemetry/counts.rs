//! Counting and timing. Each thing is begun, and counted when it goes out of scope: so one that is broken off, by a
//! deadline, a panic or a client that hangs up, is counted too.

use std::time::Instant;

use metrics::{counter, gauge, histogram};

use super::meters::{
    CALL_SECONDS, CALLS, FRAMES, LISTENERS, REQUEST_SECONDS, REQUESTS, STEP_SECONDS, TASKS,
};

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It did what it should.
    Done,
    /// It came to its end, and failed.
    Failed,
    /// It was not there to be tried.
    Missing,
    /// It came to no end: it took too long, or the process was stopped.
    BrokenOff,
}

impl Outcome {
    const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Missing => "missing",
            Self::BrokenOff => "broken_off",
        }
    }
}

/// A request under way.
#[derive(Debug)]
pub struct Request {
    method: &'static str,
    route: String,
    status: u16,
    begun: Instant,
}

impl Request {
    /// A request whose headers have come in: `route` is the router's, never the path that was asked for.
    #[must_use]
    pub fn begin(method: &'static str, route: String) -> Self {
        // What web servers log for a client that closed its connection.
        Self { method, route, status: 499, begun: Instant::now() }
    }

    /// It is answered.
    pub fn answered(mut self, status: u16) {
        self.status = status;
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        let (method, route) = (self.method, std::mem::take(&mut self.route));
        let took = self.begun.elapsed();
        histogram!(REQUEST_SECONDS, "method" => method, "route" => route.clone()).record(took);
        let status = self.status.to_string();
        counter!(REQUESTS, "method" => method, "route" => route, "status" => status).increment(1);
    }
}

/// One attempt at telling a story on.
#[derive(Debug)]
pub struct Frames {
    strategy: String,
    outcome: Outcome,
    told: u64,
}

impl Frames {
    /// An attempt with this strategy.
    #[must_use]
    pub fn begin(strategy: &str) -> Self {
        Self { strategy: strategy.to_owned(), outcome: Outcome::BrokenOff, told: 1 }
    }

    /// It came to its end: with so many frames, or failed.
    pub fn ended(mut self, told: Option<usize>) {
        self.outcome = if told.is_some() { Outcome::Done } else { Outcome::Failed };
        self.told = told.unwrap_or(1) as u64;
    }
}

impl Drop for Frames {
    fn drop(&mut self) {
        let strategy = std::mem::take(&mut self.strategy);
        let outcome = match self.outcome {
            Outcome::Done => "told",
            other => other.name(),
        };
        counter!(FRAMES, "strategy" => strategy, "outcome" => outcome).increment(self.told);
    }
}

/// A step of telling a frame under way.
#[derive(Debug)]
pub struct Step {
    name: &'static str,
    begun: Instant,
}

impl Step {
    /// The step of this name.
    #[must_use]
    pub fn begin(name: &'static str) -> Self {
        Self { name, begun: Instant::now() }
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        histogram!(STEP_SECONDS, "step" => self.name).record(self.begun.elapsed());
    }
}

/// A call of a model provider under way.
#[derive(Debug)]
pub struct Call {
    provider: String,
    capability: &'static str,
    outcome: Outcome,
    begun: Instant,
}

impl Call {
    /// A call of this provider, for this capability.
    #[must_use]
    pub fn begin(provider: &str, capability: &'static str) -> Self {
        let (provider, outcome) = (provider.to_owned(), Outcome::BrokenOff);
        Self { provider, capability, outcome, begun: Instant::now() }
    }

    /// It came to its end.
    pub fn ended(mut self, outcome: Outcome) {
        self.outcome = outcome;
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let (provider, capability) = (std::mem::take(&mut self.provider), self.capability);
        let took = self.begun.elapsed();
        histogram!(CALL_SECONDS, "provider" => provider.clone(), "capability" => capability)
            .record(took);
        let outcome = self.outcome.name();
        counter!(CALLS, "provider" => provider, "capability" => capability, "outcome" => outcome)
            .increment(1);
    }
}

/// Counts a run of a task that ended.
pub fn task_ended(kind: &'static str, outcome: &'static str) {
    counter!(TASKS, "kind" => kind, "outcome" => outcome).increment(1);
}

/// A client that listens for events, until dropped: it goes along in the stream that serves it.
#[derive(Debug)]
pub struct Listening(());

impl Listening {
    /// One more listens.
    #[must_use]
    pub fn begin() -> Self {
        gauge!(LISTENERS).increment(1.0);
        Self(())
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        gauge!(LISTENERS).decrement(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::super::Meters;
    use super::*;

    #[test]
    fn what_ends_and_what_is_broken_off_are_told_apart() {
        let meters = Meters::install().expect("kept");
        Frames::begin("counts-test").ended(Some(3));
        Frames::begin("counts-test").ended(None);
        drop(Frames::begin("counts-test"));
        Call::begin("counts-test", "text").ended(Outcome::Missing);
        drop(Call::begin("counts-test", "text"));
        Request::begin("GET", "/counts-test".to_owned()).answered(200);
        drop(Request::begin("GET", "/counts-test".to_owned()));
        let text = meters.render();
        for line in [
            "calliope_frames_total{strategy=\"counts-test\",outcome=\"told\"} 3",
            "calliope_frames_total{strategy=\"counts-test\",outcome=\"failed\"} 1",
            "calliope_frames_total{strategy=\"counts-test\",outcome=\"broken_off\"} 1",
            "calliope_provider_calls_total{provider=\"counts-test\",capability=\"text\",outcome=\"missing\"} 1",
            "calliope_provider_calls_total{provider=\"counts-test\",capability=\"text\",outcome=\"broken_off\"} 1",
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
        let meters = Meters::install().expect("kept");
        let count = || meters.render().contains("\ncalliope_event_listeners 1\n");
        let listening = Listening::begin();
        assert!(count());
        drop(listening);
        assert!(!count());
    }
}

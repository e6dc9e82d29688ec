//! Every number's name, meaning and buckets, and the place where they are kept for Prometheus to read.

use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

pub(super) const REQUESTS: &str = "calliope_http_requests_total";
pub(super) const REQUEST_SECONDS: &str = "calliope_http_request_duration_seconds";
pub(super) const FRAMES: &str = "calliope_frames_total";
pub(super) const STEP_SECONDS: &str = "calliope_step_duration_seconds";
pub(super) const TASKS: &str = "calliope_tasks_total";
pub(super) const CALLS: &str = "calliope_provider_calls_total";
pub(super) const CALL_SECONDS: &str = "calliope_provider_call_duration_seconds";
pub(super) const EVENT_SUBSCRIBERS: &str = "calliope_event_listeners";

/// Upper bounds in seconds: a read takes less than a millisecond, a frame from ten milliseconds to three minutes.
const BUCKETS: [f64; 17] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
    60.0, 180.0,
];

/// How often what was timed is added up: until then each time takes its own eight bytes.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// The numbers of this process, kept from its first [`MetricsRecorder::install`] on. Clones share them.
#[derive(Debug, Clone)]
pub struct MetricsRecorder(PrometheusHandle);

impl MetricsRecorder {
    /// Begins to keep numbers; a second call finds those of the first.
    ///
    /// # Errors
    ///
    /// [`BuildError`] when the process keeps its numbers elsewhere already.
    pub fn install() -> Result<Self, BuildError> {
        static INSTALLED: Mutex<Option<MetricsRecorder>> = Mutex::new(None);
        let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(meters) = &*installed {
            return Ok(meters.clone());
        }
        let durations = Matcher::Suffix("_duration_seconds".to_owned());
        let builder = PrometheusBuilder::new().set_buckets_for_metric(durations, &BUCKETS)?;
        let meters = Self(builder.install_recorder()?);
        describe();
        *installed = Some(meters.clone());
        Ok(meters)
    }

    /// All numbers, in Prometheus' text format.
    #[must_use]
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Adds up what was timed, until dropped. Without it, memory would grow where nobody asks for the numbers.
    pub async fn run_upkeep(&self) {
        let mut tick = tokio::time::interval(UPKEEP_INTERVAL);
        loop {
            tick.tick().await;
            self.0.run_upkeep();
        }
    }
}

fn describe() {
    metrics::describe_counter!(
        REQUESTS,
        "Requests answered; status 499 is a client that went away."
    );
    metrics::describe_histogram!(REQUEST_SECONDS, "Time from a request's headers to its answer's.");
    metrics::describe_counter!(
        FRAMES,
        "Frames told, and attempts at one that failed or were broken off."
    );
    metrics::describe_histogram!(STEP_SECONDS, "Time that a step of telling a frame took.");
    metrics::describe_counter!(TASKS, "Runs of tasks, by how they ended.");
    metrics::describe_counter!(CALLS, "Calls of model providers, by how they ended.");
    metrics::describe_histogram!(CALL_SECONDS, "Time that a call of a model provider took.");
    metrics::describe_gauge!(EVENT_SUBSCRIBERS, "Clients that listen for events.");
    metrics::gauge!(EVENT_SUBSCRIBERS).set(0.0);
}

/// Writes a gauge that is read when it is asked for: its samples are pairs of labels, such as `state="idle"`, and a
/// value. Labels must need no escapes.
pub fn write_gauge(
    text: &mut String,
    name: &str,
    meaning: &str,
    samples: &[(impl AsRef<str>, f64)],
) {
    // Writing to a string does not fail.
    let _ = writeln!(text, "# HELP {name} {meaning}\n# TYPE {name} gauge");
    for (labels, value) in samples {
        let _ = match labels.as_ref() {
            "" => writeln!(text, "{name} {value}"),
            labels => writeln!(text, "{name}{{{labels}}} {value}"),
        };
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gauge_is_written_as_prometheus_reads_it() {
        let mut text = String::new();
        write_gauge(&mut text, "n", "How many.", &[("", 2.0), ("state=\"idle\"", 0.5)]);
        assert_eq!(text, "# HELP n How many.\n# TYPE n gauge\nn 2\nn{state=\"idle\"} 0.5\n\n");
    }

    #[test]
    fn buckets_rise() {
        assert!(BUCKETS.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn a_process_has_one_set_of_numbers() {
        let (first, second) =
            (MetricsRecorder::install().expect("kept"), MetricsRecorder::install().expect("found"));
        metrics::counter!(TASKS, "kind" => "meters test", "outcome" => "done").increment(3);
        for meters in [first, second] {
            let text = meters.render();
            assert!(text.contains("calliope_tasks_total{kind=\"meters test\",outcome=\"done\"} 3"));
            assert!(text.contains("# TYPE calliope_event_listeners gauge"), "{text}");
        }
    }
}

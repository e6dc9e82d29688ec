//! Names, descriptions and buckets of the metrics, and the recorder from which Prometheus reads them.

use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

pub(super) const REQUESTS: &str = "calliope_http_requests_total";
pub(super) const REQUEST_SECONDS: &str = "calliope_http_request_duration_seconds";
pub(super) const FRAMES: &str = "calliope_frames_total";
pub(super) const STEP_SECONDS: &str = "calliope_frame_step_duration_seconds";
pub(super) const TASKS: &str = "calliope_tasks_total";
pub(super) const CALLS: &str = "calliope_provider_calls_total";
pub(super) const CALL_SECONDS: &str = "calliope_provider_call_duration_seconds";
pub(super) const EVENT_SUBSCRIBERS: &str = "calliope_event_subscribers";

/// Upper bounds of the histogram buckets, in seconds. A read takes less than a millisecond, a frame between ten
/// milliseconds and three minutes.
const BUCKETS: [f64; 17] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
    60.0, 180.0,
];

/// How often recorded durations are added to the buckets. Until then each takes eight bytes.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// The metrics of this process, recorded from the first [`MetricsRecorder::install`] on. Clones share them.
#[derive(Debug, Clone)]
pub struct MetricsRecorder(PrometheusHandle);

impl MetricsRecorder {
    /// Installs the recorder. Later calls return the recorder of the first.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the process has another recorder already.
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

    /// Returns all metrics in Prometheus's text format.
    #[must_use]
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Adds recorded durations to the buckets, until dropped. Without it, memory would grow as long as nothing reads
    /// the metrics.
    pub async fn run_maintenance(&self) {
        let mut tick = tokio::time::interval(UPKEEP_INTERVAL);
        loop {
            tick.tick().await;
            self.0.run_upkeep();
        }
    }
}

/// Registers the descriptions, which Prometheus shows as help texts.
fn describe() {
    metrics::describe_counter!(
        REQUESTS,
        "HTTP requests; status 499 means that the client disconnected."
    );
    metrics::describe_histogram!(
        REQUEST_SECONDS,
        "Seconds from the arrival of a request's headers to its response headers."
    );
    metrics::describe_counter!(
        FRAMES,
        "Frames told, and attempts to tell one that failed or were aborted."
    );
    metrics::describe_histogram!(STEP_SECONDS, "Seconds that a step of making a frame took.");
    metrics::describe_counter!(TASKS, "Runs of tasks, by outcome.");
    metrics::describe_counter!(CALLS, "Calls to model providers, by outcome.");
    metrics::describe_histogram!(CALL_SECONDS, "Seconds that a call to a model provider took.");
    metrics::describe_gauge!(EVENT_SUBSCRIBERS, "Clients that are subscribed to events.");
    metrics::gauge!(EVENT_SUBSCRIBERS).set(0.0);
}

/// Writes a gauge that is measured on request, in Prometheus's text format. `meaning` is its help text. Each sample is
/// a pair of labels, such as `state="idle"`, and a value. The labels must not need escaping.
pub fn write_gauge(
    text: &mut String,
    name: &str,
    meaning: &str,
    samples: &[(impl AsRef<str>, f64)],
) {
    write_measured(text, (name, "gauge"), meaning, samples);
}

/// Writes a counter that something else keeps, like [`write_gauge`].
pub fn write_counter(
    text: &mut String,
    name: &str,
    meaning: &str,
    samples: &[(impl AsRef<str>, f64)],
) {
    write_measured(text, (name, "counter"), meaning, samples);
}

fn write_measured(
    text: &mut String,
    (name, kind): (&str, &str),
    meaning: &str,
    samples: &[(impl AsRef<str>, f64)],
) {
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "# HELP {name} {meaning}\n# TYPE {name} {kind}");
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
        let (first, second) = (
            MetricsRecorder::install().expect("installed"),
            MetricsRecorder::install().expect("found"),
        );
        metrics::counter!(TASKS, "kind" => "meters test", "outcome" => "done").increment(3);
        for meters in [first, second] {
            let text = meters.render();
            assert!(text.contains("calliope_tasks_total{kind=\"meters test\",outcome=\"done\"} 3"));
            assert!(text.contains("# TYPE calliope_event_subscribers gauge"), "{text}");
        }
    }
}

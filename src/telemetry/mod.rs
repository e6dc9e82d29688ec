//! Telemetry: metrics for Prometheus and spans for traces.
//!
//! The layers above record what they do through these functions and do not know where the data goes. Labels are few and
//! bounded: route templates and the names of strategies and providers, never text that a client sent.

mod instruments;
mod recorder;
mod spans;

pub use instruments::{
    AttemptOutcome, FrameAttempt, ProviderCallTimer, RequestTimer, StepTimer, SubscriberGuard,
    count_task,
};
pub use recorder::{MetricsRecorder, write_counter, write_gauge};
pub use spans::{mark_failed, set_attribute, set_span_name, start_or_join_trace};

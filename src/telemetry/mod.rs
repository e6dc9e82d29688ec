//! What can be seen of the service from outside: numbers for Prometheus, and spans for traces.
//!
//! Every floor above counts and names what it does by the functions here, and knows nothing of where it goes. Labels
//! are few and bounded: routes as the router has them, names of strategies and providers, never what a client sent.

mod instruments;
mod recorder;
mod spans;

pub use instruments::{
    AttemptOutcome, FrameAttempt, ProviderCallTimer, RequestTimer, StepTimer, SubscriberGuard,
    count_task,
};
pub use recorder::{MetricsRecorder, write_gauge};
pub use spans::{mark_failed, set_attribute, set_span_name, start_or_join_trace};

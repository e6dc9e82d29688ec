//! What can be seen of the service from outside: numbers for Prometheus, and spans for traces.
//!
//! Every floor above counts and names what it does by the functions here, and knows nothing of where it goes. Labels
//! are few and bounded: routes as the router has them, names of strategies and providers, never what a client sent.

mod counts;
mod meters;
mod spans;

pub use counts::{Call, Frames, Listening, Outcome, Request, Step, task_ended};
pub use meters::{Meters, gauge};
pub use spans::{annotate, begin, fail, name};

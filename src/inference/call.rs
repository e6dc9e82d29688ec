//! What is seen of a call of a provider from outside: a span, its time, and how it ended. What was asked and answered
//! is not.

use tracing::Instrument;

use super::InferenceError;
use crate::telemetry::{self, Call, Outcome};

/// Calls a provider for one of its capabilities.
pub(super) async fn observed<T>(
    provider: &str,
    capability: &'static str,
    call: impl Future<Output = Result<T, InferenceError>>,
) -> Result<T, InferenceError> {
    let counted = Call::begin(provider, capability);
    let span = tracing::info_span!("call", provider, capability);
    telemetry::name(&span, format!("{capability} {provider}"));
    let answer = call.instrument(span.clone()).await;
    let outcome = match &answer {
        Ok(_) => Outcome::Done,
        Err(InferenceError::Failed { .. }) => Outcome::Failed,
        Err(InferenceError::NotConfigured { .. }) => Outcome::Missing,
    };
    if outcome != Outcome::Done {
        telemetry::fail(&span, "the provider gave no answer");
    }
    counted.ended(outcome);
    answer
}

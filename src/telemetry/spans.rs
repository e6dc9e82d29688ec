//! Spans: what a trace is made of. They are `tracing`'s own; where a collector is named, each of them goes there too.

use std::borrow::Cow;

use opentelemetry::trace::{SpanContext, Status, TraceContextExt, TraceFlags, TraceState};
use opentelemetry::{Context, Value};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use uuid::Uuid;

use crate::domain::TraceParent;

/// Makes a span part of the trace that `given` names, or else the first of a new one; its field `trace_id` shows
/// which. This comes before the span is entered. Returns the place for what follows to name as its parent.
pub fn start_or_join_trace(span: &Span, given: Option<TraceParent>) -> TraceParent {
    if let Some(given) = given {
        // Without a collector there is nobody to tell.
        let _ = span.set_parent(Context::new().with_remote_span_context(remote_context(given)));
    }
    let context = span.context();
    let own = context.span().span_context().clone();
    let here = if own.is_valid() {
        TraceParent {
            trace_id: u128::from_be_bytes(own.trace_id().to_bytes()),
            span_id: u64::from_be_bytes(own.span_id().to_bytes()),
            is_sampled: own.is_sampled(),
        }
    } else {
        given.unwrap_or_else(random_trace_parent)
    };
    span.record("trace_id", format_args!("{:032x}", here.trace_id));
    here
}

/// Names a span for its trace, where the name is known only when it runs.
pub fn set_span_name(span: &Span, name: impl Into<Cow<'static, str>>) {
    span.context().span().update_name(name);
}

/// Tells a trace, and not the log, something about a span.
pub fn set_attribute(span: &Span, key: &'static str, value: impl Into<Value>) {
    span.set_attribute(key, value);
}

/// Marks a span as failed.
pub fn mark_failed(span: &Span, why: impl Into<Cow<'static, str>>) {
    span.set_status(Status::error(why));
}

fn remote_context(given: TraceParent) -> SpanContext {
    let flags = if given.is_sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
    let (trace_id, span_id) = (given.trace_id.into(), given.span_id.into());
    SpanContext::new(trace_id, span_id, flags, true, TraceState::default())
}

/// A trace that nobody records, for the log's lines to share.
fn random_trace_parent() -> TraceParent {
    // Of a UUIDv7 only the last four bytes are chance; the start of the lower half is where samplers look for it.
    let (high, low) = Uuid::now_v7().as_u64_pair();
    let span_id = low.rotate_left(32);
    let trace_id = u128::from(high) << 64 | u128::from(span_id);
    TraceParent { trace_id, span_id, is_sampled: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_continued_or_made_up() {
        let given = TraceParent { trace_id: 5, span_id: 6, is_sampled: true };
        assert_eq!(start_or_join_trace(&Span::none(), Some(given)), given);
        let (first, second) =
            (start_or_join_trace(&Span::none(), None), start_or_join_trace(&Span::none(), None));
        assert_ne!(first.trace_id, second.trace_id);
        assert_eq!(TraceParent::parse(&first.to_string()), Some(first));
    }

    #[test]
    fn a_made_up_trace_leaves_chance_to_samplers() {
        let halves = (0..64).map(|_| random_trace_parent().trace_id as u64 >> 63).sum::<u64>();
        assert!((1..64).contains(&halves), "the highest bit is {halves} of 64 times set");
    }
}

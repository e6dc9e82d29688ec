//! Spans, of which traces consist. They are the spans of `tracing`; if a collector is configured, they are exported to
//! it.

use std::borrow::Cow;

use opentelemetry::trace::{SpanContext, Status, TraceContextExt, TraceFlags, TraceState};
use opentelemetry::{Context, Value};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use uuid::Uuid;

use crate::domain::TraceParent;

/// Makes a span part of the trace that `given` names, or else the first span of a new trace, and records the trace in
/// the span's field `trace_id`. Call it before the span is entered. Returns the span's position, which later work names
/// as its parent.
pub fn start_or_join_trace(span: &Span, given: Option<TraceParent>) -> TraceParent {
    if let Some(given) = given {
        // This fails without a collector, when no one needs the parent.
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

/// Sets a span's name in its trace, for names that are known only at run time.
pub fn set_span_name(span: &Span, name: impl Into<Cow<'static, str>>) {
    span.context().span().update_name(name);
}

/// Sets an attribute of a span in its trace. The log does not show it.
pub fn set_attribute(span: &Span, key: &'static str, value: impl Into<Value>) {
    span.set_attribute(key, value);
}

/// Marks a span as failed, for this reason.
pub fn mark_failed(span: &Span, reason: impl Into<Cow<'static, str>>) {
    span.set_status(Status::error(reason));
}

fn remote_context(given: TraceParent) -> SpanContext {
    let flags = if given.is_sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
    let (trace_id, span_id) = (given.trace_id.into(), given.span_id.into());
    SpanContext::new(trace_id, span_id, flags, true, TraceState::default())
}

/// Returns a new trace that is not exported, so that log lines of the same work share its id.
fn random_trace_parent() -> TraceParent {
    // Only the last four bytes of a new UUIDv7 are random, and samplers read the first four of the trace id's lower half,
    // so the two are swapped.
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

//! The trace that OpenTelemetry's current context tells.

use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt as _;

use crate::recorder::TraceContext;

/// The trace that runs on the calling thread, as OpenTelemetry's current context tells;
/// `None` without one, and of a trace that is not sampled, because nobody could look it up.
///
/// ```
/// // From here on, calls within a span are kept as exemplars.
/// perfkit::Monitor::global().collect_exemplars(perfkit::otlp::current_trace);
/// ```
///
/// Spans of `tracing` are there where `tracing-opentelemetry` makes them the current context
/// (`with_context_activation`).
#[must_use]
pub fn current_trace() -> Option<TraceContext> {
    Context::map_current(|context| {
        let span = context.span();
        let known = span.span_context();
        if !known.is_sampled() {
            return None;
        }
        let trace_id = u128::from_be_bytes(known.trace_id().to_bytes());
        let span_id = u64::from_be_bytes(known.span_id().to_bytes());
        TraceContext::new(trace_id, span_id)
    })
}

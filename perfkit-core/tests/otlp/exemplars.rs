//! Exemplars arrive with the numbers of the span that OpenTelemetry's context tells.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry::Context;
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState,
};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{Exemplar, exemplar::Value};
use perfkit::otlp::{self, HistogramForm, Temporality};
use perfkit::{MockClock, Monitor};

use crate::collector::{Arrived, Collector, PATIENCE};

const TRACE: [u8; 16] = *b"sixteen bytes of";

/// Runs something within a span of the trace.
fn within_span<T>(span: u8, flags: TraceFlags, work: impl FnOnce() -> T) -> T {
    let state = TraceState::default();
    let span = SpanId::from_bytes([0, 0, 0, 0, 0, 0, 7, span]);
    let span = SpanContext::new(TraceId::from_bytes(TRACE), span, flags, true, state);
    let _guard = Context::new().with_remote_span_context(span).attach();
    work()
}

fn exemplars(arrived: &Arrived, metric: &str) -> Vec<Exemplar> {
    match &arrived.metric(metric).data {
        Some(Data::ExponentialHistogram(histogram)) => histogram.data_points[0].exemplars.clone(),
        Some(Data::Histogram(histogram)) => histogram.data_points[0].exemplars.clone(),
        other => panic!("{metric} is no histogram: {other:?}"),
    }
}

#[test]
fn a_call_within_a_sampled_span_arrives_with_its_numbers() {
    for form in [HistogramForm::Exponential, HistogramForm::ExplicitBuckets] {
        let collector = Collector::start(vec![]);
        let clock = MockClock::new();
        let monitor = Monitor::with_clock(clock.clone());
        monitor.collect_exemplars(otlp::current_trace);
        let before = SystemTime::now();
        let call = |ns| monitor.measure("work", || clock.advance(Duration::from_nanos(ns)));
        call(1_000);
        within_span(1, TraceFlags::SAMPLED, || call(1_500_000));
        within_span(2, TraceFlags::default(), || call(5_000_000));
        let failed = within_span(3, TraceFlags::SAMPLED, || {
            monitor.try_measure("work", || Err::<(), _>("no"))
        });
        assert!(failed.is_err());
        let mut config = collector.config();
        config.histograms = form;
        config.temporality = Temporality::Delta;
        let otlp = otlp::start_with(&monitor, config).unwrap();
        assert!(otlp.flush(PATIENCE));
        let arrived = collector.next();
        let [of_success] = &exemplars(&arrived, "perfkit.operation.duration")[..] else {
            panic!("there is not one exemplar of successes");
        };
        assert_eq!(of_success.trace_id, TRACE);
        assert_eq!(of_success.span_id, [0, 0, 0, 0, 0, 0, 7, 1]);
        assert_eq!(of_success.value, Some(Value::AsDouble(0.0015)));
        let time = UNIX_EPOCH + Duration::from_nanos(of_success.time_unix_nano);
        assert!(time >= before && time <= SystemTime::now());
        let of_failure = exemplars(&arrived, "perfkit.operation.failure_duration");
        assert_eq!(of_failure[0].span_id, [0, 0, 0, 0, 0, 0, 7, 3]);

        // A delta has those of its own time.
        call(1_600_000);
        assert!(otlp.flush(PATIENCE));
        let arrived = collector.next();
        assert_eq!(exemplars(&arrived, "perfkit.operation.duration"), []);
    }
}

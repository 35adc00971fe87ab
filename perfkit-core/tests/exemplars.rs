//! Single calls with the trace that they were part of: what is kept, and what is told.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a failed test panics")]

use std::cell::Cell;
use std::time::Duration;

use perfkit::prometheus::TextFormat;
use perfkit::{Ending, MockClock, Monitor, TraceContext, measure};

thread_local! {
    static SPAN: Cell<u64> = const { Cell::new(0) };
}

/// The trace of this thread, if it has a span.
fn trace() -> Option<TraceContext> {
    TraceContext::new(0xfeed_0000_0000_0000_0000_0000_0000_beef, SPAN.get())
}

fn within_span<T>(span: u64, work: impl FnOnce() -> T) -> T {
    SPAN.set(span);
    let output = work();
    SPAN.set(0);
    output
}

#[test]
fn the_latest_call_of_each_length_is_kept_with_its_trace() {
    let clock = MockClock::new();
    let monitor = Monitor::with_clock(clock.clone());
    let call = |ns| monitor.measure("work", || clock.advance(Duration::from_nanos(ns)));
    within_span(1, || call(900));
    monitor.collect_exemplars(trace);
    call(1000);
    within_span(2, || call(1100));
    // Too soon after that one.
    within_span(3, || call(1200));
    within_span(4, || call(70_000));
    clock.advance(Duration::from_secs(1));
    within_span(5, || call(1300));
    let failed = within_span(6, || {
        monitor.try_measure("work", || {
            clock.advance(Duration::from_micros(70));
            Err::<(), _>("no")
        })
    });
    assert!(failed.is_err());
    let exemplars = || {
        let snapshot = monitor.snapshot();
        let mut kept: Vec<_> = snapshot.operation("work").unwrap().exemplars.clone();
        kept.sort_by_key(|one| one.trace.span_id());
        let kept = kept.into_iter();
        let told = |one: perfkit::Exemplar| (one.trace.span_id()[7], one.duration_ns, one.ending);
        kept.map(told).collect::<Vec<_>>()
    };
    let expected = [
        // The second one came at a time when one of its length was not asked for.
        (4, 70_000, Ending::Success),
        (5, 1300, Ending::Success),
        (6, 70_000, Ending::Failure),
    ];
    assert_eq!(exemplars(), expected);
    monitor.stop_exemplars();
    clock.advance(Duration::from_secs(1));
    within_span(7, || call(1300));
    assert_eq!(exemplars(), expected);
    monitor.reset();
    within_span(8, || call(1300));
    assert_eq!(exemplars(), []);
}

/// On the path that most calls take, with and without a collector.
#[test]
fn calls_of_every_kind_are_kept() {
    #[measure(monitor = monitor, name = "attribute")]
    fn attribute(monitor: &Monitor) {}

    for has_collector in [false, true] {
        let monitor = Monitor::new();
        if has_collector {
            monitor
                .set_collector(|_: &perfkit::Measurement| ())
                .unwrap();
        }
        monitor.collect_exemplars(trace);
        let panics = || monitor.measure("panics", || std::panic::resume_unwind(Box::new("")));
        within_span(9, || {
            attribute(&monitor);
            monitor.measure("closure", || ());
            monitor.operation("kept").measure(|| ());
            monitor.operation("timer").start().stop();
            let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(panics));
            assert!(caught.is_err());
        });
        let snapshot = monitor.snapshot();
        assert_eq!(snapshot.operations.len(), 5);
        for operation in &snapshot.operations {
            let name = &operation.name;
            let [exemplar] = operation.exemplars[..] else {
                panic!("{name}: {:?}", operation.exemplars);
            };
            assert_eq!(exemplar.trace.span_id()[7], 9, "{name}");
            assert_eq!(operation.lifetime.count(), 1, "{name}");
        }
        if has_collector {
            monitor.remove_collector();
            assert_eq!(monitor.dropped_deliveries(), 0);
        }
    }
}

#[test]
fn a_source_that_panics_or_measures_is_no_trace_and_no_end() {
    thread_local! {
        static OWN: Monitor = Monitor::new();
    }
    fn measures() -> Option<TraceContext> {
        OWN.with(|monitor| monitor.measure("source", || ()));
        trace()
    }
    fn panics() -> Option<TraceContext> {
        std::panic::resume_unwind(Box::new("expected"))
    }
    OWN.with(|monitor| {
        monitor.collect_exemplars(panics);
        monitor.measure("work", || ());
        monitor.collect_exemplars(measures);
        within_span(1, || monitor.measure("more work", || ()));
        let snapshot = monitor.snapshot();
        let exemplars = |name| snapshot.operation(name).unwrap().exemplars.len();
        assert_eq!(exemplars("work"), 0);
        assert_eq!(exemplars("more work"), 1);
        assert_eq!(exemplars("source"), 0);
    });
}

#[test]
fn openmetrics_has_them_behind_the_buckets_that_they_are_in() {
    let clock = MockClock::new();
    let monitor = Monitor::with_clock(clock.clone());
    monitor.collect_exemplars(trace);
    for (span, ns) in [(1, 250), (2, 1_600), (3, 200_000_000_000)] {
        clock.advance(Duration::from_secs(1));
        let call = || monitor.measure("work", || clock.advance(Duration::from_nanos(ns)));
        within_span(span, call);
    }
    let operations = monitor.snapshot().operations;
    let text = TextFormat::OpenMetrics.render(&operations);
    let with_exemplar: Vec<_> = text
        .lines()
        .filter_map(|line| line.split_once(" # "))
        .collect();
    let expected = [
        ("3e-07", 1, "2.5e-7"),
        ("2e-06", 2, "1.6e-6"),
        ("+Inf", 3, "200"),
    ];
    assert_eq!(with_exemplar.len(), expected.len(), "{text}");
    for ((line, exemplar), (le, span, value)) in with_exemplar.into_iter().zip(expected) {
        assert!(line.contains(&format!("le=\"{le}\"}}")), "{line}");
        let labels = format!(
            "{{trace_id=\"feed000000000000000000000000beef\",span_id=\"000000000000000{span}\"}} "
        );
        let rest = exemplar
            .strip_prefix(&labels)
            .unwrap_or_else(|| panic!("{exemplar}"));
        let (found, time) = rest.split_once(' ').unwrap();
        let [found, expected] = [found, value].map(|number| number.parse::<f64>().unwrap());
        assert!((found - expected).abs() < 1e-15, "{exemplar}");
        assert!(time.parse::<f64>().unwrap() > 1.7e9, "{exemplar}");
    }
    // Prometheus' own format has none.
    assert!(!TextFormat::Text.render(&operations).contains(" # "));
}

#[test]
fn a_trace_has_two_numbers() {
    assert_eq!(TraceContext::new(0, 1), None);
    assert_eq!(TraceContext::new(1, 0), None);
    let trace = TraceContext::new(0xab, 0xcd).unwrap();
    assert_eq!(trace.trace_id()[15], 0xab);
    assert_eq!(trace.trace_id_hex(), "000000000000000000000000000000ab");
    assert_eq!(trace.span_id_hex(), "00000000000000cd");
}

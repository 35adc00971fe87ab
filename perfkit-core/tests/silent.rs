//! Without the `record` feature nothing is recorded, and nothing else changes.
#![cfg(not(feature = "record"))]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed test panics"
)]

use perfkit::{Monitor, Timer, measure};

#[measure(throughput(items = count), cpu)]
fn sum(count: usize) -> Result<usize, String> {
    Ok((0..count).sum())
}

#[measure(
    labels(name = name, length = |result| result.as_ref().map_or(0, String::len)),
    ok = |result| if result.is_ok() { Ok(()) } else { Err("refused") },
    error_kind = |error| error.len(),
)]
fn labelled(name: String) -> Result<String, String> {
    Ok(name)
}

#[measure(labels(value = |value| *value))]
async fn later(value: u8) -> u8 {
    value
}

#[cfg(feature = "stream")]
#[test]
fn streams_work_and_leave_no_trace() {
    use futures_util::{FutureExt as _, Stream, StreamExt as _, stream};

    #[measure(stream, memory, labels(count = count))]
    fn numbers(count: u32) -> impl Stream<Item = u32> + Send {
        stream::iter(0..count)
    }

    let sum = numbers(3).fold(0, async |sum, number| sum + number);
    assert_eq!(sum.now_or_never(), Some(3));
    let counted = perfkit::measure_stream("m", stream::iter([1, 2])).count();
    assert_eq!(counted.now_or_never(), Some(2));
    let monitor = Monitor::new();
    let counted = monitor.measure_stream("m", stream::iter([1, 2])).count();
    assert_eq!(counted.now_or_never(), Some(2));
    assert!(monitor.snapshot().operations.is_empty());
    assert!(perfkit::snapshot().operations.is_empty());
}

#[test]
fn numbers_leave_no_trace() {
    let (hits, size) = (perfkit::counter("hits"), perfkit::gauge("size"));
    perfkit::ratio("rate", &hits, &[&hits]);
    hits.add(3);
    size.set(2.0);
    assert_eq!((hits.name(), size.name()), ("", ""));
    let monitor = Monitor::new();
    monitor.counter("hits").increment();
    monitor.gauge("size").subtract(1.0);
    for snapshot in [perfkit::snapshot(), monitor.snapshot()] {
        assert!(snapshot.counters.is_empty() && snapshot.gauges.is_empty());
        assert!(snapshot.ratios.is_empty());
    }
}

#[test]
fn calls_work_and_leave_no_trace() {
    assert_eq!(sum(4), Ok(6));
    assert_eq!(labelled("name".to_owned()), Ok("name".to_owned()));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    assert_eq!(runtime.block_on(later(3)), 3);
    assert_eq!(measure("m", || 1), 1);
    assert_eq!(perfkit::try_measure("m", || Ok::<_, String>(1)), Ok(1));
    assert_eq!(
        runtime.block_on(perfkit::measure_async("m", async { 1 })),
        1
    );
    drop(Timer::start("m"));
    let monitor = Monitor::new();
    assert_eq!(monitor.operation("m").items(3).measure(|| 1), 1);
    let operation = monitor.operation("m");
    let labelled = |value: &u8| perfkit::Outcome::Success.label("value", value);
    assert_eq!(operation.measure_labelled(|| 1, labelled), 1);
    assert_eq!(
        runtime.block_on(operation.measure_async_labelled(later(1), labelled)),
        1
    );
    assert!(!monitor.is_enabled());
    assert!(perfkit::snapshot().operations.is_empty());
    assert!(monitor.snapshot().operations.is_empty());
}

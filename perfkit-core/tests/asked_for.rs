//! What was asked for, call by call: each test is named after it.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed test panics"
)]

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use perfkit::{CountingAllocator, Measurement, Metric, MockClock, Monitor, Report};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

const MS: f64 = 1e6;

fn on_mock_clock() -> (Monitor, MockClock) {
    let clock = MockClock::new();
    (Monitor::with_clock(clock.clone()), clock)
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(future)
}

/// Is pending once.
async fn pause() {
    let mut is_first = true;
    std::future::poll_fn(|_| {
        if std::mem::take(&mut is_first) {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    })
    .await;
}

#[test]
fn measure_execution_time() {
    let (monitor, clock) = on_mock_clock();
    let answer = monitor.measure("answer", || {
        clock.advance(Duration::from_millis(5));
        42
    });
    assert_eq!(answer, 42);
    let snapshot = monitor.snapshot();
    assert_eq!(
        snapshot.operation("answer").unwrap().lifetime.average(),
        Some(5.0 * MS)
    );
}

#[test]
fn measure_execution_time_async() {
    let (monitor, clock) = on_mock_clock();
    let answer = block_on(monitor.measure_async("answer", async {
        clock.advance(Duration::from_millis(2));
        tokio::task::yield_now().await;
        clock.advance(Duration::from_millis(3));
        42
    }));
    assert_eq!(answer, 42);
    let snapshot = monitor.snapshot();
    assert_eq!(
        snapshot.operation("answer").unwrap().lifetime.average(),
        Some(5.0 * MS)
    );
}

#[test]
fn measure_memory_usage() {
    let monitor = Monitor::new();
    let kept = monitor.operation("fill").memory().measure(|| {
        drop(Vec::<u8>::with_capacity(70_000));
        Vec::<u8>::with_capacity(50_000)
    });
    let snapshot = monitor.snapshot();
    let fill = &snapshot.operation("fill").unwrap().lifetime;
    let max = |metric| fill.metric(metric).unwrap().max.unwrap();
    assert_eq!(max("allocated"), 120_000.0);
    assert_eq!(max("allocations"), 2.0);
    assert_eq!(max("net_growth"), 50_000.0);
    assert_eq!(max("peak_growth"), 70_000.0);
    drop(kept);
}

#[test]
fn measure_memory_usage_async() {
    let monitor = Monitor::new();
    let work = async {
        let first = vec![0_u8; 40_000];
        pause().await;
        let second = vec![0_u8; 20_000];
        pause().await;
        drop((first, second));
    };
    let mut call = std::pin::pin!(monitor.operation("fill").memory().measure_async(work));
    let mut context = Context::from_waker(Waker::noop());
    while call.as_mut().poll(&mut context).is_pending() {
        // What others allocate between the polls is not the call's.
        drop(vec![0_u8; 100_000]);
    }
    let snapshot = monitor.snapshot();
    let fill = &snapshot.operation("fill").unwrap().lifetime;
    assert_eq!(fill.peak_growth().unwrap().max, Some(60_000.0));
    assert_eq!(fill.net_growth().unwrap().max, Some(0.0));
}

/// The clock of the thread is read around that of the call, and takes longer than a short
/// call itself.
#[test]
fn a_call_has_no_more_cpu_time_than_time() {
    let monitor = Monitor::new();
    let timed = monitor.operation("short").cpu();
    timed.measure(|| ());
    // The rate of the cycle counter is known from here on.
    drop(monitor.snapshot());
    monitor.reset();
    for _ in 0..1000 {
        timed.measure(|| std::hint::black_box(2 + 2));
    }
    let short = monitor.snapshot().operation("short").unwrap().clone();
    for window in [&short.lifetime, &short.last_calls] {
        let (cpu, time) = (window.cpu_time().unwrap(), window.execution_time().unwrap());
        assert_eq!((cpu.count, time.count), (1000, 1000));
        // Both are rounded to nanoseconds.
        assert!(cpu.sum <= 1.01 * time.sum + 1000.0, "{cpu:?} {time:?}");
        assert!(
            cpu.max.unwrap() <= 1.01 * time.max.unwrap() + 1.0,
            "{cpu:?} {time:?}"
        );
    }
}

#[test]
fn measure_cpu_usage() {
    let (monitor, clock) = on_mock_clock();
    monitor.operation("half").cpu().measure(|| {
        clock.compute(Duration::from_millis(10));
        clock.advance(Duration::from_millis(10));
    });
    let snapshot = monitor.snapshot();
    let half = &snapshot.operation("half").unwrap().lifetime;
    assert_eq!(half.cpu_time().unwrap().max, Some(10.0 * MS));
    assert_eq!(half.max(), Some(20.0 * MS));
}

#[test]
fn measure_throughput() {
    let (monitor, clock) = on_mock_clock();
    for _ in 0..4 {
        let batch = monitor.operation("batch").items(250);
        batch.measure(|| clock.advance(Duration::from_millis(500)));
    }
    let snapshot = monitor.snapshot();
    let batch = snapshot.operation("batch").unwrap();
    for window in [&batch.lifetime, &batch.last_calls, &batch.last_period] {
        assert_eq!(window.items_per_second, Some(500.0));
        assert_eq!(window.calls_per_second, Some(2.0));
    }
}

#[test]
fn measure_throughput_async() {
    let (monitor, clock) = on_mock_clock();
    let work = async { clock.advance(Duration::from_secs(2)) };
    block_on(monitor.operation("copy").bytes(4096).measure_async(work));
    let snapshot = monitor.snapshot();
    assert_eq!(
        snapshot
            .operation("copy")
            .unwrap()
            .lifetime
            .bytes_per_second,
        Some(2048.0)
    );
}

#[test]
fn a_failure_is_counted_with_its_text_and_kept_out_of_the_successful_values() {
    let (monitor, clock) = on_mock_clock();
    let call = |ms, result: Result<(), &'static str>| {
        monitor.try_measure("save", || {
            clock.advance(Duration::from_millis(ms));
            result
        })
    };
    call(1, Ok(())).unwrap();
    call(900, Err("disk full")).unwrap_err();
    let snapshot = monitor.snapshot();
    let save = snapshot.operation("save").unwrap();
    assert_eq!(save.lifetime.success_rate(), Some(0.5));
    assert_eq!(save.lifetime.max(), Some(1.0 * MS));
    assert_eq!(save.lifetime.failure_time().unwrap().max, Some(900.0 * MS));
    assert_eq!(
        (save.errors[0].count, save.errors[0].last_text.as_str()),
        (1, "disk full")
    );
}

#[test]
fn keep_the_last_1000_measurements() {
    let (monitor, clock) = on_mock_clock();
    for ns in 1..=1500 {
        monitor.measure("step", || clock.advance(Duration::from_nanos(ns)));
    }
    let snapshot = monitor.snapshot();
    let last = &snapshot.operation("step").unwrap().last_calls;
    assert_eq!(last.count(), 1000);
    assert_eq!((last.min(), last.max()), (Some(501.0), Some(1500.0)));
    assert_eq!(last.median(), Some(1000.0));
    assert_eq!(last.percentile(0.999), Some(1499.0));
}

#[test]
fn send_each_metric_to_a_collector() {
    let (monitor, clock) = on_mock_clock();
    let seen: Arc<Mutex<Vec<Measurement>>> = Arc::default();
    let sink = Arc::clone(&seen);
    monitor
        .set_collector(move |measurement: &Measurement| {
            sink.lock().unwrap().push(measurement.clone());
        })
        .unwrap();
    monitor
        .operation("load")
        .items(3)
        .measure(|| clock.advance(Duration::from_millis(7)));
    monitor
        .try_measure("load", || Err::<(), _>("gone"))
        .unwrap_err();
    assert!(monitor.flush_collector(Duration::from_secs(60)));

    let seen = seen.lock().unwrap();
    let of = |metric: Metric| seen.iter().find(|m| m.metric == metric).unwrap();
    let time = of(Metric::EXECUTION_TIME);
    assert_eq!((time.operation.as_str(), time.value), ("load", 7.0 * MS));
    assert_eq!(time.unit.symbol(), "ns");
    assert!(time.is_success() && time.failure.is_none());
    assert!(time.timestamp.elapsed().unwrap() < Duration::from_secs(600));
    assert_eq!(of(Metric::ITEMS).value, 3.0);
    let failed = of(Metric::FAILURE_TIME);
    assert!(!failed.is_success());
    assert_eq!(failed.failure.as_ref().unwrap().text(), "gone");
}

#[test]
fn get_metrics_count_average_median_p95_min_max_success_rate() {
    let (monitor, clock) = on_mock_clock();
    for ms in 1..=20 {
        monitor.measure("step", || clock.advance(Duration::from_millis(ms)));
    }
    let snapshot = monitor.snapshot();
    let step = &snapshot.operation("step").unwrap().last_calls;
    assert_eq!(step.count(), 20);
    assert_eq!(step.average(), Some(10.5 * MS));
    assert_eq!(step.median(), Some(10.0 * MS));
    assert_eq!(step.p95(), Some(19.0 * MS));
    assert_eq!(step.min(), Some(1.0 * MS));
    assert_eq!(step.max(), Some(20.0 * MS));
    assert_eq!(step.success_rate(), Some(1.0));
}

#[test]
fn get_metrics_of_nothing_is_nothing() {
    assert!(Monitor::new().snapshot().operation("never").is_none());
    let empty = perfkit::WindowSnapshot::default();
    assert_eq!(empty.count(), 0);
    assert_eq!(
        (empty.average(), empty.p95(), empty.success_rate()),
        (None, None, None)
    );
}

#[test]
fn generate_report_total_average_success_rate_slowest_fastest() {
    let (monitor, clock) = on_mock_clock();
    for (name, ms) in [("quick", 1), ("slow", 30), ("medium", 5)] {
        monitor.measure(name, || clock.advance(Duration::from_millis(ms)));
    }
    monitor
        .try_measure("medium", || Err::<(), _>("no"))
        .unwrap_err();
    let summary = Report::from_snapshot(monitor.snapshot()).summary();
    assert_eq!((summary.operations, summary.ended.total()), (3, 4));
    assert_eq!(summary.average_ns, Some(12.0 * MS));
    assert_eq!(summary.ended.success_rate(), Some(0.75));
    let slowest = summary.slowest.unwrap();
    assert_eq!(
        (slowest.name.as_str(), slowest.average_ns),
        ("slow", 30.0 * MS)
    );
    assert_eq!(summary.fastest.unwrap().name, "quick");
}

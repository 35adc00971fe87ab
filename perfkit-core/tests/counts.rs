//! Counters, gauges and ratios, from outside.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed test panics"
)]

use std::time::Duration;

use perfkit::unit::Unit;
use perfkit::{Counter, Gauge, MockClock, Monitor, Report, Window};

fn is_shared<T: Clone + Send + Sync>(_: &T) {}

#[test]
fn all_handles_of_a_name_count_together() {
    let monitor = Monitor::new();
    let (one, other) = (monitor.counter("hits"), monitor.counter("hits"));
    is_shared::<Counter>(&one);
    is_shared::<Gauge>(&monitor.gauge("size"));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..10_000).for_each(|_| one.increment()));
            scope.spawn(|| (0..10_000).for_each(|_| other.add(2)));
        }
    });
    let snapshot = monitor.snapshot();
    let hits = snapshot.counter("hits").unwrap();
    assert_eq!(hits.lifetime.total, 120_000);
    assert!(hits.lifetime.per_second.unwrap() > 0.0);
    assert_eq!(snapshot.counters.len(), 1);
    assert!(snapshot.gauge("size").is_none() && snapshot.operations.is_empty());
}

#[test]
fn counters_gauges_and_operations_of_one_name_stay_apart() {
    let monitor = Monitor::new();
    monitor.measure("load", || ());
    monitor.counter("load").add(2);
    monitor.gauge("load").set(0.5);
    let snapshot = monitor.snapshot();
    assert_eq!(snapshot.operation("load").unwrap().lifetime.count(), 1);
    assert_eq!(snapshot.counter("load").unwrap().lifetime.total, 2);
    assert_eq!(snapshot.gauge("load").unwrap().value, Some(0.5));
}

#[test]
fn the_last_period_is_the_monitors() {
    let clock = MockClock::new();
    let period = Duration::from_secs(10);
    let builder = Monitor::builder().clock(clock.clone()).last_period(period);
    let monitor = builder.build();
    let (hits, misses) = (monitor.counter("hits"), monitor.counter("misses"));
    let size = monitor.gauge("size");
    monitor.ratio("hit_rate", &hits, &[&hits, &misses]);
    hits.add(90);
    misses.add(10);
    size.set(100.0);
    clock.advance(Duration::from_secs(20));
    hits.add(1);
    misses.add(3);
    size.subtract(60.0);
    clock.advance(Duration::from_secs(5));
    let snapshot = monitor.snapshot();
    let hits = snapshot.counter("hits").unwrap();
    let window = Window::LastPeriod(10_000_000_000);
    assert_eq!(
        (hits.last_period.window, hits.last_period.total),
        (window, 1)
    );
    assert_eq!(
        (hits.lifetime.window, hits.lifetime.total),
        (Window::Lifetime, 91)
    );
    assert_eq!(hits.lifetime.per_second, Some(91.0 / 25.0));
    let rate = snapshot.ratio("hit_rate").unwrap();
    assert_eq!((rate.lifetime.counted, rate.lifetime.of), (91, 104));
    assert_eq!(rate.last_period.value, Some(0.25));
    let size = snapshot.gauge("size").unwrap();
    assert_eq!(size.lifetime.mean, Some((20.0 * 100.0 + 5.0 * 40.0) / 25.0));
    assert_eq!(size.last_period.max, Some(100.0));
    clock.advance(Duration::from_secs(20));
    let snapshot = monitor.snapshot();
    assert_eq!(snapshot.counter("hits").unwrap().last_period.total, 0);
    assert_eq!(snapshot.ratio("hit_rate").unwrap().last_period.value, None);
    let size = &snapshot.gauge("size").unwrap().last_period;
    assert_eq!(
        (size.min, size.mean, size.max),
        (Some(40.0), Some(40.0), Some(40.0))
    );
}

#[test]
fn what_is_switched_off_or_reset_is_not_counted() {
    let monitor = Monitor::new();
    let (hits, size) = (monitor.counter("hits"), monitor.gauge("size"));
    hits.add(1);
    size.set(3.0);
    monitor.set_enabled(false);
    hits.add(10);
    size.set(10.0);
    monitor.set_enabled(true);
    let read = || {
        let snapshot = monitor.snapshot();
        let size = snapshot.gauge("size").unwrap();
        (
            snapshot.counter("hits").unwrap().lifetime.total,
            size.value,
            size.updates,
        )
    };
    assert_eq!(read(), (1, Some(3.0), 1));
    monitor.reset();
    assert_eq!(read(), (0, Some(3.0), 0));
    hits.add(5);
    assert_eq!(read(), (5, Some(3.0), 0));
}

#[test]
fn the_first_unit_of_a_name_counts() {
    let monitor = Monitor::new();
    let sent = monitor.counter("sent").unit(Unit::Bytes);
    let again = monitor.counter("sent").unit(Unit::Nanoseconds);
    assert_eq!((sent.name(), again.name()), ("sent", "sent"));
    assert_eq!(
        monitor.snapshot().counter("sent").unwrap().unit,
        Unit::Bytes
    );
}

#[test]
fn ratios_are_of_counters_that_are_kept_apart() {
    let monitor = Monitor::builder().max_operations(2).build();
    let (hits, misses) = (monitor.counter("hits"), monitor.counter("misses"));
    let further = monitor.counter("further");
    let strange = Monitor::new().counter("strange");
    monitor.ratio("none", &hits, &[]);
    monitor.ratio("lost", &hits, &[&hits, &further]);
    monitor.ratio("strange", &strange, &[&hits]);
    monitor.ratio("rate", &hits, &[&hits, &misses]);
    monitor.ratio("rate", &misses, &[&hits, &misses]);
    monitor.ratio("one too many", &hits, &[&misses]);
    hits.add(4);
    let snapshot = monitor.snapshot();
    let ratios = snapshot.ratios.iter();
    let ratios: Vec<_> = ratios
        .map(|r| (r.name.as_str(), r.lifetime.value))
        .collect();
    assert_eq!(ratios, [("rate", Some(1.0))]);
}

#[test]
fn a_report_of_a_gauge_out_of_order_is_refused() {
    let monitor = Monitor::new();
    monitor.gauge("size").set(2.0);
    let json = Report::from_snapshot(monitor.snapshot()).to_json().unwrap();
    assert!(Report::from_json(json.as_bytes()).is_ok());
    let damaged = json.replacen("\"max\": 2", "\"max\": 1", 1);
    let error = Report::from_json(damaged.as_bytes())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("smallest value of the gauge size"),
        "{error}"
    );
}

#[test]
fn a_report_before_there_were_counters_is_read() {
    let json = Report::from_snapshot(Monitor::new().snapshot())
        .to_json()
        .unwrap();
    assert!(
        !json.contains("counters") && !json.contains("gauges"),
        "{json}"
    );
    assert!(
        Report::from_json(json.as_bytes())
            .unwrap()
            .counters
            .is_empty()
    );
}

#[test]
fn a_report_whose_numbers_do_not_follow_from_what_was_counted_is_damaged() {
    let clock = MockClock::new();
    let monitor = Monitor::with_clock(clock.clone());
    let (hits, misses) = (monitor.counter("hits"), monitor.counter("misses"));
    monitor.ratio("hit_rate", &hits, &[&hits, &misses]);
    hits.add(3);
    misses.add(1);
    clock.advance(Duration::from_secs(8));
    let json = Report::from_snapshot(monitor.snapshot()).to_json().unwrap();
    assert!(Report::from_json(json.as_bytes()).is_ok());
    for (whole, damaged, told) in [
        (
            "\"total\": 3",
            "\"total\": 4",
            "the number in a second of hits",
        ),
        (
            "\"per_second\": 0.375",
            "\"per_second\": -1",
            "the number in a second of hits",
        ),
        ("\"counted\": 3", "\"counted\": 2", "the ratio of hit_rate"),
        ("\"value\": 0.75", "\"value\": 5", "the ratio of hit_rate"),
        ("\"of\": 4", "\"of\": 0", "the ratio of hit_rate"),
    ] {
        let damaged = json.replacen(whole, damaged, 1);
        let error = Report::from_json(damaged.as_bytes()).expect_err(whole);
        let error = error.to_string();
        assert!(error.contains(told) && error.contains("damaged"), "{error}");
    }
}

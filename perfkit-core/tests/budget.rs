//! Budgets in a test: the same decisions as those of the gate.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

use std::future::Future as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use perfkit::budget::{BrokenBudget, Budget};
use perfkit::report::GateOutcome;
use perfkit::{Metric, MockClock, Monitor, assert_budget};

const MS: Duration = Duration::from_millis(1);

/// Calls of `parse` that take 1 ms, 2 ms and so on, by a clock that stands still.
fn monitor(calls: u32) -> Monitor {
    let clock = MockClock::new();
    let monitor = Monitor::with_clock(clock.clone());
    for ms in 1..=calls {
        monitor.measure("parse", || clock.advance(MS * ms));
    }
    monitor
}

fn outcomes(budget: &Budget, monitor: &Monitor) -> Vec<GateOutcome> {
    let broken = budget.check(&monitor.snapshot()).err();
    let findings = broken.iter().flat_map(BrokenBudget::findings);
    findings.map(|finding| finding.outcome).collect()
}

#[test]
fn bounds_hold_break_or_stay_open() {
    let monitor = monitor(1000);
    let of = |limit: u32| Budget::of("parse").median(MS * limit);
    assert_eq!(outcomes(&of(600), &monitor), []);
    assert_eq!(outcomes(&of(400), &monitor), [GateOutcome::Fail]);
    assert_eq!(outcomes(&of(500), &monitor), [GateOutcome::Inconclusive]);
    assert_eq!(outcomes(&of(500).allow_undecided(), &monitor), []);
    assert_eq!(
        outcomes(&of(400).allow_undecided(), &monitor),
        [GateOutcome::Fail]
    );
}

/// The limit itself is allowed.
#[test]
fn bounds_include_their_limit() {
    let monitor = monitor(10);
    let of = |limit: Duration| Budget::of("parse").max(limit);
    let slack = Duration::from_nanos(1);
    assert_eq!(outcomes(&of(MS * 10), &monitor), []);
    assert_eq!(
        outcomes(&of(MS * 10 - slack), &monitor),
        [GateOutcome::Fail]
    );
}

/// A limit is the number of nanoseconds that was given.
#[test]
fn limits_are_exact() {
    for ns in (1..1_000).map(|n: u64| n * 1_234_577) {
        let clock = MockClock::new();
        let monitor = Monitor::with_clock(clock.clone());
        let time = Duration::from_nanos(ns);
        monitor.measure("parse", || clock.advance(time));
        assert_eq!(
            outcomes(&Budget::of("parse").max(time), &monitor),
            [],
            "{ns}"
        );
    }
}

#[test]
fn a_percentile_needs_calls_enough() {
    let budget = Budget::of("parse").p95(Duration::from_secs(1));
    let told = budget
        .check(&monitor(50).snapshot())
        .unwrap_err()
        .to_string();
    assert!(told.contains("parse: p95 <= 1.000 s: undecided"), "{told}");
    assert!(
        told.contains("about 40 more calls would decide it"),
        "{told}"
    );
    assert_eq!(outcomes(&budget, &monitor(90)), []);
    let unsure = budget.confidence(0.5);
    assert_eq!(outcomes(&unsure, &monitor(50)), []);
}

#[test]
fn every_statistic_has_a_bound() {
    let monitor = monitor(2000);
    let call = monitor.measure_async("parse", std::future::pending::<()>());
    let mut call = Box::pin(call);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(call.as_mut().poll(&mut context).is_pending());
    drop(call);
    let boom = || monitor.measure("parse", || panic!("boom"));
    assert!(catch_unwind(AssertUnwindSafe(boom)).is_err());
    let loose = Budget::of("pars?")
        .mean(MS * 1100)
        .median(MS * 1100)
        .p95(MS * 1950)
        .p99(MS * 1999)
        .max(MS * 2000)
        .success_rate(0.99)
        .error_rate(0.01)
        .panics(1)
        .cancellations(1)
        .throughput(0.9);
    assert_eq!(loose.check(&monitor.snapshot()), Ok(()));
    let tight = Budget::of("parse")
        .mean(MS * 900)
        .median(MS * 900)
        .p95(MS * 1800)
        .p99(MS * 1950)
        .max(MS * 1999)
        .success_rate(0.999_99)
        .error_rate(0.000_01)
        .panics(0)
        .cancellations(0)
        .throughput(2.0)
        .peak_memory(1);
    let outcomes = outcomes(&tight, &monitor);
    let broken = outcomes.iter().filter(|o| **o == GateOutcome::Fail);
    assert_eq!(broken.count(), 10, "{outcomes:?}");
    // Memory was not measured.
    assert_eq!(outcomes[10..], [GateOutcome::RuleAtFault]);
}

#[test]
fn cancelled_calls_count_unless_they_are_left_out() {
    let monitor = monitor(1000);
    for _ in 0..100 {
        let mut call = Box::pin(monitor.measure_async("parse", std::future::pending::<()>()));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(call.as_mut().poll(&mut context).is_pending());
    }
    let budget = Budget::of("parse").success_rate(0.99);
    assert_eq!(outcomes(&budget, &monitor), [GateOutcome::Fail]);
    assert_eq!(outcomes(&budget.without_cancelled(), &monitor), []);
}

/// A check that cannot be made is no pass.
#[test]
fn what_checks_nothing_is_broken() {
    let told = |budget: Budget, monitor: &Monitor| {
        budget.check(&monitor.snapshot()).unwrap_err().to_string()
    };
    let some = monitor(3);
    let of_other = told(Budget::of("prase").panics(0), &some);
    assert!(
        of_other.ends_with("matches; there are `parse`"),
        "{of_other}"
    );
    let nothing = told(Budget::of("*").panics(0), &Monitor::new());
    assert!(nothing.contains("no operation was called"), "{nothing}");
    assert!(told(Budget::of("*"), &some).contains("the budget has none"));
}

/// Undecided is not the same as never measured, as in the gate.
#[test]
fn what_was_never_measured_is_not_allowed_either() {
    let some = monitor(1000);
    let budget = Budget::of("parse").peak_memory(1).allow_undecided();
    assert_eq!(outcomes(&budget, &some), [GateOutcome::RuleAtFault]);
    let told = budget.check(&some.snapshot()).unwrap_err().to_string();
    assert!(
        told.contains("not checked: there is no peak_memory of it"),
        "{told}"
    );
    // What some operations lack is undecided, such as the time of one that never succeeded.
    let _ = some.try_measure("fails", || Err::<(), _>("no"));
    let budget = Budget::of("*").max(MS * 1000);
    let lacks = budget.check(&some.snapshot()).unwrap_err();
    assert_eq!(lacks.findings().len(), 1);
    assert_eq!(lacks.findings()[0].subject, "fails");
    assert_eq!(lacks.findings()[0].outcome, GateOutcome::Inconclusive);
    assert_eq!(outcomes(&budget.allow_undecided(), &some), []);
}

#[test]
fn a_share_is_from_0_to_1() {
    let monitor = monitor(1000);
    for budget in [
        Budget::of("parse").error_rate(5.0),
        Budget::of("parse").success_rate(-1.0),
        Budget::of("parse").success_rate(f64::NAN),
    ] {
        assert_eq!(outcomes(&budget, &monitor), [GateOutcome::RuleAtFault]);
    }
    let told = Budget::of("parse")
        .success_rate(1.0)
        .check(&monitor.snapshot());
    let told = told.unwrap_err().to_string();
    assert!(told.contains("no number of calls shows"), "{told}");
}

/// A pattern for all calls is not one for values that were handed over.
#[test]
fn values_have_no_bound_of_time() {
    let mut snapshot = Monitor::new().snapshot();
    let calls = Monitor::new();
    calls.measure("load", || ());
    snapshot.operations = calls.snapshot().operations;
    let mut values = snapshot.operations[0].clone();
    values.name = "batch size".to_owned();
    let metrics = &mut values.lifetime.metrics;
    let time = metrics.remove(&Metric::EXECUTION_TIME).unwrap();
    metrics.clear();
    metrics.insert(Metric::VALUE, time);
    values.is_of_values = true;
    snapshot.operations.push(values);
    let all = Budget::of("*").max(Duration::from_secs(1)).panics(0);
    assert_eq!(all.check(&snapshot), Ok(()));
    let told = Budget::of("batch*").max(Duration::from_secs(1));
    let told = told.check(&snapshot).unwrap_err().to_string();
    assert!(told.contains("there is no max of it"), "{told}");
}

/// What a pattern matches is not all where names were lost.
#[test]
fn calls_that_lost_their_names_are_not_passed_over() {
    let monitor = Monitor::builder().max_operations(2).build();
    for name in ["route/a", "route/b", "route/c"] {
        monitor.measure(name, || ());
    }
    let of = |pattern: &str| Budget::of(pattern).panics(0);
    let told = of("route/*")
        .check(&monitor.snapshot())
        .unwrap_err()
        .to_string();
    assert!(told.contains("has lost its name"), "{told}");
    assert_eq!(outcomes(&of("route/a"), &monitor), []);
    assert_eq!(outcomes(&of("*"), &monitor), []);
    assert_eq!(outcomes(&of("route/*").allow_undecided(), &monitor), []);
    // It is why nothing may match.
    let of_lost = of("route/c").check(&monitor.snapshot()).unwrap_err();
    let told = of_lost.to_string();
    assert!(
        told.contains("no operation that was called matches"),
        "{told}"
    );
    assert!(told.contains("1 call has lost its name"), "{told}");
    assert!(told.contains("max_operations"), "{told}");
}

/// Labels that were lost leave open what is said of labels of that name, and of no other.
#[test]
fn calls_that_lost_their_labels_are_not_passed_over() {
    let monitor = Monitor::builder().max_label_sets(1).build();
    monitor.measure("route/a", || ());
    for status in [200, 500, 501] {
        let label = |(): &()| perfkit::Outcome::Success.label("status", status);
        monitor.operation("get").measure_labelled(|| (), label);
    }
    let of = |pattern: &str| Budget::of(pattern).panics(0);
    let told = of("get{status=\"2*")
        .check(&monitor.snapshot())
        .unwrap_err();
    let told = told.to_string();
    assert!(
        told.contains("2 calls of get have lost their labels, and may be meant too"),
        "{told}"
    );
    for pattern in ["get*", "get{*", "route/*", "*"] {
        assert_eq!(outcomes(&of(pattern), &monitor), [], "{pattern}");
    }
}

#[test]
fn the_assertion_names_every_bound_that_does_not_hold() {
    let monitor = monitor(1000);
    assert_budget!(monitor.snapshot(), "parse", median: MS * 600, panics: 0);
    let broken = || {
        assert_budget!(
            monitor.snapshot(),
            "parse",
            median: MS * 400,
            max: MS * 10,
            panics: 0,
        );
    };
    let payload = catch_unwind(broken).unwrap_err();
    let told = payload.downcast::<String>().unwrap();
    assert!(
        told.starts_with("a performance budget does not hold:\n"),
        "{told}"
    );
    assert!(
        told.contains("parse: median <= 400.0 ms: broken: 500"),
        "{told}"
    );
    assert!(
        told.contains("parse: max <= 10.00 ms: broken: 1.000 s"),
        "{told}"
    );
    assert!(!told.contains("panics"), "{told}");
}

#[test]
fn what_exceeds_its_bound_most_comes_first() {
    let clock = MockClock::new();
    let monitor = Monitor::with_clock(clock.clone());
    for (name, ms) in [("a", 3), ("b", 9), ("c", 6)] {
        monitor.measure(name, || clock.advance(MS * ms));
    }
    let broken = Budget::of("*").success_rate(0.5).max(MS);
    let broken = broken.check(&monitor.snapshot()).unwrap_err();
    let found = broken.findings().iter();
    let found: Vec<(GateOutcome, &str)> = found
        .map(|finding| (finding.outcome, finding.subject.as_str()))
        .collect();
    let (fail, open) = (GateOutcome::Fail, GateOutcome::Inconclusive);
    assert_eq!(
        found,
        [
            (fail, "b"),
            (fail, "c"),
            (fail, "a"),
            (open, "a"),
            (open, "b"),
            (open, "c")
        ]
    );
}

/// A name from outside does not reach a terminal as it is.
#[test]
fn names_are_printed_safely() {
    let monitor = Monitor::new();
    monitor.measure("\u{1b}[31mred", || ());
    let told = Budget::of("*").success_rate(1.0).check(&monitor.snapshot());
    assert!(!told.unwrap_err().to_string().contains('\u{1b}'));
}

/// Whoever saves a report while calls run has operations of which none has ended.
#[test]
fn calls_that_have_not_ended_are_not_judged_yet() {
    let monitor = Monitor::new();
    monitor.measure("work", || ());
    let running = monitor.operation("first").start();
    let snapshot = monitor.snapshot();
    assert!(snapshot.operation("first").is_some());
    let bounds = |pattern| Budget::of(pattern).max(Duration::from_secs(60)).panics(0);
    assert_eq!(bounds("*").check(&snapshot), Ok(()));
    // That is no pass either.
    assert!(bounds("first").check(&snapshot).is_err());
    running.stop();
    assert_eq!(bounds("first").check(&monitor.snapshot()), Ok(()));
}

//! Spans of tracing's, as operations.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed test panics"
)]

use std::fmt;
use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use perfkit::tracing::Layer;
use perfkit::{MockClock, Monitor, OperationSnapshot};
use tracing::{Instrument as _, error, info_span, instrument};
use tracing_subscriber::Registry;
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::prelude::*;

struct Traced {
    monitor: Monitor,
    clock: MockClock,
}

impl Traced {
    fn new() -> Self {
        let clock = MockClock::new();
        let monitor = Monitor::with_clock(clock.clone());
        Self { monitor, clock }
    }

    fn layer(&self) -> Layer {
        Layer::new().monitor(&self.monitor).with_target(false)
    }

    /// Runs something with a subscriber that has only this layer.
    fn run(&self, layer: Layer, work: impl FnOnce()) {
        tracing::subscriber::with_default(Registry::default().with(layer), work);
    }

    fn advance(&self, ms: u64) {
        self.clock.advance(Duration::from_millis(ms));
    }

    fn operation(&self, name: &str) -> OperationSnapshot {
        let found = self.monitor.snapshot().operation(name).cloned();
        found.unwrap_or_else(|| panic!("no {name} among {:?}", self.names()))
    }

    fn names(&self) -> Vec<String> {
        let operations = self.monitor.snapshot().operations;
        operations.into_iter().map(|found| found.name).collect()
    }
}

/// Sum of the execution, self and busy time of an operation, in milliseconds.
fn times(operation: &OperationSnapshot) -> [f64; 3] {
    let lifetime = &operation.lifetime;
    ["execution_time", "self_time", "busy_time"]
        .map(|metric| lifetime.metric(metric).map_or(0.0, |found| found.sum / 1e6))
}

#[test]
fn a_span_is_a_call_from_where_it_is_entered_to_its_end() {
    let traced = Traced::new();
    traced.run(traced.layer(), || {
        let span = info_span!("load");
        traced.advance(100);
        span.in_scope(|| traced.advance(2));
        traced.advance(5);
        span.in_scope(|| traced.advance(1));
        traced.advance(4);
        let clone = span.clone();
        drop(span);
        drop(clone);
        // Made and never entered.
        drop(info_span!("load"));
    });
    let load = traced.operation("load");
    assert_eq!((load.lifetime.calls.success, load.lifetime.count()), (1, 1));
    assert_eq!(times(&load), [12.0, 12.0, 3.0]);
}

#[test]
fn an_operation_is_named_after_target_and_span() {
    let traced = Traced::new();
    traced.run(Layer::new().monitor(&traced.monitor), || {
        info_span!("own").in_scope(|| ());
        info_span!(target: "shop::cart", "total").in_scope(|| ());
    });
    assert_eq!(traced.names(), ["shop::cart::total", "tracing::own"]);
}

#[test]
fn child_spans_are_callees_and_those_side_by_side_count_once() {
    let traced = Traced::new();
    traced.run(traced.layer(), || {
        info_span!("request").in_scope(|| {
            traced.advance(1);
            let first = info_span!("query").entered();
            traced.advance(3);
            first.exit();
            let [a, b] = [(); 2].map(|()| info_span!("fetch"));
            a.in_scope(|| traced.advance(1));
            b.in_scope(|| traced.advance(4));
            drop((a, b));
            traced.advance(2);
        });
    });
    // The first fetch waited until both were dropped.
    assert_eq!(times(&traced.operation("fetch")), [9.0, 9.0, 5.0]);
    assert_eq!(times(&traced.operation("query")), [3.0, 3.0, 3.0]);
    assert_eq!(times(&traced.operation("request")), [11.0, 3.0, 11.0]);
}

#[test]
fn what_a_child_did_before_its_parent_began_is_no_part_of_it() {
    let traced = Traced::new();
    traced.run(traced.layer(), || {
        let request = info_span!("request");
        let [early, over] = [(); 2].map(|()| info_span!(parent: &request, "read"));
        early.in_scope(|| traced.advance(7));
        drop(early);
        let over = over.entered();
        traced.advance(2);
        request.in_scope(|| {
            traced.advance(3);
            over.exit();
            traced.advance(4);
        });
    });
    assert_eq!(times(&traced.operation("read")), [12.0, 12.0, 12.0]);
    assert_eq!(times(&traced.operation("request")), [7.0, 4.0, 7.0]);
}

#[instrument(skip_all)]
fn descend(traced: &Traced, depth: u64) {
    traced.advance(1);
    if depth > 0 {
        descend(traced, depth - 1);
    }
}

#[test]
fn the_time_of_recursive_spans_counts_once() {
    let traced = Traced::new();
    traced.run(traced.layer(), || descend(&traced, 3));
    let descend = traced.operation("descend");
    assert_eq!(descend.lifetime.calls.success, 4);
    assert_eq!(descend.recursive_calls, 3);
    assert_eq!(times(&descend), [4.0, 4.0, 4.0]);
}

#[test]
fn spans_of_one_operation_are_recursive_wherever_they_are_made() {
    let traced = Traced::new();
    traced.run(Layer::new().monitor(&traced.monitor), || {
        info_span!(target: "shop", "sell").in_scope(|| {
            traced.advance(1);
            info_span!(target: "shop", "sell").in_scope(|| traced.advance(2));
            info_span!(target: "cafe", "sell").in_scope(|| traced.advance(4));
        });
    });
    let [shop, cafe] = ["shop::sell", "cafe::sell"].map(|name| traced.operation(name));
    assert_eq!((shop.recursive_calls, cafe.recursive_calls), (1, 0));
    assert_eq!(times(&shop), [7.0, 3.0, 7.0]);
    let traced = Traced::new();
    traced.run(traced.layer(), || {
        info_span!(target: "shop", "sell").in_scope(|| {
            info_span!(target: "cafe", "sell").in_scope(|| traced.advance(1));
        });
    });
    assert_eq!(traced.operation("sell").recursive_calls, 1);
}

/// What became one operation, because its label has too many values, is one.
#[test]
fn spans_of_further_values_of_a_label_are_recursive() {
    let traced = Traced::new();
    traced.run(traced.layer().labels(["user", "tenant"]), || {
        let visit = |user: u32, next: u32| {
            info_span!("visit", user, tenant = 1).in_scope(|| {
                traced.advance(1);
                info_span!("visit", tenant = 1, user = next).in_scope(|| traced.advance(1));
            });
        };
        (0..50).for_each(|number| visit(2 * number, 2 * number + 1));
        visit(0, 1);
        visit(1, 1000);
        visit(1000, 1001);
        visit(7, 7);
    });
    let recursive = |user: &str| {
        let name = format!(r#"visit{{tenant="1",user="{user}"}}"#);
        traced.operation(&name).recursive_calls
    };
    assert_eq!(["0", "1", "7", "other"].map(recursive), [0, 0, 1, 1]);
}

#[instrument(err)]
fn parse(text: &str) -> Result<u32, std::num::ParseIntError> {
    text.parse()
}

#[instrument(err, skip_all)]
async fn fetch(traced: &Traced, is_there: bool) -> Result<(), String> {
    traced.advance(1);
    tokio::task::yield_now().await;
    is_there.then_some(()).ok_or_else(|| "gone".to_owned())
}

#[test]
fn an_error_that_instrument_tells_of_is_a_failure_of_its_span_alone() {
    let traced = Traced::new();
    traced.run(traced.layer(), || {
        info_span!("outer").in_scope(|| {
            parse("1").unwrap();
            parse("x").unwrap_err();
            // Of an error that was dealt with, and of none.
            error!("told, and no error");
        });
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(async {
            fetch(&traced, true).await.unwrap();
            fetch(&traced, false).await.unwrap_err();
        });
    });
    for (name, text) in [
        ("parse", "invalid digit found in string"),
        ("fetch", "gone"),
    ] {
        let found = traced.operation(name);
        let calls = found.lifetime.calls;
        assert_eq!((calls.success, calls.failure), (1, 1), "{name}");
        assert_eq!(
            (
                found.errors[0].kind.as_str(),
                found.errors[0].last_text.as_str()
            ),
            ("error", text)
        );
    }
    assert_eq!(traced.operation("outer").lifetime.calls.success, 1);
}

#[test]
fn a_panic_ends_the_spans_that_it_leaves() {
    let traced = Traced::new();
    traced.run(traced.layer(), || {
        let outer = info_span!("outer");
        let task = async {
            async { panic!("expected in this test") }
                .instrument(info_span!("inner"))
                .await
        };
        let mut future = Box::pin(task.instrument(outer));
        let poll = || {
            let _ = future
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()));
        };
        assert!(catch_unwind(AssertUnwindSafe(poll)).is_err());
        // As executors do it: the future is dropped when nothing unwinds any more.
        drop(future);
        info_span!("after").in_scope(|| ());
    });
    for (name, panics) in [("outer", 1), ("inner", 1), ("after", 0)] {
        assert_eq!(
            traced.operation(name).lifetime.calls.panic,
            panics,
            "{name}"
        );
    }
}

#[test]
fn a_future_that_is_dropped_ends_its_span_as_if_it_were_done() {
    let traced = Traced::new();
    traced.run(traced.layer(), || {
        let mut waiting = Box::pin(pending::<()>().instrument(info_span!("wait")));
        assert!(
            pin!(&mut waiting)
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_pending()
        );
        traced.advance(5);
    });
    let wait = traced.operation("wait");
    assert_eq!(wait.lifetime.calls.success, 1);
    assert_eq!(times(&wait), [5.0, 5.0, 0.0]);
}

#[test]
fn fields_that_are_named_are_labels_also_where_they_come_late() {
    let traced = Traced::new();
    traced.run(traced.layer().labels(["method", "status"]), || {
        for (method, status) in [("GET", 200), ("GET", 404), ("PUT", 200)] {
            let span = info_span!(
                "request",
                method,
                path = "/any/7",
                status = tracing::field::Empty
            );
            span.in_scope(|| traced.advance(1));
            span.record("status", status);
        }
        info_span!("request").in_scope(|| ());
    });
    assert_eq!(
        traced.names(),
        [
            "request",
            r#"request{method="GET",status="200"}"#,
            r#"request{method="GET",status="404"}"#,
            r#"request{method="PUT",status="200"}"#,
        ]
    );
    let labelled = traced
        .operation(r#"request{method="PUT",status="200"}"#)
        .labelled;
    assert_eq!(labelled.unwrap().name, "request");
}

/// A value that logs an error while it is written.
struct Talkative;

impl fmt::Debug for Talkative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        error!(error = "told while writing");
        f.write_str("said")
    }
}

#[test]
fn a_value_may_log_while_it_is_written() {
    let traced = Traced::new();
    traced.run(traced.layer().labels(["tone", "late"]), || {
        // tracing asks nobody about an event that it first meets while a span is made,
        // and leaves it out for good.
        assert_eq!(format!("{Talkative:?}"), "said");
        let late = tracing::field::Empty;
        let span = info_span!("speak", tone = ?Talkative, late);
        span.in_scope(|| span.record("late", tracing::field::debug(Talkative)));
    });
    let spoken = traced.operation(r#"speak{late="said",tone="said"}"#);
    assert_eq!(spoken.lifetime.calls.failure, 1);
}

#[test]
fn a_label_of_many_values_does_not_become_many_operations() {
    let traced = Traced::new();
    traced.run(traced.layer().labels(["user"]), || {
        for user in 0..1000 {
            info_span!("request", user).in_scope(|| ());
        }
    });
    assert_eq!(traced.names().len(), 101);
    let others = traced.operation(r#"request{user="other"}"#);
    assert_eq!(others.lifetime.calls.success, 900);
}

/// Two layers of one subscriber each have their calls, whatever filters leave them.
#[test]
fn filters_say_what_each_layer_sees() {
    let [all, some] = [(); 2].map(|()| Traced::new());
    let of_shop = filter_fn(|metadata| metadata.target() == "shop");
    let subscriber = Registry::default()
        .with(all.layer().with_filter(LevelFilter::INFO))
        .with(some.layer().with_filter(of_shop));
    tracing::subscriber::with_default(subscriber, || {
        info_span!(target: "shop", "sell").in_scope(|| {
            info_span!(target: "database", "query").in_scope(|| {
                tracing::debug_span!(target: "shop", "pack").in_scope(|| ());
            });
        });
    });
    assert_eq!(all.names(), ["query", "sell"]);
    assert_eq!(some.names(), ["pack", "sell"]);
}

#[test]
fn many_threads_lose_no_span() {
    let monitor = Monitor::new();
    let layer = Layer::new().monitor(&monitor).with_target(false);
    let subscriber = Registry::default().with(layer);
    let dispatch = tracing::Dispatch::new(subscriber);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                tracing::dispatcher::with_default(&dispatch, || {
                    for _ in 0..5000 {
                        info_span!("outer").in_scope(|| info_span!("inner").in_scope(|| ()));
                    }
                });
            });
        }
    });
    let snapshot = monitor.snapshot();
    for name in ["outer", "inner"] {
        let calls = snapshot.operation(name).unwrap().lifetime.calls;
        assert_eq!((calls.success, calls.total()), (20_000, 20_000));
    }
}

#[test]
fn a_monitor_that_is_switched_off_records_nothing() {
    let traced = Traced::new();
    traced.monitor.set_enabled(false);
    traced.run(traced.layer(), || {
        let span = info_span!("load");
        span.in_scope(|| traced.monitor.set_enabled(true));
    });
    assert!(traced.names().is_empty());
}

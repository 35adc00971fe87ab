//! Calls that labels tell apart, and calls of which only some are timed.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a failed test panics")]

use std::fmt::{self, Display, Formatter};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Waker};

use perfkit::{Monitor, OperationSnapshot, Report, measure};

fn recorded(name: &str) -> OperationSnapshot {
    let snapshot = perfkit::snapshot();
    let found = snapshot.operation(name);
    found
        .unwrap_or_else(|| panic!("{name} was not recorded"))
        .clone()
}

fn label<'a>(operation: &'a OperationSnapshot, key: &str) -> &'a str {
    &operation.labelled.as_ref().unwrap().labels[key]
}

#[measure(name = "get", labels(status = status, tier = if status < 500 { "fast" } else { "slow" }))]
fn get(status: u16) -> Result<u16, String> {
    if status < 400 {
        Ok(status)
    } else {
        Err(format!("status {status}"))
    }
}

#[test]
fn every_combination_of_labels_is_an_operation() {
    for status in [200, 200, 503] {
        let _ = get(status);
    }
    let fine = recorded(r#"get{status="200",tier="fast"}"#);
    assert_eq!(fine.lifetime.calls.success, 2);
    assert_eq!(fine.labelled.as_ref().unwrap().name, "get");
    assert_eq!(
        (label(&fine, "status"), label(&fine, "tier")),
        ("200", "fast")
    );
    let failed = recorded(r#"get{status="503",tier="slow"}"#);
    assert_eq!(failed.lifetime.calls.failure, 1);
    assert_eq!(failed.errors[0].last_text, "status 503");
}

#[measure(monitor = monitor, name = "pair", labels(a = a, b = b))]
fn pair(monitor: &Monitor, a: impl Display, b: impl Display) {}

/// Measured while it is written.
struct Written<'a>(&'a Monitor);

impl Display for Written<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        pair(self.0, "within", "a label");
        f.write_str("written")
    }
}

#[test]
fn values_that_run_together_are_kept_apart() {
    let (one, other) = (Monitor::new(), Monitor::new());
    for _ in 0..3 {
        pair(&one, "a", "bc");
        pair(&one, "ab", "c");
        pair(&one, "", "abc");
        pair(&other, "a", "bc");
        pair(&one, Written(&one), 1);
        pair(&one, "ä".repeat(200), 'x');
    }
    let long = format!(r#"pair{{a="{}",b="x"}}"#, "ä".repeat(100));
    let names = [
        r#"pair{a="",b="abc"}"#,
        r#"pair{a="a",b="bc"}"#,
        r#"pair{a="ab",b="c"}"#,
        r#"pair{a="within",b="a label"}"#,
        r#"pair{a="written",b="1"}"#,
        &long,
    ];
    let snapshot = one.snapshot();
    let found = snapshot.operations.iter();
    let found: Vec<_> = found
        .map(|o| (o.name.as_str(), o.lifetime.calls.success))
        .collect();
    assert_eq!(found.len(), names.len(), "{found:?}");
    for name in names {
        let calls = snapshot.operation(name).unwrap().lifetime.calls.success;
        assert_eq!(calls, 3, "{name}");
    }
    let calls = other.snapshot().operations[0].lifetime.calls.success;
    assert_eq!((other.snapshot().operations.len(), calls), (1, 3));
}

/// Another text each time that it is shown.
struct Changing(std::cell::Cell<u32>);

impl Display for Changing {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.set(self.0.get() + 1);
        write!(f, "{}", self.0.get())
    }
}

#[test]
fn a_label_is_shown_once_a_call() {
    let monitor = Monitor::new();
    let label = Changing(std::cell::Cell::new(0));
    for _ in 0..3 {
        pair(&monitor, &label, "b");
    }
    let other = Changing(std::cell::Cell::new(0));
    pair(&monitor, &other, "b");
    let snapshot = monitor.snapshot();
    let found = snapshot.operations.iter();
    let found: Vec<_> = found
        .map(|o| (self::label(o, "a"), o.lifetime.calls.success))
        .collect();
    assert_eq!(found, [("1", 2), ("2", 1), ("3", 1)]);
}

#[measure(monitor = monitor, labels(depth = "all"))]
fn descend(monitor: &Monitor, depth: u32) {
    if depth > 0 {
        descend(monitor, depth - 1);
    }
}

#[test]
fn a_labelled_call_within_itself_is_nested() {
    let monitor = Monitor::new();
    for _ in 0..2 {
        descend(&monitor, 3);
    }
    let snapshot = monitor.snapshot();
    let operation = &snapshot.operations[0];
    assert_eq!(operation.lifetime.calls.success, 8);
    let time = operation.lifetime.execution_time().unwrap();
    assert_eq!(time.count, 2);
}

struct Table(&'static str);

impl Table {
    #[measure(labels(table = self.0))]
    async fn load(&self) -> usize {
        self.0.len()
    }

    #[measure(monitor = monitor, labels(table = self.0, size = size))]
    fn store(&self, monitor: &Monitor, size: usize) -> usize {
        size
    }
}

#[test]
fn methods_and_async_functions_have_labels_too() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    assert_eq!(runtime.block_on(Table("users").load()), 5);
    let load = recorded(r#"labels::Table::load{table="users"}"#);
    assert_eq!(load.lifetime.calls.success, 1);
    assert!(load.lifetime.busy_time().is_some());

    let monitor = Monitor::new();
    assert_eq!(Table("or\"ders").store(&monitor, 7), 7);
    let snapshot = monitor.snapshot();
    assert_eq!(snapshot.operations.len(), 1);
    let store = &snapshot.operations[0];
    assert_eq!(
        store.name,
        r#"labels::Table::store{size="7",table="or\"ders"}"#
    );
    assert_eq!(label(store, "table"), "or\"ders");
}

#[test]
fn labels_beyond_the_limit_stay_with_their_operation() {
    let monitor = Monitor::builder().max_label_sets(20).build();
    for size in 0..100_000 {
        Table("many").store(&monitor, size);
    }
    monitor.measure("first called later", || ());
    let snapshot = monitor.snapshot();
    assert_eq!(snapshot.operations.len(), 22);
    assert!(snapshot.operation("first called later").is_some());
    let further = "labels::Table::store{otel.metric.overflow=\"true\"}";
    let further = snapshot.operation(further).unwrap();
    assert_eq!(further.lifetime.calls.success, 99_980);
    assert!(further.is_overflow);
    assert_eq!(
        further.labelled.as_ref().unwrap().name,
        "labels::Table::store"
    );
}

#[test]
fn two_hundred_label_sets_are_kept_apart_unless_told_otherwise() {
    let monitor = Monitor::new();
    for size in 0..201 {
        Table("many").store(&monitor, size);
    }
    let operations = monitor.snapshot().operations;
    let apart = operations.iter().filter(|o| !o.is_overflow).count();
    assert_eq!((apart, operations.len()), (200, 201));
}

#[test]
fn labels_of_names_beyond_the_limit_are_counted_as_overflow() {
    let monitor = Monitor::builder().max_operations(1).build();
    monitor.measure("other", || ());
    for size in 0..100 {
        Table("many").store(&monitor, size);
    }
    let snapshot = monitor.snapshot();
    assert_eq!(snapshot.operations.len(), 2);
    let overflow = snapshot.operation("overflow").unwrap();
    assert_eq!(overflow.lifetime.calls.success, 100);
    assert_eq!(overflow.labelled, None);
}

#[measure(name = "tiny", sample = 10)]
fn tiny(call: u32) -> Result<u32, String> {
    match call % 100 {
        98 => Err("refused".to_owned()),
        99 => panic!("expected in this test"),
        _ => Ok(call),
    }
}

#[test]
fn a_sampled_operation_counts_every_call_and_times_one_of_some() {
    std::panic::set_hook(Box::new(|_| {}));
    for call in 0..10_000 {
        let _ = catch_unwind(AssertUnwindSafe(|| tiny(call)));
    }
    let _ = std::panic::take_hook();
    let tiny = recorded("tiny");
    let calls = tiny.lifetime.calls;
    assert_eq!(
        (calls.success, calls.failure, calls.panic),
        (9800, 100, 100)
    );
    assert_eq!(tiny.errors[0].count, 100);
    let timed = tiny.lifetime.execution_time().unwrap().count;
    assert_eq!(timed + tiny.untimed_calls, 9800);
    // Every tenth on average, at distances drawn evenly from 1 to 19: of some 1000
    // such distances the sum varies by 2 %.
    assert!((850..1150).contains(&timed), "{timed} were timed");
    assert!(tiny.last_calls.calls.total() <= 1000);

    let report = Report::from_snapshot(perfkit::snapshot());
    let note = report
        .notes
        .iter()
        .find(|note| note.code == perfkit::report::NoteCode::Sampled);
    let note = &note.unwrap().message;
    assert!(note.contains(&format!("tiny ({timed} of 9800)")), "{note}");
}

#[test]
fn the_distances_between_timed_calls_follow_no_rhythm() {
    #[measure(name = "rhythm", sample = 2)]
    fn rhythm(_: u32) {}

    let timed = |call| {
        let before = timed_calls("rhythm");
        rhythm(call);
        timed_calls("rhythm") > before
    };
    let pattern: Vec<bool> = (0..200).map(timed).collect();
    assert!(pattern.windows(2).any(|pair| pair == [true, true]));
    assert!(
        pattern
            .windows(3)
            .any(|three| three == [true, false, false])
    );
}

fn timed_calls(name: &str) -> u64 {
    let snapshot = perfkit::snapshot();
    let operation = snapshot.operation(name);
    let time = operation.and_then(|operation| operation.lifetime.execution_time());
    time.map_or(0, |time| time.count)
}

#[measure(name = "fetch", labels(host = host, attempt = attempt))]
async fn fetch(host: impl Display, attempt: i64) {}

/// What is remembered of a place is of its thread; values that are written alike are one.
#[test]
fn async_calls_find_their_labels_again_on_every_thread() {
    let calls = || {
        let mut context = Context::from_waker(Waker::noop());
        let mut run = |mut call: Pin<Box<dyn Future<Output = ()>>>| {
            assert!(call.as_mut().poll(&mut context).is_ready());
        };
        for number in 0..30_i64 {
            let host = if number % 3 == 0 { "a" } else { "b" };
            run(Box::pin(fetch(host, number % 2)));
            run(Box::pin(fetch(host.to_owned(), -1)));
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(calls);
        scope.spawn(calls);
    });
    for (host, attempt, count) in [
        ("a", 0, 10),
        ("a", 1, 10),
        ("b", 0, 20),
        ("b", 1, 20),
        ("a", -1, 20),
        ("b", -1, 40),
    ] {
        let name = format!(r#"fetch{{attempt="{attempt}",host="{host}"}}"#);
        assert_eq!(recorded(&name).lifetime.calls.success, count, "{name}");
    }
}

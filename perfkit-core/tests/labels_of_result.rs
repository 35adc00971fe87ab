//! Labels that the result of a call tells.
#![allow(
    clippy::panic,
    clippy::unused_async,
    clippy::unwrap_used,
    reason = "a failed test panics"
)]

use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::Duration;

use perfkit::{
    Calls, CountingAllocator, Failure, MockClock, Monitor, OperationSnapshot, Outcome, measure,
};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

fn recorded(name: &str) -> OperationSnapshot {
    let snapshot = perfkit::snapshot();
    let names: Vec<_> = snapshot.operations.iter().map(|o| o.name.clone()).collect();
    let found = snapshot.operation(name);
    found
        .unwrap_or_else(|| panic!("{name} is not in {names:?}"))
        .clone()
}

fn calls(name: &str) -> Calls {
    recorded(name).lifetime.calls
}

/// The names of all operations that begin so.
fn names(prefix: &str) -> BTreeSet<String> {
    let operations = perfkit::snapshot().operations.into_iter();
    let names = operations.map(|operation| operation.name);
    names.filter(|name| name.starts_with(prefix)).collect()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(future)
}

struct Response {
    status: String,
    body: Vec<u8>,
}

impl Response {
    fn new(status: u16) -> Self {
        let status = status.to_string();
        let body = vec![0; 10];
        Self { status, body }
    }

    fn status(&self) -> &str {
        &self.status
    }
}

#[measure(name = "get", labels(status = |response| response.status()))]
fn get(status: u16) -> Response {
    Response::new(status)
}

#[test]
fn a_closure_is_asked_after_the_call() {
    for status in [200, 503, 200] {
        assert_eq!(get(status).body.len(), 10);
    }
    assert_eq!(calls(r#"get{status="200"}"#).success, 2);
    assert_eq!(calls(r#"get{status="503"}"#).success, 1);
    let labelled = recorded(r#"get{status="503"}"#).labelled.unwrap();
    assert_eq!(
        (&*labelled.name, &*labelled.labels["status"]),
        ("get", "503")
    );
    // The operation without labels has no calls.
    assert_eq!(names("get").len(), 2);
}

struct Client {
    host: &'static str,
}

impl Client {
    #[measure(labels(
        host = self.host,
        outcome = |result| if result.is_ok() { "fine" } else { "broken" },
        r#type = |result| result.as_ref().map_or(0, |r| r.body.len()),
    ), throughput(items = 3), memory)]
    fn send(&self, status: u16) -> Result<Response, String> {
        if status == 0 {
            return Err("no route".to_owned());
        }
        let response = Response::new(status);
        let length: usize = response.status().parse().map_err(|_| "odd")?;
        assert!(length > 0);
        Ok(response)
    }

    #[measure(labels(status = |result| match result { Ok(response) => response.status().to_owned(), Err(_) => "none".to_owned() }, host = self.host), ok = |result| result.as_ref().is_ok_and(|r| r.status() < "500"))]
    async fn fetch(&self, status: u16) -> Result<Response, String> {
        tokio::task::yield_now().await;
        if status == 0 {
            return Err("no route".to_owned());
        }
        Ok(Response::new(status))
    }
}

#[test]
fn labels_before_and_after_the_call_mix() {
    let client = Client { host: "a\"b" };
    let _ = (client.send(200), client.send(200), client.send(0));
    let fine = recorded(r#"labels_of_result::Client::send{host="a\"b",outcome="fine",type="10"}"#);
    assert_eq!(fine.lifetime.calls, Calls::NONE.with_success(2));
    assert!((fine.lifetime.items().unwrap().sum - 6.0).abs() < 1e-9);
    assert_eq!(fine.lifetime.allocations().unwrap().max, Some(2.0));
    let broken =
        recorded(r#"labels_of_result::Client::send{host="a\"b",outcome="broken",type="0"}"#);
    assert_eq!(broken.lifetime.calls.failure, 1);
    assert_eq!(broken.errors[0].last_text, "no route");
}

#[test]
fn async_methods_have_labels_of_their_output() {
    let client = Client { host: "h" };
    for status in [200, 503, 0] {
        let _ = block_on(client.fetch(status));
    }
    let of = |status: &str| {
        let name = format!(r#"labels_of_result::Client::fetch{{host="h",status="{status}"}}"#);
        recorded(&name)
    };
    assert_eq!(of("200").lifetime.calls.success, 1);
    assert!(of("200").lifetime.busy_time().is_some());
    assert_eq!(of("503").lifetime.calls.failure, 1);
    assert_eq!(of("503").errors[0].kind, "not_ok");
    assert_eq!(of("none").errors[0].last_text, "no route");
}

#[measure(name = "boxed", labels(length = |text| text.len()))]
fn boxed<'a>(text: &'a str) -> Pin<Box<dyn Future<Output = &'a str> + Send + 'a>> {
    Box::pin(async move {
        tokio::task::yield_now().await;
        text
    })
}

#[measure(name = "later", labels(is_ok = |result| result.is_ok()))]
fn later(fail: bool) -> impl Future<Output = Result<(), String>> {
    std::future::ready(if fail { Err(String::new()) } else { Ok(()) })
}

#[async_trait::async_trait]
trait Store {
    #[measure(name = "load", labels(found = |found| found.is_some()))]
    async fn load(&self, key: &str) -> Option<usize> {
        tokio::task::yield_now().await;
        (!key.is_empty()).then_some(key.len())
    }
}

impl Store for Client {}

#[test]
fn futures_that_functions_return_have_labels_too() {
    assert_eq!(block_on(boxed("four")), "four");
    assert_eq!(calls(r#"boxed{length="4"}"#).success, 1);
    let _ = (block_on(later(true)), block_on(later(false)));
    assert_eq!(calls(r#"later{is_ok="false"}"#).failure, 1);
    assert_eq!(calls(r#"later{is_ok="true"}"#).success, 1);
    let client = Client { host: "" };
    assert_eq!(block_on(client.load("")), None);
    assert_eq!(block_on(client.load("key")), Some(3));
    assert_eq!(calls(r#"load{found="false"}"#).success, 1);
    assert_eq!(calls(r#"load{found="true"}"#).success, 1);
}

#[measure(name = "cut off", labels(status = |status| *status, at = at))]
fn cut_off(at: &str) -> u16 {
    panic!("expected in this test at {at}")
}

#[measure(name = "cut off later", labels(status = |_| 200))]
async fn cut_off_later(fail: bool) {
    tokio::task::yield_now().await;
    assert!(!fail, "expected in this test");
}

#[measure(name = "label panics", labels(status = |_| -> u8 { panic!("expected in this test") }))]
fn label_panics() {}

struct Rude;

impl fmt::Display for Rude {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("half")?;
        panic!("expected in this test")
    }
}

#[measure(name = "label panics later", labels(status = |_| Rude))]
fn label_panics_later() {}

#[test]
fn a_call_without_a_result_says_how_it_ended() {
    assert!(catch_unwind(|| cut_off("once")).is_err());
    assert_eq!(calls(r#"cut off{at="once",status="panic"}"#).panic, 1);
    let call = AssertUnwindSafe(|| block_on(cut_off_later(true)));
    assert!(catch_unwind(call).is_err());
    assert_eq!(calls(r#"cut off later{status="panic"}"#).panic, 1);
    {
        let mut call = std::pin::pin!(cut_off_later(false));
        let polled = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending());
    }
    assert_eq!(calls(r#"cut off later{status="cancelled"}"#).cancelled, 1);
    assert!(catch_unwind(label_panics).is_err());
    assert_eq!(calls(r#"label panics{status="panic"}"#).panic, 1);
    label_panics_later();
    assert_eq!(calls(r#"label panics later{status="half"}"#).success, 1);
}

#[test]
fn recursion_counts_once_and_callees_are_no_self_time() {
    #[measure(monitor = monitor, name = "outer", labels(depth = |depth| *depth))]
    fn outer(monitor: &Monitor, clock: &MockClock, depth: u32) -> u32 {
        clock.advance(Duration::from_millis(1));
        if depth > 0 {
            outer(monitor, clock, depth - 1);
        } else {
            monitor.measure("inner", || clock.advance(Duration::from_millis(10)));
        }
        depth
    }
    let clock = MockClock::new();
    let monitor = Monitor::with_clock(clock.clone());
    outer(&monitor, &clock, 2);
    let snapshot = monitor.snapshot();
    let of = |depth: u32| {
        let name = format!("outer{{depth=\"{depth}\"}}");
        snapshot.operation(&name).unwrap().clone()
    };
    assert_eq!(of(2).lifetime.max(), Some(13e6));
    assert_eq!(of(0).lifetime.execution_time(), None);
    assert_eq!((of(0).recursive_calls, of(2).recursive_calls), (1, 0));
    for depth in 0..3 {
        let self_time = of(depth).lifetime.self_time().unwrap().sum;
        assert!((self_time - 1e6).abs() < 1.0, "{self_time}");
    }
}

#[test]
fn values_beyond_the_limit_stay_with_their_operation() {
    #[measure(monitor = monitor, name = "many", labels(number = |number| *number))]
    fn many(monitor: &Monitor, number: u32) -> u32 {
        number
    }
    let monitor = Monitor::builder()
        .max_operations(2)
        .max_label_sets(20)
        .build();
    for number in 0..100 {
        many(&monitor, number);
    }
    let calls = |name: &str| {
        let snapshot = monitor.snapshot();
        let found = snapshot.operation(name);
        found.map(|found| (found.lifetime.calls.success, found.is_overflow))
    };
    let further = "many{otel.metric.overflow=\"true\"}";
    assert_eq!(calls("many{number=\"19\"}"), Some((1, false)));
    assert_eq!(calls(further), Some((80, true)));
    assert_eq!(calls("overflow"), None);
    let label = || Outcome::Success.label("k", "v");
    monitor
        .operation("many")
        .measure_labelled(|| (), |()| label());
    assert_eq!(calls(further), Some((81, true)));
    // The second name, and then one beyond the limit of names.
    for name in ["second", "third"] {
        monitor
            .operation(name)
            .measure_labelled(|| (), |()| label());
    }
    assert_eq!(calls("second{k=\"v\"}"), Some((1, false)));
    assert_eq!(calls("overflow"), Some((1, true)));
}

#[test]
fn nothing_is_asked_while_recording_is_off() {
    #[measure(monitor = monitor, labels(status = |_| -> u8 { panic!("recording is off") }))]
    fn work(monitor: &Monitor) {}
    #[measure(monitor = monitor, labels(status = |_| -> u8 { panic!("recording is off") }))]
    async fn later(monitor: &Monitor) {}
    let monitor = Monitor::new();
    monitor.set_enabled(false);
    work(&monitor);
    block_on(later(&monitor));
    assert!(monitor.snapshot().operations.is_empty());
}

#[test]
fn the_same_goes_without_the_macro() {
    let clock = MockClock::new();
    let monitor = Monitor::with_clock(clock.clone());
    let get = monitor.operation("get").items(2);
    let ended = |status: &u16| {
        let outcome = if *status < 500 {
            Outcome::Success
        } else {
            Outcome::Failure(Failure::new("5xx", ""))
        };
        outcome.label("status", status).label("tier", "a")
    };
    assert_eq!(get.measure_labelled(|| 200, ended), 200);
    assert_eq!(
        block_on(get.measure_async_labelled(async { 503 }, ended)),
        503
    );
    get.measure_labelled(|| (), |()| Outcome::Success);
    let work = || -> u16 { panic!("expected in this test") };
    let panicked = AssertUnwindSafe(|| get.measure_labelled(work, ended));
    assert!(catch_unwind(panicked).is_err());

    let mut timer = get.start();
    clock.advance(Duration::from_millis(3));
    timer.label("status", 1);
    timer.label("status", 200);
    timer.label("tier", "a");
    timer.stop();
    let mut timer = get.start();
    timer.label("tier", "dropped");
    drop(timer);
    let mut timer = get.start();
    timer.label("tier", "failed");
    timer.fail("refused", "");

    let snapshot = monitor.snapshot();
    let calls = |name: &str| snapshot.operation(name).unwrap().lifetime.calls;
    let fine = snapshot.operation(r#"get{status="200",tier="a"}"#).unwrap();
    assert_eq!(fine.lifetime.calls.success, 2);
    assert_eq!(fine.lifetime.max(), Some(3e6));
    assert!((fine.lifetime.items().unwrap().sum - 4.0).abs() < 1e-9);
    let failed = snapshot.operation(r#"get{status="503",tier="a"}"#).unwrap();
    assert_eq!(failed.errors[0].kind, "5xx");
    let bare = calls("get");
    assert_eq!((bare.success, bare.panic), (1, 1));
    assert_eq!(calls(r#"get{tier="dropped"}"#).success, 1);
    assert_eq!(calls(r#"get{tier="failed"}"#).failure, 1);
    assert_eq!(snapshot.operations.len(), 5);
}

#[test]
fn labels_cost_the_program_no_memory() {
    let monitor = Monitor::new();
    let outer = monitor.operation("outer").memory();
    let inner = monitor.operation("inner");
    for _ in 0..3 {
        outer.measure(|| {
            inner.measure_labelled(|| (), |()| Outcome::Success.label("k", "x".repeat(50)));
            let mut timer = inner.start();
            timer.label("k", "a timer's");
            timer.stop();
        });
    }
    let snapshot = monitor.snapshot();
    let outer = &snapshot.operation("outer").unwrap().lifetime;
    assert_eq!(outer.allocations().unwrap().min, Some(0.0));
    assert_eq!(outer.net_growth().unwrap().max, Some(0.0));
}

//! `#[measure(stream)]` on every kind of function that returns a stream, under the
//! strictest lints.

#![deny(warnings, clippy::all, clippy::pedantic)]
#![allow(
    clippy::float_cmp,
    clippy::panic,
    clippy::type_complexity,
    clippy::unnecessary_box_returns,
    clippy::unwrap_used,
    reason = "the tests do on purpose what these lints advise against"
)]

use std::fmt::Display;
use std::panic::Location;
use std::pin::{Pin, pin};
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_core::Stream;
use futures_core::stream::{BoxStream, FusedStream, LocalBoxStream, TryStream};
use futures_util::{StreamExt as _, stream};
use perfkit::{CountingAllocator, MockClock, Monitor, OperationSnapshot, measure};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

fn recorded_by(monitor: &Monitor, name: &str) -> OperationSnapshot {
    let snapshot = monitor.snapshot();
    let names: Vec<_> = snapshot.operations.iter().map(|o| o.name.clone()).collect();
    snapshot
        .operation(name)
        .unwrap_or_else(|| panic!("{name} is not in {names:?}"))
        .clone()
}

fn recorded(name: &str) -> OperationSnapshot {
    recorded_by(Monitor::global(), name)
}

/// How many streams ended, how many items they had, and how many had a first one.
fn ended(name: &str) -> (u64, f64, u64) {
    let operation = recorded(name);
    let first_item = recorded(&format!("{name} (first item)"));
    (
        operation.lifetime.calls.success,
        operation.lifetime.metric("items").unwrap().sum,
        first_item.lifetime.calls.success,
    )
}

/// All items of a stream that never waits.
fn items<S: Stream>(stream: S) -> Vec<S::Item> {
    let mut stream = pin!(stream);
    let mut items = Vec::new();
    let context = &mut Context::from_waker(Waker::noop());
    while let Poll::Ready(Some(item)) = stream.as_mut().poll_next(context) {
        items.push(item);
    }
    items
}

fn is_send<T: Send>(value: T) -> T {
    value
}

#[measure(stream)]
fn rows(count: u32) -> impl Stream<Item = u32> {
    stream::iter(0..count)
}

#[test]
fn a_stream_is_measured_to_its_end() {
    assert_eq!(items(rows(3)), [0, 1, 2]);
    drop(rows(4));
    assert_eq!(ended("stream_macro::rows"), (1, 3.0, 1));
}

/// Returns early and bounds its type.
#[measure(stream, name = "lines")]
fn lines<'a>(text: &'a str) -> impl FusedStream<Item = &'a str> + Send + Unpin + 'a {
    if text.is_empty() {
        return stream::iter("none".lines()).fuse();
    }
    stream::iter(text.lines()).fuse()
}

#[test]
fn bounds_and_lifetimes_stay() {
    let text = "a\nb".to_owned();
    let mut lines = is_send(lines(&text));
    assert!(!lines.is_terminated());
    assert_eq!(lines.size_hint(), (0, None));
    assert_eq!(items(&mut lines), ["a", "b"]);
    assert!(lines.is_terminated());
    assert_eq!(items(self::lines("")), ["none"]);
    assert_eq!(ended("lines"), (2, 3.0, 2));
}

#[measure(stream)]
fn pinned<'a>(text: &'a str) -> Pin<Box<dyn Stream<Item = char> + Send + 'a>> {
    if text.is_empty() {
        return Box::pin(stream::empty());
    }
    Box::pin(stream::iter(text.chars()))
}

#[measure(stream)]
fn aliased(text: &str) -> BoxStream<'_, char> {
    stream::iter(text.chars()).boxed()
}

#[measure(stream)]
fn local(count: u8) -> LocalBoxStream<'static, u8> {
    let items = std::rc::Rc::new(count);
    stream::iter(0..count)
        .map(move |item| item + *items)
        .boxed_local()
}

#[measure(stream)]
fn in_a_box() -> Box<dyn Stream<Item = u64> + Unpin> {
    Box::new(stream::iter([1, 2]))
}

#[measure(stream)]
fn pinned_opaque() -> Pin<Box<impl Stream<Item = u64>>> {
    Box::pin(stream::iter([1, 2]))
}

#[test]
fn boxed_streams_are_measured() {
    assert_eq!(items(is_send(pinned("ab"))), ['a', 'b']);
    assert!(items(pinned("")).is_empty());
    assert_eq!(ended("stream_macro::pinned"), (2, 2.0, 1));
    assert_eq!(items(is_send(aliased("ab"))), ['a', 'b']);
    assert_eq!(ended("stream_macro::aliased"), (1, 2.0, 1));
    assert_eq!(items(local(2)), [2, 3]);
    assert_eq!(ended("stream_macro::local"), (1, 2.0, 1));
    assert_eq!(items(in_a_box()), [1, 2]);
    assert_eq!(ended("stream_macro::in_a_box"), (1, 2.0, 1));
    assert_eq!(items(pinned_opaque()), [1, 2]);
    assert_eq!(ended("stream_macro::pinned_opaque"), (1, 2.0, 1));
}

#[measure(stream)]
fn parsed(text: &'static str) -> impl Stream<Item = Result<u64, std::num::ParseIntError>> + Clone {
    stream::iter(text.split(',').map(str::parse))
}

#[measure(stream)]
fn tried(text: &'static str) -> impl TryStream<Ok = u8, Error = std::num::ParseIntError> {
    stream::iter(text.split(',')).map(str::parse)
}

#[measure(stream)]
fn collected() -> impl Stream<Item = Vec<u8>> {
    stream::iter(["1", "2"]).map(|text| text.bytes().collect())
}

#[test]
fn the_type_guides_the_body_and_errors_are_items() {
    let parsed = parsed("1,x,3");
    let clone = parsed.clone();
    assert_eq!(items(parsed).iter().filter(|item| item.is_err()).count(), 1);
    assert_eq!(items(clone).len(), 3);
    assert_eq!(ended("stream_macro::parsed"), (2, 6.0, 2));
    let mut tried = pin!(tried("7"));
    let context = &mut Context::from_waker(Waker::noop());
    assert_eq!(
        tried.as_mut().try_poll_next(context),
        Poll::Ready(Some(Ok(7)))
    );
    assert!(tried.as_mut().try_poll_next(context) == Poll::Ready(None));
    assert_eq!(ended("stream_macro::tried"), (1, 1.0, 1));
    assert_eq!(items(collected()), [b"1", b"2"]);
}

struct Table<T>(Vec<T>);

impl<T: Clone + Display> Table<T> {
    #[measure(stream, memory, cpu)]
    fn scan(&self) -> impl Stream<Item = String> + '_ {
        stream::iter(&self.0).map(ToString::to_string)
    }

    #[measure(stream)]
    fn into_rows<const N: usize>(self) -> impl Stream<Item = [T; N]>
    where
        T: Send,
    {
        stream::iter(self.0).map(|item| std::array::from_fn(|_| item.clone()))
    }
}

trait Source {
    fn count(&self) -> u32;

    #[measure(stream)]
    fn all(&self) -> Pin<Box<dyn Stream<Item = u32> + Send>> {
        Box::pin(stream::iter(0..self.count()))
    }

    fn opaque(&self) -> impl Stream<Item = u32>;
}

impl Source for u32 {
    fn count(&self) -> u32 {
        *self
    }

    #[measure(stream)]
    fn opaque(&self) -> impl Stream<Item = u32> {
        stream::iter(0..*self)
    }
}

#[test]
fn methods_and_generics_are_measured_with_memory_and_cpu() {
    let table = Table(vec![1, 2]);
    assert_eq!(items(table.scan()), ["1", "2"]);
    assert_eq!(items(table.into_rows()), [[1, 1], [2, 2]]);
    assert_eq!(ended("stream_macro::Table::scan"), (1, 2.0, 1));
    assert_eq!(ended("stream_macro::Table::into_rows"), (1, 2.0, 1));
    let scan = recorded("stream_macro::Table::scan").lifetime;
    assert!(scan.metric("allocations").unwrap().sum >= 2.0);
    assert_eq!(scan.metric("cpu_time").is_some(), cfg!(unix));

    assert_eq!(items(2.all()), [0, 1]);
    assert_eq!(items(2.opaque()), [0, 1]);
    assert_eq!(ended("u32::all"), (1, 2.0, 1));
    assert_eq!(ended("u32::opaque"), (1, 2.0, 1));
}

static CLOCK: LazyLock<MockClock> = LazyLock::new(MockClock::new);
static MONITOR: LazyLock<Monitor> = LazyLock::new(|| Monitor::with_clock(CLOCK.clone()));

#[measure(
    stream,
    name = "query",
    monitor = *MONITOR,
    labels(table = table, kind = if count == 0 { "none" } else { "some" }),
)]
fn query(table: String, count: u64) -> impl Stream<Item = u64> {
    drop(table);
    CLOCK.advance(Duration::from_millis(100));
    stream::iter(0..count).inspect(|_| CLOCK.advance(Duration::from_millis(2)))
}

#[test]
fn labels_are_those_of_the_first_item_too() {
    for count in [0, 3] {
        items(query("users".to_owned(), count));
    }
    let time = |name: &str| {
        let operation = recorded_by(&MONITOR, name);
        let labelled = operation.labelled.clone().unwrap();
        assert_eq!(labelled.labels["table"], "users");
        let time = operation.lifetime.execution_time().unwrap();
        (labelled.name, time.count, time.sum / 1e6)
    };
    let query = "query".to_owned();
    let some = time(r#"query{kind="some",table="users"}"#);
    assert_eq!(some, (query.clone(), 1, 6.0));
    let none = time(r#"query{kind="none",table="users"}"#);
    assert_eq!(none, (query, 1, 0.0));
    let first = time(r#"query (first item){kind="some",table="users"}"#);
    assert_eq!(first, ("query (first item)".to_owned(), 1, 2.0));
    assert_eq!(MONITOR.snapshot().operations.len(), 3);
}

#[measure(stream)]
#[track_caller]
fn called_from() -> impl Stream<Item = u32> {
    if false {
        return stream::iter([0]);
    }
    stream::iter([Location::caller().line()])
}

#[test]
fn track_caller_still_tracks() {
    let (stream, line) = (called_from(), line!());
    assert_eq!(items(stream), [line]);
    assert_eq!(ended("stream_macro::called_from"), (1, 1.0, 1));
}

#[measure(stream = false)]
fn only_made() -> impl Stream<Item = u32> {
    stream::iter(0..3)
}

#[measure(stream = false)]
fn only_made_in_a_box() -> BoxStream<'static, u32> {
    stream::iter(0..3).boxed()
}

mod warned {
    //! What is warned of may be allowed, as any lint.
    #![allow(deprecated)]

    use super::{Stream, measure, stream};

    #[measure]
    pub(super) fn unsaid() -> impl Stream<Item = u32> {
        stream::iter(0..3)
    }
}

#[test]
fn without_the_option_the_making_is_measured() {
    assert_eq!(items(only_made()).len(), 3);
    assert_eq!(items(only_made_in_a_box()).len(), 3);
    assert_eq!(items(warned::unsaid()).len(), 3);
    for name in ["only_made", "only_made_in_a_box", "warned::unsaid"] {
        let made = recorded(&format!("stream_macro::{name}")).lifetime;
        assert_eq!(made.calls.success, 1);
        assert!(made.metric("items").is_none());
    }
}

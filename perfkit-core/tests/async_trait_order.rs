//! `#[measure]` with `#[async_trait]` and on functions that return boxed
//! futures: the time is that of the future, not that of making it.
//!
//! Rust expands the attribute of a trait or an `impl` before those of the
//! methods in it, and `#[measure]` is refused on an `impl`: between the two the
//! order is fixed. What can be turned round is the order of a method's own
//! attributes and of an `impl`'s, and what is measured: the boxed future, or an
//! async function that is boxed afterwards.
#![allow(
    clippy::panic,
    clippy::type_complexity,
    clippy::unwrap_used,
    reason = "a failed test panics; boxed futures have long types"
)]

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;
use perfkit::{Calls, Clock, MockClock, Monitor, measure};

const MS: u64 = 1_000_000;

/// A monitor on a clock of its own, where every measured future sleeps 20 ms.
struct Bed {
    monitor: Monitor,
    clock: MockClock,
}

impl Bed {
    fn new() -> Self {
        let clock = MockClock::new();
        let monitor = Monitor::with_clock(clock.clone());
        Self { monitor, clock }
    }

    fn pass_ms(&self, ms: u64) {
        self.clock.advance(Duration::from_millis(ms));
    }

    /// Waits until the clock, which others move, has moved by 20 ms.
    async fn sleep(&self) {
        let clock = Clock::from(self.clock.clone());
        let end_ns = clock.now_ns() + 20 * MS;
        let is_over = || clock.now_ns() >= end_ns;
        poll_fn(|_| {
            if is_over() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }

    /// Makes the future, lets 7 ms pass, and then one between any two polls.
    fn drive<F: Future>(&self, make: impl FnOnce() -> F) -> F::Output {
        let mut future = pin!(make());
        self.pass_ms(7);
        let mut context = Context::from_waker(Waker::noop());
        loop {
            match future.as_mut().poll(&mut context) {
                Poll::Ready(value) => return value,
                Poll::Pending => self.pass_ms(1),
            }
        }
    }

    /// The only operation has one call, which waited 20 ms and was never busy.
    fn slept(&self, name: &str) {
        let snapshot = self.monitor.snapshot();
        let names: Vec<_> = snapshot.operations.iter().map(|o| &o.name).collect();
        assert_eq!(names, [name]);
        let lifetime = &snapshot.operations[0].lifetime;
        let expected = Calls::NONE.with_success(1);
        assert_eq!(lifetime.calls, expected);
        let time = lifetime.execution_time().unwrap();
        assert_eq!((time.count, time.sum), (1, (20 * MS) as f64));
        let busy = lifetime.busy_time().unwrap();
        assert_eq!((busy.count, busy.sum), (1, 0.0));
    }
}

#[async_trait]
trait Sleeper: Sync {
    fn bed(&self) -> &Bed;

    async fn plain(&self);
    async fn inlined_first(&self) -> u32;
    async fn inlined_last(&self) -> u32;
    async fn mutable(&mut self);
    async fn owned(self: Box<Self>) -> Arc<Bed>;
    async fn generic<T: Send + 'static>(&self, value: T) -> T;
    async fn borrowed<'a>(&self, text: &'a str) -> Result<&'a str, String>;
    async fn written_out(&self) -> u32;
    async fn measured_first(&self);

    #[measure(name = "default method", monitor = self.bed().monitor)]
    async fn by_default(&self) -> usize {
        self.bed().sleep().await;
        5
    }
}

struct Guest(Arc<Bed>);

impl Guest {
    fn new() -> Self {
        Self(Arc::new(Bed::new()))
    }
}

#[async_trait]
impl Sleeper for Guest {
    fn bed(&self) -> &Bed {
        &self.0
    }

    #[measure(monitor = self.0.monitor)]
    async fn plain(&self) {
        self.0.sleep().await;
    }

    #[inline]
    #[measure(monitor = self.0.monitor)]
    async fn inlined_first(&self) -> u32 {
        self.0.sleep().await;
        1
    }

    #[measure(monitor = self.0.monitor)]
    #[inline]
    async fn inlined_last(&self) -> u32 {
        self.0.sleep().await;
        2
    }

    #[measure(monitor = self.0.monitor)]
    async fn mutable(&mut self) {
        self.0.sleep().await;
    }

    #[measure(monitor = self.0.monitor)]
    async fn owned(self: Box<Self>) -> Arc<Bed> {
        self.0.sleep().await;
        self.0
    }

    #[measure(monitor = self.0.monitor)]
    async fn generic<T: Send + 'static>(&self, value: T) -> T {
        self.0.sleep().await;
        value
    }

    #[measure(monitor = self.0.monitor)]
    async fn borrowed<'a>(&self, text: &'a str) -> Result<&'a str, String> {
        self.0.sleep().await;
        text.get(1..).ok_or_else(|| "too short".to_owned())
    }

    /// As `#[async_trait]` would have written it.
    #[measure(monitor = self.0.monitor)]
    fn written_out<'life0, 'async_trait>(
        &'life0 self,
    ) -> Pin<Box<dyn Future<Output = u32> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move {
            self.0.sleep().await;
            3
        })
    }

    async fn measured_first(&self) {
        inner(&self.0).await;
    }
}

#[measure(name = "inner", monitor = bed.monitor)]
async fn inner(bed: &Bed) {
    bed.sleep().await;
}

#[test]
fn a_method_is_measured_by_its_future() {
    let guest = Guest::new();
    guest.0.drive(|| guest.plain());
    guest.0.slept("async_trait_order::Guest::plain");
}

#[test]
fn other_attributes_may_stand_above_or_below() {
    let guest = Guest::new();
    assert_eq!(guest.0.drive(|| guest.inlined_first()), 1);
    guest.0.slept("async_trait_order::Guest::inlined_first");
    let guest = Guest::new();
    assert_eq!(guest.0.drive(|| guest.inlined_last()), 2);
    guest.0.slept("async_trait_order::Guest::inlined_last");
}

#[test]
fn self_may_be_borrowed_mutably_or_be_given_away() {
    let mut guest = Guest::new();
    let bed = Arc::clone(&guest.0);
    bed.drive(|| guest.mutable());
    bed.slept("async_trait_order::Guest::mutable");
    let guest = Box::new(Guest::new());
    let bed = Arc::clone(&guest.0);
    bed.drive(|| guest.owned());
    bed.slept("async_trait_order::Guest::owned");
}

#[test]
fn methods_may_be_generic_and_borrow() {
    let guest = Guest::new();
    assert_eq!(guest.0.drive(|| guest.generic("value")), "value");
    guest.0.slept("async_trait_order::Guest::generic");
    let guest = Guest::new();
    let text = "text".to_owned();
    assert_eq!(guest.0.drive(|| guest.borrowed(&text)), Ok("ext"));
    guest.0.slept("async_trait_order::Guest::borrowed");
}

#[test]
fn a_failure_takes_as_long_as_its_future() {
    let guest = Guest::new();
    assert!(guest.0.drive(|| guest.borrowed("")).is_err());
    let snapshot = guest.0.monitor.snapshot();
    let lifetime = &snapshot.operations[0].lifetime;
    assert_eq!((lifetime.calls.failure, lifetime.calls.total()), (1, 1));
    let time = lifetime.failure_time().unwrap();
    assert_eq!((time.count, time.sum), (1, (20 * MS) as f64));
}

#[test]
fn a_default_method_is_measured_by_its_future() {
    let guest = Guest::new();
    assert_eq!(guest.0.drive(|| guest.by_default()), 5);
    guest.0.slept("default method");
}

#[test]
fn the_method_may_be_written_out() {
    let guest = Guest::new();
    assert_eq!(guest.0.drive(|| guest.written_out()), 3);
    guest.0.slept("async_trait_order::Guest::written_out");
}

#[test]
fn an_async_function_may_be_measured_first_and_boxed_afterwards() {
    let guest = Guest::new();
    guest.0.drive(|| guest.measured_first());
    guest.0.slept("inner");
}

#[async_trait(?Send)]
trait Local {
    async fn rest(&self) -> u32;
}

#[async_trait(?Send)]
#[allow(clippy::use_self, reason = "an attribute below")]
impl Local for Guest {
    #[measure(monitor = self.0.monitor)]
    async fn rest(&self) -> u32 {
        let not_send = std::rc::Rc::new(6);
        self.0.sleep().await;
        *not_send
    }
}

struct Lodger(Guest);

#[allow(clippy::use_self, reason = "an attribute above")]
#[async_trait(?Send)]
impl Local for Lodger {
    #[measure(monitor = self.0.0.monitor)]
    async fn rest(&self) -> u32 {
        self.0.0.sleep().await;
        7
    }
}

#[test]
fn attributes_of_the_impl_may_stand_in_either_order() {
    let guest = Guest::new();
    assert_eq!(guest.0.drive(|| guest.rest()), 6);
    guest.0.slept("async_trait_order::Guest::rest");
    let lodger = Lodger(Guest::new());
    assert_eq!(lodger.0.0.drive(|| lodger.rest()), 7);
    lodger.0.0.slept("async_trait_order::Lodger::rest");
}

#[test]
fn a_trait_object_is_measured_by_the_future_too() {
    let lodger = Lodger(Guest::new());
    let local: &dyn Local = &lodger;
    assert_eq!(lodger.0.0.drive(|| local.rest()), 7);
    lodger.0.0.slept("async_trait_order::Lodger::rest");
}

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Works for 3 ms before there is a future; that is not the future's time.
#[measure(name = "pinned box", monitor = bed.monitor)]
fn pinned_box(bed: &Bed) -> Pin<Box<dyn Future<Output = u32> + Send + '_>> {
    bed.pass_ms(3);
    Box::pin(async {
        bed.sleep().await;
        8
    })
}

#[measure(name = "alias", monitor = bed.monitor)]
fn alias(bed: &Bed) -> BoxFuture<'_, u32> {
    bed.pass_ms(3);
    Box::pin(async {
        bed.sleep().await;
        9
    })
}

#[measure(name = "plain box", monitor = bed.monitor)]
fn plain_box(bed: &Bed) -> Box<dyn Future<Output = u32> + Unpin + '_> {
    bed.pass_ms(3);
    Box::new(Box::pin(async {
        bed.sleep().await;
        10
    }))
}

#[test]
fn functions_that_return_boxes_are_measured_by_the_future() {
    let bed = Bed::new();
    assert_eq!(bed.drive(|| pinned_box(&bed)), 8);
    bed.slept("pinned box");
    let bed = Bed::new();
    assert_eq!(bed.drive(|| alias(&bed)), 9);
    bed.slept("alias");
    let bed = Bed::new();
    assert_eq!(bed.drive(|| plain_box(&bed)), 10);
    bed.slept("plain box");
}

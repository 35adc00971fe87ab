//! Calls that panic and futures that are dropped, a hundred thousand of each.

use std::future::pending;
use std::panic::{self, AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::Pin;
use std::sync::{LazyLock, Once};
use std::task::{Context, Waker};
use std::thread;

use perfkit::{Calls, MockClock, Monitor, Operation, measure};

use super::{operation, under_watch};

const THREADS: u64 = 4;
const CALLS: u64 = 25_000;

fn on_each_thread(work: impl Fn() + Sync) {
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(&work);
        }
    });
}

/// What the calls panic with; nothing is printed of it.
struct Expected;

fn silence_expected_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !info.payload().is::<Expected>() {
                usual(info);
            }
        }));
    });
}

static CALLERS: LazyLock<Monitor> = LazyLock::new(|| Monitor::with_clock(MockClock::new()));

#[measure(name = "function", monitor = CALLERS)]
fn panics() -> u32 {
    panic_any(Expected)
}

fn panic_in_every_way(closure: &Operation, guarded: &Operation, future: &Operation, call: u64) {
    let result = catch_unwind(AssertUnwindSafe(|| match call % 4 {
        0 => drop(panics()),
        1 => closure.measure(|| panic_any(Expected)),
        2 => {
            let _timer = guarded.start();
            panic_any(Expected);
        }
        _ => {
            let mut call = Box::pin(future.measure_async(async { panic_any(Expected) }));
            let _ = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        }
    }));
    assert!(result.unwrap_err().is::<Expected>());
}

#[test]
fn every_panic_is_counted_as_one_and_none_as_a_success() {
    silence_expected_panics();
    let [closure, guarded, future] =
        ["closure", "guarded", "future"].map(|name| CALLERS.operation(name));
    let work = || {
        for call in 0..CALLS {
            panic_in_every_way(&closure, &guarded, &future, call);
        }
    };
    under_watch(&CALLERS, || 0, || on_each_thread(work));
    for name in ["function", "closure", "guarded", "future"] {
        let operation = operation(&CALLERS, name);
        let expected = Calls::NONE.with_panic(THREADS * CALLS / 4);
        assert_eq!(operation.lifetime.calls, expected, "{name}");
        assert_eq!(operation.last_period.calls, expected, "{name}");
        assert_eq!(operation.last_calls.calls.panic, 1000, "{name}");
        assert_eq!(operation.lifetime.success_rate(), Some(0.0), "{name}");
        assert!(operation.lifetime.execution_time().is_none());
    }
}

type Cancelled = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A call that was polled once and still waits.
fn polled_once(operation: &Operation) -> Cancelled {
    let mut call: Cancelled = Box::pin(operation.measure_async(pending()));
    let mut context = Context::from_waker(Waker::noop());
    assert!(call.as_mut().poll(&mut context).is_pending());
    call
}

#[test]
fn every_dropped_future_is_cancelled_whichever_thread_drops_it() {
    let monitor = Monitor::with_clock(MockClock::new());
    let [here, elsewhere] = ["here", "elsewhere"].map(|name| monitor.operation(name));
    let work = || {
        let mut waiting = Vec::new();
        for _ in 0..CALLS / 2 {
            drop(polled_once(&here));
            waiting.push(polled_once(&elsewhere));
            drop(here.measure_async(pending::<()>()));
        }
        thread::spawn(move || drop(waiting)).join().unwrap();
    };
    under_watch(&monitor, || 0, || on_each_thread(work));
    for name in ["here", "elsewhere"] {
        let operation = operation(&monitor, name);
        let expected = Calls::NONE.with_cancelled(THREADS * CALLS / 2);
        assert_eq!(operation.lifetime.calls, expected, "{name}");
        assert_eq!(operation.last_period.calls, expected, "{name}");
        assert_eq!(operation.last_calls.calls.cancelled, 1000, "{name}");
        assert_eq!(operation.lifetime.success_rate(), Some(0.0), "{name}");
    }
}

//! Calls that nest, panic, are cancelled, hop threads or come in masses.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed test panics"
)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use perfkit::{Clock, MockClock, Monitor, OperationSnapshot};

const MS: f64 = 1e6;

fn on_mock_clock() -> (Monitor, MockClock) {
    let clock = MockClock::new();
    (Monitor::with_clock(clock.clone()), clock)
}

fn operation(monitor: &Monitor, name: &str) -> OperationSnapshot {
    monitor.snapshot().operation(name).unwrap().clone()
}

fn sum_ms(operation: &OperationSnapshot, metric: &str) -> f64 {
    operation.lifetime.metric(metric).unwrap().sum / MS
}

fn advance(clock: &MockClock, ms: u64) {
    clock.advance(Duration::from_millis(ms));
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(future)
}

#[test]
fn self_time_is_total_time_less_that_of_measured_callees() {
    let (monitor, clock) = on_mock_clock();
    monitor.measure("outer", || {
        advance(&clock, 1);
        for _ in 0..3 {
            monitor.measure("inner", || {
                advance(&clock, 2);
                monitor.measure("innermost", || advance(&clock, 4));
            });
        }
    });
    let outer = operation(&monitor, "outer");
    assert_eq!(sum_ms(&outer, "execution_time"), 19.0);
    assert_eq!(sum_ms(&outer, "self_time"), 1.0);
    let inner = operation(&monitor, "inner");
    assert_eq!(sum_ms(&inner, "execution_time"), 18.0);
    assert_eq!(sum_ms(&inner, "self_time"), 6.0);
    assert_eq!(sum_ms(&operation(&monitor, "innermost"), "self_time"), 12.0);
}

#[test]
fn a_recursion_of_ten_is_ten_calls_and_its_time_is_counted_once() {
    fn recurse(monitor: &Monitor, clock: &MockClock, depth: u32) {
        monitor.measure("recurse", || {
            advance(clock, 1);
            if depth > 1 {
                recurse(monitor, clock, depth - 1);
            }
        });
    }
    let (monitor, clock) = on_mock_clock();
    recurse(&monitor, &clock, 10);
    let recurse = operation(&monitor, "recurse");
    assert_eq!(recurse.lifetime.calls.success, 10);
    assert_eq!(recurse.recursive_calls, 9);
    let time = recurse.lifetime.execution_time().unwrap();
    assert_eq!((time.count, time.sum), (1, 10.0 * MS));
    assert_eq!(sum_ms(&recurse, "self_time"), 10.0);
}

#[test]
fn waiting_is_not_busy() {
    let (monitor, clock) = on_mock_clock();
    let mut call = Box::pin(monitor.measure_async("wait", async {
        advance(&clock, 3);
        tokio::task::yield_now().await;
        advance(&clock, 4);
    }));
    block_on(async {
        assert!(poll_once(call.as_mut()).await.is_none());
        advance(&clock, 100);
        call.await;
    });
    let wait = operation(&monitor, "wait");
    assert_eq!(sum_ms(&wait, "execution_time"), 107.0);
    assert_eq!(sum_ms(&wait, "busy_time"), 7.0);
    assert_eq!(sum_ms(&wait, "self_time"), 107.0);
}

/// Polls once.
async fn poll_once<F: Future>(mut future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    std::future::poll_fn(|context| match future.as_mut().poll(context) {
        std::task::Poll::Ready(value) => std::task::Poll::Ready(Some(value)),
        std::task::Poll::Pending => std::task::Poll::Ready(None),
    })
    .await
}

/// On the cycle counter calls go another way than on a mock clock. Their times are what they
/// are, but what belongs together adds up to the tick.
#[test]
fn what_calls_cover_adds_up_whatever_it_took() {
    let monitor = Monitor::new();
    let leaf = || monitor.measure("leaf", || std::hint::black_box(0));
    let child = || {
        monitor.measure_async("child", async {
            leaf();
            tokio::task::yield_now().await;
            leaf();
            leaf();
        })
    };
    let rounds = if cfg!(miri) { 2 } else { 200 };
    for _ in 0..rounds {
        // Of the calls side by side one is ready at once, and one waits.
        let parent = monitor.measure_async("parent", async {
            leaf();
            child().await;
            monitor.measure_async("ready", async { leaf() }).await;
            monitor.measure("descent", || monitor.measure("descent", leaf));
        });
        monitor.measure("root", || block_on(parent));
    }
    let time = |name: &str, metric: &str| {
        let found = operation(&monitor, name);
        found.lifetime.metric(metric).map_or(0.0, |time| time.sum)
    };
    let covered = |name: &str| time(name, "execution_time") - time(name, "self_time");
    let near = |a: f64, b: f64| {
        // Sums of ticks become nanoseconds, each rounded.
        assert!((a - b).abs() < 10.0, "{a} and {b}");
    };
    let counted = |name: &str| operation(&monitor, name).lifetime.calls.success;
    assert_eq!(counted("leaf"), 6 * rounds);
    assert_eq!(counted("descent"), 2 * rounds);
    near(covered("root"), time("parent", "execution_time"));
    let leaves = covered("child") + covered("ready");
    let others = ["child", "ready", "descent"].map(|name| time(name, "execution_time"));
    let of_parent = covered("parent") - others.iter().sum::<f64>();
    // The rest of the leaves: one in the parent itself, and one within both descents.
    let of_descent = covered("descent");
    near(
        leaves + of_parent + of_descent,
        time("leaf", "execution_time"),
    );
    assert!(of_parent > 0.0 && of_descent > 0.0 && covered("ready") > 0.0);
    let all = ["root", "parent", "child", "ready", "descent", "leaf"];
    let own: f64 = all.map(|name| time(name, "self_time")).iter().sum();
    near(own, time("root", "execution_time"));
}

struct Owner {
    monitor: Monitor,
}

impl Owner {
    /// Replaces the monitor that measures it, which nobody else has.
    #[perfkit::measure(monitor = self.monitor)]
    fn replace(&mut self) {
        self.monitor = Monitor::new();
        self.monitor.measure("within", || ());
    }
}

#[perfkit::measure(monitor = monitor)]
fn drops(monitor: Monitor) {
    drop(monitor);
    Monitor::new().measure("within", || ());
}

/// What ran on it then must not be counted for those who come after it.
#[test]
fn a_monitor_may_go_while_a_call_on_it_runs() {
    let mut owner = Owner {
        monitor: Monitor::new(),
    };
    for _ in 0..20 {
        drops(Monitor::new());
        let after = Monitor::new();
        after.measure("after", || ());
        assert_eq!(operation(&after, "after").lifetime.calls.total(), 1);
        owner.replace();
        let within = operation(&owner.monitor, "within").lifetime;
        assert_eq!((within.calls.total(), within.count()), (1, 1));
    }
}

/// What `ok` and the like call is no part of the call that they judge, but of the one around.
#[test]
fn what_judges_a_call_is_covered_for_the_one_around_it() {
    let monitor = Monitor::new();
    let rounds = 100;
    for _ in 0..rounds {
        monitor.measure("root", || {
            monitor.operation("judged").measure_with(
                || (),
                |()| {
                    monitor.measure("judge", || std::hint::black_box(0));
                    perfkit::Outcome::Success
                },
            );
        });
    }
    let sum = |name: &str, metric: &str| {
        let found = operation(&monitor, name);
        found.lifetime.metric(metric).map_or(0.0, |time| time.sum)
    };
    let all = ["root", "judged", "judge"];
    let own: f64 = all.map(|name| sum(name, "self_time")).iter().sum();
    let (own, whole) = (own, sum("root", "execution_time"));
    assert!((own - whole).abs() < 10.0, "{own} and {whole}");
    assert_eq!(sum("judged", "self_time"), sum("judged", "execution_time"));
}

#[test]
fn an_awaited_callee_is_taken_out_of_self_time() {
    let (monitor, clock) = on_mock_clock();
    block_on(monitor.measure_async("outer", async {
        advance(&clock, 1);
        monitor
            .measure_async("inner", async {
                advance(&clock, 2);
                tokio::task::yield_now().await;
                advance(&clock, 3);
            })
            .await;
        monitor.measure("sync", || advance(&clock, 10));
    }));
    let outer = operation(&monitor, "outer");
    assert_eq!(sum_ms(&outer, "execution_time"), 16.0);
    assert_eq!(sum_ms(&outer, "self_time"), 1.0);
}

#[test]
fn a_dropped_future_is_cancelled_and_one_never_polled_is_no_call() {
    let (monitor, clock) = on_mock_clock();
    drop(monitor.measure_async("never", async {}));
    let mut call = Box::pin(monitor.measure_async("half", std::future::pending::<()>()));
    block_on(async { assert!(poll_once(call.as_mut()).await.is_none()) });
    advance(&clock, 5);
    drop(call);
    let snapshot = monitor.snapshot();
    assert!(snapshot.operation("never").is_none());
    let half = snapshot.operation("half").unwrap();
    assert_eq!(
        (half.lifetime.calls.cancelled, half.lifetime.calls.total()),
        (1, 1)
    );
    assert_eq!(half.lifetime.success_rate(), Some(0.0));
    assert_eq!(half.lifetime.calls.to_string(), "1 (1 cancelled)");
    assert_eq!(sum_ms(half, "failure_time"), 5.0);
}

#[test]
fn a_task_may_hop_threads() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .build()
        .unwrap();
    let monitor = Monitor::new();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..200)
            .map(|_| {
                let inner = monitor.clone();
                tokio::spawn(monitor.measure_async("outer", async move {
                    for _ in 0..5 {
                        tokio::task::yield_now().await;
                        inner.measure_async("inner", tokio::task::yield_now()).await;
                    }
                }))
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    let outer = operation(&monitor, "outer");
    assert_eq!(outer.lifetime.calls.success, 200);
    assert_eq!(outer.recursive_calls, 0);
    assert_eq!(operation(&monitor, "inner").lifetime.calls.success, 1000);
}

#[test]
fn a_panic_is_recorded_and_goes_on() {
    let (monitor, clock) = on_mock_clock();
    let result = catch_unwind(AssertUnwindSafe(|| {
        monitor.measure("bad", || {
            advance(&clock, 3);
            panic!("expected in this test");
        })
    }));
    assert!(result.is_err());
    let bad = operation(&monitor, "bad");
    assert_eq!(
        (bad.lifetime.calls.panic, bad.lifetime.calls.success),
        (1, 0)
    );
    assert_eq!(bad.lifetime.success_rate(), Some(0.0));
    assert_eq!(sum_ms(&bad, "failure_time"), 3.0);
}

#[test]
fn a_panic_in_a_poll_is_a_panic_and_not_a_cancellation() {
    let monitor = Monitor::new();
    let mut call = Box::pin(monitor.measure_async("bad", async {
        tokio::task::yield_now().await;
        panic!("expected in this test");
    }));
    block_on(async { assert!(poll_once(call.as_mut()).await.is_none()) });
    let result = catch_unwind(AssertUnwindSafe(|| block_on(call.as_mut())));
    assert!(result.is_err());
    drop(call);
    let calls = operation(&monitor, "bad").lifetime.calls;
    assert_eq!((calls.panic, calls.total()), (1, 1));
}

#[test]
fn a_call_made_while_unwinding_is_a_success() {
    struct MeasuresOnDrop(Monitor);
    impl Drop for MeasuresOnDrop {
        fn drop(&mut self) {
            let timer = self.0.operation("cleanup").start();
            drop(timer);
        }
    }
    let monitor = Monitor::new();
    let _ = catch_unwind(AssertUnwindSafe(|| {
        let _guard = MeasuresOnDrop(monitor.clone());
        panic!("expected in this test");
    }));
    assert_eq!(operation(&monitor, "cleanup").lifetime.calls.success, 1);
}

#[test]
fn recording_while_a_thread_ends_works() {
    struct MeasuresOnDrop(Monitor);
    impl Drop for MeasuresOnDrop {
        fn drop(&mut self) {
            self.0.measure("last words", || ());
        }
    }
    thread_local! {
        static LATE: std::cell::RefCell<Option<MeasuresOnDrop>> = const { std::cell::RefCell::new(None) };
    }
    let monitor = Monitor::new();
    let inner = monitor.clone();
    std::thread::spawn(move || {
        LATE.with(|late| *late.borrow_mut() = Some(MeasuresOnDrop(inner.clone())));
        inner.measure("first words", || ());
    })
    .join()
    .unwrap();
    assert_eq!(operation(&monitor, "last words").lifetime.calls.success, 1);
}

#[test]
fn timers_stop_fail_and_discard() {
    let (monitor, clock) = on_mock_clock();
    let timed = monitor.operation("timed");
    let timer = timed.start();
    advance(&clock, 1);
    timer.stop();
    timed.start().fail("refused", "no reason given");
    timed.start().discard();
    {
        let _timer = timed.start();
        advance(&clock, 2);
    }
    let timed = operation(&monitor, "timed");
    assert_eq!(
        (timed.lifetime.calls.success, timed.lifetime.calls.failure),
        (2, 1)
    );
    assert_eq!(sum_ms(&timed, "execution_time"), 3.0);
    assert_eq!(timed.errors[0].kind, "refused");
}

#[test]
fn timers_that_overlap_each_have_their_own_time() {
    let (monitor, clock) = on_mock_clock();
    let request = monitor.operation("request");
    let mut open = std::collections::VecDeque::new();
    for _ in 0..100 {
        open.push_back(request.start());
        advance(&clock, 1);
        if open.len() == 3 {
            open.pop_front().unwrap().stop();
        }
    }
    std::mem::forget(open.pop_front());
    drop(open);
    let request = operation(&monitor, "request");
    let time = request.lifetime.execution_time().unwrap();
    assert_eq!((time.count, request.recursive_calls), (99, 0));
    assert_eq!(time.max, Some(3.0 * MS));
    monitor.measure("later", || advance(&clock, 1));
    assert_eq!(operation(&monitor, "later").recursive_calls, 0);
}

#[test]
fn a_timer_around_a_measured_call_covers_all_of_its_time() {
    let (monitor, clock) = on_mock_clock();
    monitor.measure("outer", || {
        advance(&clock, 1);
        let timer = monitor.operation("block").start();
        advance(&clock, 2);
        monitor.measure("inner", || advance(&clock, 3));
        timer.stop();
    });
    for (name, ms) in [("outer", 1.0), ("block", 2.0), ("inner", 3.0)] {
        assert_eq!(sum_ms(&operation(&monitor, name), "self_time"), ms);
    }
}

#[test]
fn a_recursion_is_one_also_where_a_shard_comes_free_meanwhile() {
    let clock = MockClock::new();
    let monitor = Monitor::builder()
        .clock(clock.clone())
        // For the counters of one thread.
        .memory_budget(40 << 10)
        .build();
    let recurse = monitor.operation("recurse");
    let gate = std::sync::Barrier::new(2);
    std::thread::scope(|scope| {
        let first = scope.spawn(|| {
            recurse.measure(|| ());
            gate.wait();
            gate.wait();
        });
        gate.wait();
        recurse.measure(|| {
            advance(&clock, 1);
            gate.wait();
            first.join().unwrap();
            recurse.measure(|| advance(&clock, 2));
        });
    });
    recurse.measure(|| ());
    let recurse = operation(&monitor, "recurse");
    assert_eq!((recurse.recursive_calls, recurse.lifetime.count()), (1, 4));
    assert_eq!(sum_ms(&recurse, "execution_time"), 3.0);
}

#[test]
fn recursion_multiplies_nothing() {
    fn sort(monitor: &Monitor, clock: &MockClock, n: u64) -> Result<(), &'static str> {
        monitor.operation("sort").cpu().items(n).try_measure(|| {
            clock.compute(Duration::from_millis(n));
            if n == 1 {
                return Err("bottom");
            }
            sort(monitor, clock, n / 2)
        })
    }
    let (monitor, clock) = on_mock_clock();
    let _ = sort(&monitor, &clock, 8);
    let sorted = operation(&monitor, "sort");
    assert_eq!(sorted.lifetime.calls.failure, 4);
    assert_eq!(sum_ms(&sorted, "failure_time"), 15.0);
    assert!(sorted.lifetime.cpu_time().is_none());
}

#[test]
fn concurrent_callees_are_counted_once() {
    let (monitor, clock) = on_mock_clock();
    block_on(monitor.measure_async("outer", async {
        advance(&clock, 10);
        let child = |ms: u64| {
            let clock = Clock::from(clock.clone());
            monitor.measure_async("child", async move {
                let end = clock.now_ns() + ms * 1_000_000;
                while clock.now_ns() < end {
                    tokio::task::yield_now().await;
                }
            })
        };
        let ticking = async {
            for _ in 0..9 {
                advance(&clock, 1);
                tokio::task::yield_now().await;
            }
        };
        tokio::join!(child(3), child(6), child(9), ticking);
    }));
    let outer = operation(&monitor, "outer");
    assert_eq!(sum_ms(&outer, "execution_time"), 19.0);
    assert_eq!(sum_ms(&outer, "self_time"), 10.0);
}

#[test]
fn dropping_an_old_future_is_not_that_call_s_work() {
    let (monitor, clock) = on_mock_clock();
    let mut old = Box::pin(monitor.measure_async("old", std::future::pending::<()>()));
    block_on(async { assert!(poll_once(old.as_mut()).await.is_none()) });
    advance(&clock, 1000);
    monitor.measure("handler", || {
        advance(&clock, 10);
        drop(old);
    });
    assert_eq!(sum_ms(&operation(&monitor, "handler"), "self_time"), 10.0);
}

#[test]
fn measured_callees_cost_the_caller_no_memory() {
    let monitor = Monitor::new();
    assert_eq!(NAMES.len(), 50);
    monitor.operation("outer").memory().measure(|| {
        for number in 0..50 {
            let _ = monitor.try_measure(&NAMES[number], || Err::<(), _>("refused"));
        }
    });
    let outer = operation(&monitor, "outer");
    assert_eq!(outer.lifetime.allocations().unwrap().max, Some(0.0));
    assert_eq!(outer.lifetime.peak_growth().unwrap().max, Some(0.0));
}

static NAMES: std::sync::LazyLock<Vec<String>> =
    std::sync::LazyLock::new(|| (0..50).map(|number| format!("inner {number}")).collect());

#[global_allocator]
static ALLOCATOR: perfkit::CountingAllocator = perfkit::CountingAllocator::system();

#[test]
fn what_is_switched_off_is_not_recorded() {
    let monitor = Monitor::new();
    monitor.set_enabled(false);
    assert_eq!(monitor.measure("off", || 1), 1);
    assert_eq!(block_on(monitor.measure_async("off", async { 2 })), 2);
    for number in 0..3000 {
        monitor.measure(&number.to_string(), || ());
    }
    drop(monitor.operation("off").start());
    assert!(monitor.snapshot().operations.is_empty());
    monitor.set_enabled(true);
    monitor.measure("off", || ());
    assert_eq!(operation(&monitor, "off").lifetime.calls.success, 1);
    monitor.reset();
    assert!(monitor.snapshot().operations.is_empty());
}

#[test]
fn a_call_that_a_reset_finds_in_flight_keeps_its_time() {
    const LONG: Duration = Duration::from_millis(30);
    for clock in [Clock::fastest(), Clock::os()] {
        let monitor = Monitor::with_clock(clock);
        // The rate of the fastest clock is known after this.
        monitor.measure("work", || std::thread::sleep(LONG / 3));
        monitor.measure("work", || ());
        monitor.measure("work", || {
            monitor.reset();
            std::thread::sleep(LONG);
        });
        let _ = monitor.try_measure("work", || Err::<(), _>("refused"));
        monitor.measure("work", || ());
        let work = operation(&monitor, "work");
        for window in [&work.lifetime, &work.last_period] {
            assert_eq!(window.calls.success, 2);
            let time = window.execution_time().unwrap();
            let long = LONG.as_nanos() as f64;
            assert!(time.sum >= long && time.min < Some(long / 2.0), "{time:?}");
            assert!(time.max >= Some(0.99 * long) && time.max <= Some(time.sum));
        }
    }
}

#[test]
fn the_last_period_forgets_and_the_lifetime_does_not() {
    let clock = MockClock::new();
    let monitor = Monitor::builder()
        .clock(clock.clone())
        .last_period(Duration::from_secs(60))
        .last_calls(5)
        .build();
    for _ in 0..120 {
        monitor.measure("tick", || clock.advance(Duration::from_secs(1)));
    }
    let tick = operation(&monitor, "tick");
    assert_eq!(tick.lifetime.count(), 120);
    assert_eq!(tick.last_calls.count(), 5);
    // The slot of the present second has just begun.
    assert_eq!(tick.last_period.count(), 60);
    assert_eq!(tick.last_period.calls_per_second.unwrap().round(), 1.0);
    clock.advance(Duration::from_secs(59));
    assert_eq!(operation(&monitor, "tick").last_period.count(), 1);
    clock.advance(Duration::from_secs(1));
    assert_eq!(operation(&monitor, "tick").last_period.count(), 0);
}

#[test]
fn the_rate_of_the_last_calls_falls_while_none_come() {
    let clock = MockClock::new();
    let monitor = Monitor::builder()
        .clock(clock.clone())
        .last_calls(10)
        .build();
    let rate = || {
        let tick = operation(&monitor, "tick");
        let window = tick.last_calls;
        (window.calls_per_second.unwrap(), window.span().as_millis())
    };
    // A single call of a second.
    monitor.measure("tick", || advance(&clock, 1000));
    assert_eq!(rate(), (1.0, 1000));
    advance(&clock, 1000);
    assert_eq!(rate(), (1.0, 1000));
    advance(&clock, 2000);
    assert_eq!(rate(), (0.25, 4000));
    // Ten calls at 20 a second, of 10 ms each.
    for _ in 0..10 {
        advance(&clock, 40);
        monitor.measure("tick", || advance(&clock, 10));
    }
    let (steady, _) = rate();
    assert!((steady - 10.0 / 0.46).abs() < 1e-9, "{steady}");
    // The next call is not late before it would have ended.
    advance(&clock, 50);
    assert!((rate().0 - steady).abs() < 1e-9);
    advance(&clock, 490);
    assert_eq!(rate(), (10.0, 1000));
    advance(&clock, 99_000);
    assert_eq!(rate(), (0.1, 100_000));
    // Calls that come again are what counts.
    monitor.measure("tick", || advance(&clock, 10));
    assert_eq!(rate().1, 99_960);
}

#[test]
fn a_clock_that_steps_back_gives_no_negative_time() {
    let (monitor, clock) = on_mock_clock();
    clock.set_ns(100_000_000_000);
    monitor.measure("step", || clock.set_ns(5));
    let step = operation(&monitor, "step");
    assert_eq!((step.lifetime.max(), step.lifetime.count()), (Some(0.0), 1));
}

#[test]
fn a_call_of_a_century_is_among_the_last_calls_too() {
    let (monitor, clock) = on_mock_clock();
    monitor.measure("long", || clock.set_ns(1 << 61));
    let long = operation(&monitor, "long");
    assert_eq!(long.last_calls.max(), long.lifetime.max());
    assert!(long.lifetime.max() > Some(2e18));
}

#[test]
fn no_call_is_lost_between_threads_while_snapshots_run() {
    const THREADS: u64 = 8;
    const CALLS: u64 = 5_000;
    let monitor = Monitor::new();
    let operation_handle = monitor.operation("busy");
    let mut seen = 0;
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..CALLS {
                    operation_handle.measure(|| ());
                }
            });
        }
        while seen < THREADS * CALLS {
            let snapshot = monitor.snapshot();
            if let Some(busy) = snapshot.operation("busy") {
                // No time is known as long as none of its calls has ended.
                let time = busy.lifetime.execution_time();
                let count = time.map_or(0, |time| time.count);
                assert_eq!(count, busy.lifetime.calls.success);
                assert!(count >= seen);
                seen = count;
            }
        }
    });
    assert_eq!(
        operation(&monitor, "busy").lifetime.calls.success,
        THREADS * CALLS
    );
}

#[test]
fn names_beyond_the_limit_are_counted_as_overflow() {
    let monitor = Monitor::builder().max_operations(10).build();
    for number in 0..1000 {
        monitor.measure(&format!("user {number}"), || ());
    }
    let snapshot = monitor.snapshot();
    assert_eq!(snapshot.operations.len(), 11);
    assert_eq!(
        snapshot.operation("overflow").unwrap().lifetime.count(),
        990
    );
}

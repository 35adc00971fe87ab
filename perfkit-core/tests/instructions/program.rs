//! Makes so many calls of one kind, for `tests/record_path.rs` to count what
//! they cost: `instructions KIND CALLS`.
//!
//! It answers with the name of the clock, the number of calls that were
//! recorded, so that nobody takes a call that was not for a cheap one, and the
//! number of allocations. Of calls each within the one before, on a thread with the
//! stack that Rust gives by default, it says how much of that each takes instead.
#![allow(
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "it has one answer and one user"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use perfkit::{Clock, CountingAllocator, Monitor};

/// Counts what is allocated, perfkit's own included.
struct Everything;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

/// Whether a collector is waited for, which is no part of calls.
static IS_FLUSHING: AtomicBool = AtomicBool::new(false);

/// Those of the calls alone.
static IN_CALLS: AtomicU64 = AtomicU64::new(0);

// SAFETY: arguments and results are those of the system's allocator.
#[expect(unsafe_code, reason = "a global allocator is an unsafe trait")]
unsafe impl GlobalAlloc for Everything {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !IS_FLUSHING.load(Ordering::Relaxed) {
            ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        }
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: CountingAllocator<Everything> = CountingAllocator::new(Everything);

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let calls = arguments[2].parse().unwrap();
    match arguments[1].as_str() {
        "bare deep" => descend(calls, bare_deep),
        "deep" => descend(calls, deep),
        "deep may panic" => descend(calls, deep_may_panic),
        "bare" => repeat(calls, bare),
        "bare Result" => repeat(calls, |input| bare_result(input).unwrap_or(0)),
        "bare async" => repeat(calls, |input| polled(bare_async(input))),
        "bare may panic" => repeat(calls, bare_may_panic),
        "bare Err" => repeat(calls, |input| bare_err(input).unwrap_or(0)),
        "bare nested" => repeat(calls, bare_nested),
        "bare recursive" => repeat(calls, |input| bare_recursive(1, input)),
        "bare awaiting" => repeat(calls, |input| polled_to_end(bare_awaiting(input))),
        "plain" => repeat(calls, plain),
        "may panic" => repeat(calls, may_panic),
        "Err" => repeat(calls, |input| err(input).unwrap_or(0)),
        "nested" => repeat(calls, nested),
        "recursive" => repeat(calls, |input| recursive(1, input)),
        "awaiting" => repeat(calls, |input| polled_to_end(awaiting(input))),
        "timer" => {
            let operation = perfkit::operation("timer");
            repeat(calls, |input| {
                let timer = operation.start();
                let output = bare(input);
                timer.stop();
                output
            });
        }
        "monitor" => {
            let monitor = Monitor::global().clone();
            repeat(calls, |input| on_monitor(&monitor, input));
        }
        "collector" => {
            let monitor = Monitor::global();
            let collector = |_: &perfkit::Measurement| ();
            monitor.set_collector(collector).unwrap();
            repeat(calls, |input| {
                // So that there is always room.
                if input % 1000 == 0 {
                    IS_FLUSHING.store(true, Ordering::Relaxed);
                    monitor.flush_collector(Duration::from_secs(60));
                    IS_FLUSHING.store(false, Ordering::Relaxed);
                }
                plain(input)
            });
        }
        "label" => repeat(calls, one_label),
        "labels" => repeat(calls, three_labels),
        "Result" => repeat(calls, |input| result(input).unwrap_or(0)),
        "memory" => repeat(calls, memory),
        "throughput" => repeat(calls, throughput),
        "sampled" => repeat(calls, sampled),
        "async" => repeat(calls, |input| polled(asynchronous(input))),
        "async label" => repeat(calls, |input| polled(asynchronous_with_label(input))),
        "off" => {
            perfkit::set_enabled(false);
            repeat(calls, plain);
        }
        "kept" => {
            let operation = perfkit::operation("kept");
            repeat(calls, |input| operation.measure(|| bare(input)));
        }
        "counter" => {
            let counter = perfkit::counter("counter");
            repeat(calls, |input| {
                counter.increment();
                bare(input)
            });
        }
        "gauge" => {
            let gauge = perfkit::gauge("gauge");
            repeat(calls, |input| {
                gauge.set(input as f64);
                bare(input)
            });
        }
        "named" => repeat(calls, |input| perfkit::measure("named", || bare(input))),
        kind => panic!("there is no kind of call named {kind:?}"),
    }
    let snapshot = Monitor::global().snapshot();
    let operations = snapshot.operations.iter();
    let counted: u64 = operations
        .map(|operation| operation.lifetime.calls.total())
        .sum();
    let counters = snapshot.counters.iter();
    let counted = counters.fold(counted, |sum, counter| sum + counter.lifetime.total);
    let gauges = snapshot.gauges.iter();
    let counted = gauges.fold(counted, |sum, gauge| sum + gauge.updates);
    let said = IN_CALLS.load(Ordering::Relaxed) + STACK_BYTES.load(Ordering::Relaxed);
    println!("{} {counted} {said}", Clock::fastest().name());
}

/// How much stack one of the calls takes that are each within the one before.
static STACK_BYTES: AtomicU64 = AtomicU64::new(0);

/// Where the stack of the innermost call is.
static INNERMOST: AtomicU64 = AtomicU64::new(0);

fn descend(calls: u64, call: fn(u64) -> u64) {
    let descends = move || {
        let outermost = note_stack();
        black_box(call(black_box(calls - 1)));
        let bytes = outermost - INNERMOST.load(Ordering::Relaxed);
        STACK_BYTES.store(bytes / calls, Ordering::Relaxed);
    };
    let thread = std::thread::Builder::new().stack_size(2 << 20);
    thread.spawn(descends).unwrap().join().unwrap();
}

#[inline(never)]
fn note_stack() -> u64 {
    let local = black_box(0_u8);
    let here = std::ptr::from_ref(black_box(&local)).addr() as u64;
    INNERMOST.store(here, Ordering::Relaxed);
    here
}

#[inline(never)]
fn bare_deep(depth: u64) -> u64 {
    match depth {
        0 => note_stack(),
        depth => black_box(bare_deep(depth - 1)) ^ depth,
    }
}

#[perfkit::measure]
#[inline(never)]
fn deep(depth: u64) -> u64 {
    match depth {
        0 => note_stack(),
        depth => black_box(deep(depth - 1)) ^ depth,
    }
}

#[perfkit::measure]
#[inline(never)]
fn deep_may_panic(depth: u64) -> u64 {
    match depth {
        0 => note_stack(),
        depth => black_box(deep_may_panic(depth - 1)) ^ unknown(depth),
    }
}

/// The same loop around every kind of call.
#[inline(never)]
fn repeat(calls: u64, call: impl Fn(u64) -> u64) {
    let mut before = 0;
    for input in 0..calls {
        // The first call of an operation makes what the others use, and of failures the
        // first thousand have their text written.
        if input == 2_000 {
            before = ALLOCATIONS.load(Ordering::Relaxed);
        }
        black_box(call(black_box(input)));
    }
    let after = ALLOCATIONS.load(Ordering::Relaxed);
    IN_CALLS.store(after - before, Ordering::Relaxed);
}

#[inline(never)]
fn bare(input: u64) -> u64 {
    body(input)
}

#[inline(never)]
fn bare_result(input: u64) -> Result<u64, std::fmt::Error> {
    body_result(input)
}

async fn bare_async(input: u64) -> u64 {
    body(input)
}

#[perfkit::measure]
#[inline(never)]
fn plain(input: u64) -> u64 {
    body(input)
}

#[perfkit::measure]
#[inline(never)]
fn result(input: u64) -> Result<u64, std::fmt::Error> {
    body_result(input)
}

#[inline(never)]
fn bare_may_panic(input: u64) -> u64 {
    body_may_panic(input)
}

#[perfkit::measure]
#[inline(never)]
fn may_panic(input: u64) -> u64 {
    body_may_panic(input)
}

#[inline(never)]
fn bare_err(input: u64) -> Result<u64, std::fmt::Error> {
    if body(input) == u64::MAX {
        return Ok(input);
    }
    Err(std::fmt::Error)
}

#[perfkit::measure]
#[inline(never)]
fn err(input: u64) -> Result<u64, std::fmt::Error> {
    if body(input) == u64::MAX {
        return Ok(input);
    }
    Err(std::fmt::Error)
}

#[inline(never)]
fn bare_nested(input: u64) -> u64 {
    bare(input)
}

/// Two calls, one within the other.
#[perfkit::measure]
#[inline(never)]
fn nested(input: u64) -> u64 {
    plain(input)
}

#[inline(never)]
fn bare_recursive(depth: u64, input: u64) -> u64 {
    if depth == 0 {
        return body(input);
    }
    bare_recursive(depth - 1, input)
}

/// Two calls, one within the other, of one operation.
#[perfkit::measure]
#[inline(never)]
fn recursive(depth: u64, input: u64) -> u64 {
    if depth == 0 {
        return body(input);
    }
    recursive(depth - 1, input)
}

#[perfkit::measure(monitor = monitor)]
#[inline(never)]
fn on_monitor(monitor: &Monitor, input: u64) -> u64 {
    body(input)
}

#[perfkit::measure(labels(route = ["/a", "/b"][(input & 1) as usize]))]
#[inline(never)]
fn one_label(input: u64) -> u64 {
    body(input)
}

#[perfkit::measure(labels(
    route = ["/a", "/b"][(input & 1) as usize],
    status = 200_u16 + (input & 1) as u16,
    method = "GET",
))]
#[inline(never)]
fn three_labels(input: u64) -> u64 {
    body(input)
}

#[perfkit::measure(memory)]
#[inline(never)]
fn memory(input: u64) -> u64 {
    body(input)
}

#[perfkit::measure(throughput(items = input))]
#[inline(never)]
fn throughput(input: u64) -> u64 {
    body(input)
}

#[perfkit::measure(sample = 100)]
#[inline(never)]
fn sampled(input: u64) -> u64 {
    body(input)
}

#[perfkit::measure]
async fn asynchronous(input: u64) -> u64 {
    body(input)
}

#[perfkit::measure(labels(route = ["/a", "/b"][(input & 1) as usize]))]
async fn asynchronous_with_label(input: u64) -> u64 {
    body(input)
}

async fn bare_awaiting(input: u64) -> u64 {
    for _ in 0..10 {
        Once(false).await;
    }
    body(input)
}

/// Polled eleven times.
#[perfkit::measure]
async fn awaiting(input: u64) -> u64 {
    for _ in 0..10 {
        Once(false).await;
    }
    body(input)
}

/// Ready when it is polled again.
struct Once(bool);

impl Future for Once {
    type Output = ();

    fn poll(mut self: std::pin::Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        match std::mem::replace(&mut self.0, true) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }
}

#[inline(always)]
fn body(input: u64) -> u64 {
    black_box(input) ^ 1
}

#[inline(always)]
fn body_result(input: u64) -> Result<u64, std::fmt::Error> {
    if input == u64::MAX {
        return Err(std::fmt::Error);
    }
    Ok(body(input))
}

/// Calls what the compiler knows nothing of, so that it may unwind.
#[inline(always)]
fn body_may_panic(input: u64) -> u64 {
    unknown(input)
}

#[inline(never)]
extern "C-unwind" fn unknown(input: u64) -> u64 {
    if input == u64::MAX {
        panic!("there are never so many calls");
    }
    body(input)
}

/// Polls the future until it is ready.
#[inline(never)]
fn polled_to_end(future: impl Future<Output = u64>) -> u64 {
    let mut future = pin!(future);
    loop {
        let poll = future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        if let Poll::Ready(output) = poll {
            return output;
        }
    }
}

/// Polls the future once, as it needs no more, without a runtime.
#[inline(never)]
fn polled(future: impl Future<Output = u64>) -> u64 {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => 0,
    }
}

//! Makes so many calls of one kind, for `tests/record_path.rs` to count what
//! they cost: `instructions KIND CALLS`.
//!
//! It answers with the name of the clock, the number of calls that were
//! recorded, so that nobody takes a call that was not for a cheap one, and the
//! number of allocations.
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
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use perfkit::{Clock, CountingAllocator, Monitor};

/// Counts what is allocated, perfkit's own included.
struct Everything;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

/// Those of the calls alone.
static IN_CALLS: AtomicU64 = AtomicU64::new(0);

// SAFETY: arguments and results are those of the system's allocator.
#[expect(unsafe_code, reason = "a global allocator is an unsafe trait")]
unsafe impl GlobalAlloc for Everything {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
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
        "bare" => repeat(calls, bare),
        "bare Result" => repeat(calls, |input| bare_result(input).unwrap_or(0)),
        "bare async" => repeat(calls, |input| polled(bare_async(input))),
        "plain" => repeat(calls, plain),
        "Result" => repeat(calls, |input| result(input).unwrap_or(0)),
        "memory" => repeat(calls, memory),
        "throughput" => repeat(calls, throughput),
        "sampled" => repeat(calls, sampled),
        "async" => repeat(calls, |input| polled(asynchronous(input))),
        "off" => {
            perfkit::set_enabled(false);
            repeat(calls, plain);
        }
        "kept" => {
            let operation = perfkit::operation("kept");
            repeat(calls, |input| operation.measure(|| bare(input)));
        }
        "named" => repeat(calls, |input| perfkit::measure("named", || bare(input))),
        kind => panic!("there is no kind of call named {kind:?}"),
    }
    let snapshot = Monitor::global().snapshot();
    let operations = snapshot.operations.iter();
    let counted: u64 = operations
        .map(|operation| operation.lifetime.calls.success)
        .sum();
    let allocations = IN_CALLS.load(Ordering::Relaxed);
    println!("{} {counted} {allocations}", Clock::fastest().name());
}

/// The same loop around every kind of call.
#[inline(never)]
fn repeat(calls: u64, call: impl Fn(u64) -> u64) {
    let mut before = 0;
    for input in 0..calls {
        // The first call of an operation makes what the others use.
        if input == 1 {
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

/// Polls the future once, as it needs no more, without a runtime.
#[inline(never)]
fn polled(future: impl Future<Output = u64>) -> u64 {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => 0,
    }
}

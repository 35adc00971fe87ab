//! Makes so many calls of one kind, for `../instructions.rs` to count what they
//! cost: `instructions KIND CALLS`.
//!
//! It answers with the name of the clock and the number of calls that were
//! counted, so that nobody takes a call that was not recorded for a cheap one.
#![allow(
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "it has one answer and one user"
)]

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use perfkit::{Clock, CountingAllocator, Monitor};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

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
    println!("{} {counted}", Clock::fastest().name());
}

/// The same loop around every kind of call.
#[inline(never)]
fn repeat(calls: u64, call: impl Fn(u64) -> u64) {
    for input in 0..calls {
        black_box(call(black_box(input)));
    }
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

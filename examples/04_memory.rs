//! Lesson 4: measure what a call allocates.
//!
//! In the `Cargo.toml` of a program of your own:
//! `perfkit-core = "0.1"`
//!
//! `CountingAllocator` wraps the program's allocator and counts per thread. It
//! sees what goes through the global allocator, and nothing else: not memory
//! maps, not stacks, not what C libraries take from `malloc`.
//!
//! Run it with `cargo run --example 04_memory`.

use perfkit::{CountingAllocator, measure};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

/// Grows its vector as it goes: several allocations, and room left over.
#[measure(memory)]
fn growing(count: usize) -> Vec<u64> {
    let mut squares = Vec::new();
    for number in 0..count as u64 {
        squares.push(number * number);
    }
    squares
}

/// Knows its size: one allocation.
#[measure(memory)]
fn sized(count: usize) -> Vec<u64> {
    let mut squares = Vec::with_capacity(count);
    for number in 0..count as u64 {
        squares.push(number * number);
    }
    squares
}

fn main() {
    perfkit::report_at_exit();
    assert_eq!(growing(10_000), sized(10_000));

    let snapshot = perfkit::snapshot();
    for name in ["04_memory::growing", "04_memory::sized"] {
        let operation = snapshot.operation(name).expect("it was called");
        let max = |metric: &str| {
            let summary = operation
                .lifetime
                .metric(metric)
                .expect("the allocator is installed");
            summary.max.expect("it was called")
        };
        println!(
            "{name:20} {:3} allocations, {:7} bytes in all, {:6} bytes at the peak, {:6} kept",
            max("allocations"),
            max("allocated"),
            max("peak_growth"),
            max("net_growth"),
        );
    }
}

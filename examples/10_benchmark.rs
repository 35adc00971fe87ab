//! Lesson 10: a benchmark, which compares implementations.
//!
//! In the `Cargo.toml` of a program of your own:
//! `perfkit-core = { version = "0.1", features = ["bench"] }`
//!
//! Each implementation runs in processes of its own, which take turns; the others
//! of a group are compared with its first.
//!
//! Run it with `cargo bench --bench 10_benchmark`, or `perfkit compare --bench
//! sort` for tables and charts. Only some of it: `cargo bench --bench
//! 10_benchmark -- sort/1000`.

use perfkit::bench::black_box;

/// Counts what the program allocates, so that a benchmark tells it too.
#[global_allocator]
static ALLOCATOR: perfkit::CountingAllocator = perfkit::CountingAllocator::system();

/// Numbers without an order, the same in every process.
fn numbers(count: u64) -> Vec<u64> {
    (0..count)
        .map(|n| n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20)
        .collect()
}

fn main() {
    perfkit::bench::main(|bench| {
        for count in [1_000, 10_000] {
            bench.group(format!("sort/{count}"), |group| {
                let numbers = numbers(count);
                group.parameter("count", count).items(count);
                // An input that is used up is made anew, outside of the time.
                let sorted = |mut numbers: Vec<u64>| {
                    numbers.sort();
                    numbers
                };
                let sorted_unstable = |mut numbers: Vec<u64>| {
                    numbers.sort_unstable();
                    numbers
                };
                group.add_with_input("stable", || numbers.clone(), sorted);
                group.add_with_input("unstable", || numbers.clone(), sorted_unstable);
            });
        }
        bench.group("sum", |group| {
            let numbers = numbers(1_000);
            group.items(1_000);
            group.add("fold", || {
                let numbers = black_box(&numbers);
                numbers.iter().fold(0, |sum: u64, n| sum.wrapping_add(*n))
            });
            group.add("collected", || {
                let halves: Vec<u64> = black_box(&numbers).iter().map(|n| n / 2).collect();
                halves.iter().sum::<u64>()
            });
        });
    });
}

//! Lesson 8: dead code, wrong beside right.
//!
//! In the `Cargo.toml` of a program of your own:
//! `perfkit-core = "0.1"`
//!
//! The compiler removes work whose result nobody uses, and computes ahead what
//! it can know. A measurement of that is a measurement of nothing. `black_box`
//! hides where a value comes from and that nobody needs it.
//!
//! Run it with `cargo run --release --example 08_dead_code`; without
//! `--release` nothing is removed, and both take the same time.

use std::hint::black_box;

use perfkit::unit::Unit;

/// Sums the square roots of a thousand numbers.
fn work(start: u32) -> f64 {
    (0..1000).map(|i| f64::from(start + i).sqrt()).sum()
}

fn main() {
    for _ in 0..1000 {
        // Wrong: the result is thrown away, so the work may be, too.
        perfkit::measure("wrong", || {
            work(7);
        });
        // Right: the argument may be anything, and the result is needed.
        perfkit::measure("right", || {
            black_box(work(black_box(7)));
        });
    }

    let snapshot = perfkit::snapshot();
    for name in ["wrong", "right"] {
        let operation = snapshot.operation(name).expect("it was called");
        let median = operation.lifetime.median().expect("it was timed");
        println!("{name}: median {}", Unit::Nanoseconds.format(median, 3));
    }
}

//! Lesson 2: measure a part of a function.
//!
//! In the `Cargo.toml` of a program of your own:
//! `perfkit-core = "0.1"`
//!
//! A closure, a closure that may fail, and a guard. A call within a call is
//! taken out of the outer one's self time, so that self times add up.
//!
//! Run it with `cargo run --example 02_block`.

use std::thread::sleep;
use std::time::Duration;

use perfkit::{Timer, measure};

#[measure(name = "import")]
fn import(lines: &[&str]) -> u64 {
    // A closure: whatever it returns is a success.
    let trimmed: Vec<&str> = perfkit::measure("import: trim", || {
        sleep(Duration::from_millis(2));
        lines.iter().map(|line| line.trim()).collect()
    });

    // A guard: it measures to the end of its block, or until it is told how the
    // block of code ended.
    let timer = Timer::start("import: validate");
    let longest = trimmed.iter().map(|line| line.len()).max();
    match longest {
        Some(length) if length <= 20 => timer.stop(),
        _ => timer.fail("line_too_long", "a line has more than 20 characters"),
    }

    // A closure that may fail.
    let parse = |line: &&str| perfkit::try_measure("import: parse", || line.parse::<u64>());
    trimmed.iter().filter_map(|line| parse(line).ok()).sum()
}

fn main() {
    perfkit::report_at_exit();
    println!("sum: {}", import(&["1", " 2 ", "three", "4"]));

    let snapshot = perfkit::snapshot();
    let time = |name: &str, metric: &str| {
        let operation = snapshot.operation(name).expect("it was called");
        operation.lifetime.metric(metric).expect("it was timed").sum / 1e6
    };
    println!("import took {:.1} ms,", time("import", "execution_time"));
    println!(
        "{:.1} ms of it outside the parts",
        time("import", "self_time")
    );
}

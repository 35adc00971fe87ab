//! Lesson 1: measure a function.
//!
//! In the `Cargo.toml` of a program of your own:
//! `perfkit-core = "0.1"`
//!
//! `#[measure]` records every call: how long it took, and whether it succeeded.
//! An `Err` is a failure, and its time is kept apart from that of successes.
//!
//! Run it with `cargo run --example 01_function`.

use perfkit::measure;

#[measure]
fn parse_all(text: &str) -> Result<Vec<u32>, std::num::ParseIntError> {
    text.split(',').map(parse).collect()
}

#[measure]
fn parse(field: &str) -> Result<u32, std::num::ParseIntError> {
    field.trim().parse()
}

fn main() {
    // Prints a summary to standard error when the program ends.
    perfkit::report_at_exit();

    for line in ["1, 2, 3", "4, five, 6", "7"] {
        match parse_all(line) {
            Ok(numbers) => println!("{line:12} -> {numbers:?}"),
            Err(error) => println!("{line:12} -> {error}"),
        }
    }

    let snapshot = perfkit::snapshot();
    let parse = snapshot
        .operation("01_function::parse")
        .expect("it was called");
    let calls = parse.lifetime.calls;
    println!(
        "parse: {} successes, {} failure",
        calls.success, calls.failure
    );
    println!("its latest error: {}", parse.errors[0].last_text);
}

//! Lesson 7: save a report, read it back, sum it up.
//!
//! In the `Cargo.toml` of a program of your own:
//! `perfkit-core = "0.1"`
//!
//! The file holds the histograms themselves, so that any percentile can be read
//! from it later. `perfkit report FILE` prints it, `perfkit gate FILE` holds it
//! against budgets. A program needs no code for it: `PERFKIT_REPORT=FILE` saves
//! one at exit.
//!
//! Run it with `cargo run --example 07_report_file`.

use perfkit::unit::Unit;
use perfkit::{Report, measure};

#[measure]
fn fibonacci(n: u32) -> u64 {
    (0..n).fold((0, 1), |(a, b), _| (b, a + b)).0
}

fn main() -> Result<(), perfkit::report::ReportError> {
    for n in 0..90 {
        fibonacci(n);
    }

    let path = std::env::temp_dir().join("perfkit-lesson-7.json");
    Report::from_snapshot(perfkit::snapshot()).save(&path)?;
    println!("saved {}", path.display());

    let report = Report::load(&path)?;
    let summary = report.summary();
    println!(
        "{} calls of {} operation",
        summary.ended.total(),
        summary.operations
    );
    let time = report.operations[0].lifetime.execution_time();
    let p75 = time.and_then(|time| time.percentile(0.75));
    let p75 = p75.map(|ns| Unit::Nanoseconds.format(ns, 3));
    println!(
        "three quarters of them took at most {}",
        p75.unwrap_or_default()
    );
    Ok(())
}

//! Lesson 5: measure throughput.
//!
//! In the `Cargo.toml` of a program of your own:
//! `perfkit-core = "0.1"`
//!
//! A call says how much it processes, in items or in bytes. The report then has
//! calls, items and bytes per second of real time; CPU time tells how much of it
//! was work.
//!
//! Run it with `cargo run --example 05_throughput`.

use std::hint::black_box;

use perfkit::measure;
use perfkit::unit::Unit;

#[measure(cpu, throughput(bytes = data.len()))]
fn checksum(data: &[u8]) -> u32 {
    data.iter()
        .fold(1, |sum, byte| sum.rotate_left(5) ^ u32::from(*byte))
}

fn main() {
    perfkit::report_at_exit();
    let data = vec![7_u8; 1 << 20];
    for _ in 0..50 {
        black_box(checksum(black_box(&data)));
    }

    let snapshot = perfkit::snapshot();
    let checksum = snapshot
        .operation("05_throughput::checksum")
        .expect("it was called");
    let rate = checksum
        .lifetime
        .bytes_per_second
        .expect("it declares bytes");
    println!(
        "{} through the checksum",
        Unit::BytesPerSecond.format(rate, 3)
    );
    let busy = checksum
        .lifetime
        .execution_time()
        .expect("it was timed")
        .sum;
    if let Some(cpu) = checksum.lifetime.cpu_time() {
        println!("{:.0} % of its time was CPU time", 100.0 * cpu.sum / busy);
    }
}

//! A command that computes for as long as it is told: `helper STEPS`.

use std::hint::black_box;
use std::process::ExitCode;

fn main() -> ExitCode {
    let argument = std::env::args().nth(1);
    let Some(steps) = argument.and_then(|text| text.parse::<u64>().ok()) else {
        eprintln!("usage: helper STEPS");
        return ExitCode::from(2);
    };
    black_box(compute(black_box(steps)));
    ExitCode::SUCCESS
}

#[inline(never)]
fn compute(steps: u64) -> u64 {
    let mut value = 1_u64;
    for step in 0..steps {
        value = value.wrapping_mul(6_364_136_223_846_793_005) ^ step;
    }
    value
}

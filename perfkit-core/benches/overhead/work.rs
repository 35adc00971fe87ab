//! What the measured functions do, and what is done between their calls.

use std::hint::black_box;

/// Steps of [`chain`] that take about 15 ns: each takes four or five cycles.
const STEPS: u32 = 15;

/// A chain of multiplications, each of which waits for the one before. Nothing
/// in it depends on a clock or on a recorder.
pub(crate) fn chain(start: u64) -> u64 {
    let mut value = start;
    for _ in 0..STEPS {
        value = (value ^ 0x9E37_79B9_7F4A_7C15).wrapping_mul(value | 1);
    }
    value
}

/// The body of every measured function: nothing, or about 15 ns of work.
#[inline(always)]
pub(crate) fn body<const WORK: bool>(input: u64) -> u64 {
    let input = black_box(input);
    if WORK { chain(input) } else { input }
}

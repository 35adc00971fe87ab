//! `perfkit work`: a fixed amount of work, by which the gate tests itself.

use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::args::WorkArguments;
use crate::error::Error;
use crate::exit::Exit;

pub(crate) fn run(arguments: &WorkArguments) -> Result<Exit, Error> {
    work(arguments.steps);
    Ok(Exit::Done)
}

/// Steps each of which waits for the one before, so that none is faster by the luck of
/// where it lies.
fn work(steps: u64) {
    let mut state = black_box(0x9E37_79B9_7F4A_7C15_u64);
    for _ in 0..steps {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
    }
    black_box(state);
}

/// About how many steps take so long here.
pub(super) fn steps_that_take(time: Duration) -> u64 {
    const STEPS: u64 = 200_000;
    let timed = || {
        let start = Instant::now();
        work(STEPS);
        start.elapsed()
    };
    // Whatever else the machine does only makes it longer.
    let fastest = (0..5).map(|_| timed()).min().unwrap_or(time);
    let times = time.as_nanos() / fastest.as_nanos().max(1);
    STEPS * u64::try_from(times).unwrap_or(1).clamp(1, 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longer_work_has_more_steps() {
        let steps = [1, 1000].map(|ms| steps_that_take(Duration::from_millis(ms)));
        assert!(steps[0] >= 200_000 && steps[1] > 10 * steps[0], "{steps:?}");
    }
}

//! How it was sampled, and why sampling ended.

use perfkit::report::{Benchmark, Sampling, StopReason};

use super::spans::Sentence;
use super::words::counted;

/// How many samples there are, in which order they were taken, and why there are not
/// more.
pub(super) fn how_sampled(sampling: &Sampling, benchmarks: &[Benchmark]) -> Sentence {
    let seed = sampling.seed;
    let order = match (sampling.rounds, sampling.interleaved) {
        (1.., interleaved) => {
            let blocks = counted(sampling.blocks, "block");
            let rounds = counted(sampling.rounds, "round");
            let order = if interleaved { ", interleaved" } else { "" };
            format!("{blocks} in {rounds} of fresh processes{order} (seed {seed})")
        }
        _ if benchmarks.len() == 1 => counted(sampling.blocks, "run"),
        (0, true) => {
            let runs = counted(sampling.blocks, "run");
            format!("{runs} of each, interleaved in random order (seed {seed})")
        }
        (0, false) => {
            let runs = benchmarks.iter().map(|b| b.successes + b.failures);
            let fewest = runs.min().unwrap_or_default();
            let most = counted(sampling.blocks, "run");
            let runs = match fewest < sampling.blocks {
                true => format!("{fewest} to {most}"),
                false => most,
            };
            format!("{runs} of each, one command after the other")
        }
    };
    let end = match sampling.stopped {
        StopReason::Decided => "stopped because every comparison was decided",
        StopReason::RunsDone if sampling.rounds > 0 => "stopped at the planned number of rounds",
        StopReason::RunsDone => "stopped at the requested number of runs",
        StopReason::RunLimit => "stopped at the largest number of runs that is useful",
        StopReason::TimeUp => "stopped at the time limit (--time sets it)",
        StopReason::RunFailed => "stopped because a run failed",
        StopReason::Interrupted => "stopped by an interrupt",
    };
    Sentence::plain(&format!("{order}; {end}."))
}

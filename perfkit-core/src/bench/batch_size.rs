//! How much an implementation measures before the next one runs.
//!
//! A *sample* is some iterations between two readings of the clock. A *batch* is what one
//! worker does before another has the CPU: some iterations that are not timed, and a few
//! samples.

use std::time::Duration;

use super::protocol::BatchSize;

/// How long a sample is to last: long against a reading of the clock, short
/// against the levels that a machine's speed moves between.
pub(super) const SAMPLE_TIME: Duration = Duration::from_micros(100);

/// The most samples in a batch: the shorter batches are, the more alike are the levels
/// of the machine's speed that implementations meet in a block.
const MAX_SAMPLES: u64 = 3;

/// A sample that takes longer than this is the only one of its batch, without a warm-up:
/// caches and branch predictors, which the implementation before filled for itself, are
/// warm again after far less.
const LONGEST_WARM_UP: Duration = Duration::from_millis(20);

/// The most blocks in one round, however slowly processes start.
const MOST_BLOCKS: f64 = 32.0;

/// Implementations whose times differ by less than this factor do the same number of
/// iterations in each sample, so that what a sample costs beside them is the same.
const SAME_ITERATIONS: f64 = 2.0;

/// Of benchmarks of several threads, how long a sample is to last where every thread has a
/// CPU: long against a portion of its iterations, and short against the time for which the
/// system gives a CPU to others.
const THREADED_SAMPLE: Duration = Duration::from_millis(1);

/// The same for each thread that shares a CPU with others of them: the system lets each run
/// for some milliseconds, and a sample is to see most of them run.
const SAMPLE_OF_EACH: Duration = Duration::from_micros(2500);

/// Benchmarks of several threads whose times differ by less than this factor do the same
/// number of iterations: how those run that contend may differ as much by itself.
const SAME_ITERATIONS_OF_THREADS: f64 = 16.0;

/// How long the samples of a batch of several threads are to last together.
const THREADED_BATCH: Duration = Duration::from_millis(15);

/// The most samples in it: they are long, and the next process need not wait.
const MAX_THREADED_SAMPLES: f64 = 5.0;

/// So many times as long as they are expected to take, samples may take with those that
/// have to be taken again.
const RETRY_FACTOR: f64 = 4.0;

/// What an implementation does in each batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct BatchPlan {
    pub(super) size: BatchSize,
    /// How long it is expected to take.
    pub(super) expected: Duration,
}

/// The batches of implementations whose iterations take so many nanoseconds.
pub(super) fn batch_plans(iteration_ns: &[f64]) -> Vec<BatchPlan> {
    let shortest = iteration_ns.iter().copied().fold(f64::INFINITY, f64::min);
    let alike = |ns: f64| ns <= SAME_ITERATIONS * shortest;
    let slowest_alike = iteration_ns.iter().copied().filter(|ns| alike(*ns));
    let slowest_alike = slowest_alike.fold(0.0, f64::max);
    let plan = |ns: &f64| BatchPlan::of(if alike(*ns) { slowest_alike } else { *ns });
    iteration_ns.iter().map(plan).collect()
}

/// How long samples of so many threads on so many CPUs are to last.
pub(super) fn threaded_sample_time(threads: usize, cpus: usize) -> Duration {
    match threads.div_ceil(cpus.max(1)) {
        0 | 1 => THREADED_SAMPLE,
        each => SAMPLE_OF_EACH * u32::try_from(each).unwrap_or(u32::MAX),
    }
}

/// The batches of implementations some of which run on several threads, whose iterations
/// take so many nanoseconds. All do the same number of iterations, unless they are far
/// apart: as many as fill a sample of one in the middle between the fastest and the slowest.
pub(super) fn threaded_batch_plans(iteration_ns: &[f64], sample: Duration) -> Vec<BatchPlan> {
    let times = iteration_ns.iter().map(|ns| ns.max(1e-3));
    let fastest = times.clone().fold(f64::INFINITY, f64::min);
    let slowest = times.clone().fold(0.0, f64::max);
    let are_alike = slowest < SAME_ITERATIONS_OF_THREADS * fastest;
    let middle = |ns: f64| {
        if are_alike {
            (fastest * slowest).sqrt()
        } else {
            ns
        }
    };
    let plan = |ns: f64| BatchPlan::of_threads(ns, middle(ns), sample);
    times.map(plan).collect()
}

impl BatchPlan {
    /// The batches of an implementation of several threads: as many iterations as fill a
    /// sample where one takes `typical_ns`.
    fn of_threads(iteration_ns: f64, typical_ns: f64, sample: Duration) -> Self {
        let iterations = (sample.as_nanos() as f64 / typical_ns).round().max(1.0);
        let fitting = THREADED_BATCH.as_nanos() as f64 / (iterations * typical_ns);
        let samples = fitting.round().clamp(1.0, MAX_THREADED_SAMPLES);
        let is_short = LONGEST_WARM_UP.as_nanos() as f64 >= iterations * typical_ns;
        let warm_up = if is_short {
            (iterations / 4.0).ceil()
        } else {
            0.0
        };
        let samples_ns = samples * iterations * iteration_ns;
        Self {
            size: BatchSize {
                iterations: iterations as u64,
                samples: samples as u64,
                warm_up: warm_up as u64,
                retry_ns: (RETRY_FACTOR * samples_ns) as u64,
            },
            expected: Duration::from_nanos((samples_ns + warm_up * iteration_ns) as u64),
        }
    }

    /// The batches of an implementation whose iterations take so many nanoseconds.
    fn of(iteration_ns: f64) -> Self {
        let sample_ns = SAMPLE_TIME.as_nanos() as f64;
        let iterations = (sample_ns / iteration_ns.max(1e-3)).round().max(1.0);
        let each_ns = iterations * iteration_ns;
        let warm = LONGEST_WARM_UP.as_nanos() as f64 / each_ns.max(1.0);
        let samples = warm.round().clamp(1.0, MAX_SAMPLES as f64);
        let warm_up = if warm >= 1.0 {
            (iterations / 2.0).ceil()
        } else {
            0.0
        };
        let all = samples * iterations + warm_up;
        Self {
            size: BatchSize {
                iterations: iterations as u64,
                samples: samples as u64,
                warm_up: warm_up as u64,
                retry_ns: 0,
            },
            expected: Duration::from_nanos((all * iteration_ns) as u64),
        }
    }

    /// How long a sample is expected to take.
    pub(super) fn sample_time(&self) -> Duration {
        let BatchSize {
            iterations,
            samples,
            warm_up,
            ..
        } = self.size;
        let share = iterations as f64 / (samples * iterations + warm_up).max(1) as f64;
        self.expected.mul_f64(share)
    }

    /// The blocks of a round in which each implementation is to measure for so long, where
    /// this is the longest batch; and of each block whether it is mirrored, that is, runs
    /// everyone a second time in the reverse order.
    pub(super) fn blocks_in(&self, round: Duration) -> Vec<bool> {
        let mirrored_ns = 2.0 * self.expected.as_nanos().max(1) as f64;
        let blocks = (round.as_nanos() as f64 / mirrored_ns).round();
        if blocks < 1.0 && self.size.warm_up == 0 {
            return vec![false];
        }
        vec![true; blocks.clamp(1.0, MOST_BLOCKS) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn implementations_of_similar_speed_do_the_same_iterations() {
        let sizes = |iteration_ns: &[f64]| -> Vec<(u64, u64)> {
            let plans = batch_plans(iteration_ns);
            let sizes = plans.iter().map(|plan| plan.size);
            sizes.map(|s| (s.iterations, s.samples)).collect()
        };
        assert_eq!(sizes(&[1000.0, 1900.0]), [(53, 3), (53, 3)]);
        // Beyond twice the time each has a count of its own.
        assert_eq!(
            sizes(&[1000.0, 1900.0, 4000.0]),
            [(53, 3), (53, 3), (25, 3)]
        );
        assert_eq!(sizes(&[1000.0, 2100.0]), [(100, 3), (48, 3)]);
        // What fills a sample by itself is called once in each.
        assert_eq!(sizes(&[3e5]), [(1, 3)]);
        assert_eq!(sizes(&[12e6]), [(1, 2)]);
        assert_eq!(sizes(&[50e6, 50e6]), [(1, 1), (1, 1)]);
        assert_eq!(sizes(&[2e9]), [(1, 1)]);
        // A function that takes no time at all must not be called for ever.
        let (iterations, samples) = sizes(&[0.0])[0];
        assert!(iterations <= 1_000_000_000 && samples == 3);
    }

    #[test]
    fn every_batch_begins_with_iterations_that_are_not_timed() {
        let plan = |iteration_ns: f64| {
            let plan = batch_plans(&[iteration_ns])[0];
            (plan.size.warm_up, plan.expected, plan.sample_time())
        };
        let micros = Duration::from_micros;
        assert_eq!(plan(1e3), (50, micros(350), micros(100)));
        assert_eq!(plan(40e3), (2, micros(440), micros(120)));
        assert_eq!(plan(1e6), (1, micros(4_000), micros(1_000)));
        assert_eq!(plan(15e6), (1, micros(30_000), micros(15_000)));
        // What takes long is warm after a part of it.
        assert_eq!(plan(30e6), (0, micros(30_000), micros(30_000)));
    }

    #[test]
    fn samples_of_threads_are_longer_where_they_share_cpus() {
        let times = [(2, 2), (1, 4), (3, 2), (8, 2), (4, 0)];
        let times = times.map(|(threads, cpus)| threaded_sample_time(threads, cpus));
        assert_eq!(
            times.map(|time| time.as_micros()),
            [1000, 1000, 5000, 10_000, 10_000]
        );
    }

    #[test]
    fn threads_do_the_same_iterations_unless_they_are_far_apart() {
        let sizes = |iteration_ns: &[f64], sample_ms| -> Vec<(u64, u64, u64)> {
            let plans = threaded_batch_plans(iteration_ns, Duration::from_millis(sample_ms));
            let sizes = plans.iter().map(|plan| plan.size);
            sizes
                .map(|s| (s.iterations, s.samples, s.warm_up))
                .collect()
        };
        assert_eq!(sizes(&[10.0, 90.0], 1), [(33_333, 5, 8334); 2]);
        assert_eq!(
            sizes(&[10.0, 160.0], 1),
            [(100_000, 5, 25_000), (6250, 5, 1563)]
        );
        assert_eq!(sizes(&[100.0], 5), [(50_000, 3, 12_500)]);
        assert_eq!(sizes(&[100.0], 10), [(100_000, 2, 25_000)]);
        assert_eq!(sizes(&[50e6], 1), [(1, 1, 0)]);
        let plan = threaded_batch_plans(&[1000.0], THREADED_SAMPLE)[0];
        assert_eq!(plan.size.retry_ns, 20_000_000);
        assert_eq!(plan.expected, Duration::from_micros(5250));
    }

    #[test]
    fn a_round_has_blocks_enough_for_its_time() {
        let blocks = |round_ms, batch_us, warm_up| {
            let plan = BatchPlan {
                size: BatchSize {
                    iterations: 1,
                    samples: 1,
                    warm_up,
                    retry_ns: 0,
                },
                expected: Duration::from_micros(batch_us),
            };
            plan.blocks_in(Duration::from_millis(round_ms))
        };
        assert_eq!(blocks(10, 50_000, 0), [false]);
        assert_eq!(blocks(10, 50_000, 1), [true]);
        assert_eq!(blocks(10, 4_000, 1), [true]);
        assert_eq!(blocks(10, 2_400, 1).len(), 2);
        assert_eq!(blocks(100, 2_400, 1).len(), 21);
        assert_eq!(blocks(10, 0, 1).len(), 32);
    }
}

//! Running contestants in turn.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64Mcg;

use crate::clock::Clock;
use crate::metric::{Metric, MetricSummary};
use crate::report::{Benchmark, FailureKind, RunFailure, Sampling, StopReason, Verdict};
use crate::unit::Unit;

use super::comparison::Rules;
use super::family::{Family, compare_family};
use super::subject::{Run, RunResult, Subject};

/// How many failed runs are described.
const DESCRIBED_FAILURES: usize = 10;

/// How contestants are run.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Decides the order within each block.
    pub seed: u64,
    /// Blocks that are run first and not counted.
    pub warmup_blocks: u64,
    /// The fewest counted blocks, even beyond the time budget.
    pub min_blocks: u64,
    /// The most counted blocks.
    pub max_blocks: u64,
    /// Time after which no further block begins, once there are `min_blocks`.
    pub budget: Duration,
    /// Go on after a failed run; it is counted and its values are not.
    pub ignore_failures: bool,
    /// When to stop before the time is up; `None` for never.
    pub looks: Option<Looks>,
}

/// Looks at the numbers before the end, each of which ends sampling if every
/// verdict on wall times is clear. They and the one at the end share the error
/// that the verdicts may have.
#[derive(Clone, Debug, PartialEq)]
pub struct Looks {
    /// Who is compared with whom.
    pub family: Family,
    /// In ascending order of their times.
    pub early: Vec<Look>,
}

/// One of the looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// Its time. It waits for `min_blocks`, and for as many as its rules need.
    pub at: Duration,
    /// Its rules, with its share of the error.
    pub rules: Rules,
}

/// How far sampling has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// Whether this is the warm-up.
    pub is_warmup: bool,
    /// How many counted blocks are done; of functions, how many rounds.
    pub blocks: u64,
    /// How many there are at most.
    pub planned_blocks: u64,
    /// Time since the first counted block began.
    pub elapsed: Duration,
    /// The contestant whose turn is next.
    pub subject: &'a str,
}

/// Is told before every run how far sampling has come.
pub trait Observer {
    /// Called before every run.
    fn before_run(&mut self, progress: &Progress<'_>);
}

impl<F: FnMut(&Progress<'_>)> Observer for F {
    fn before_run(&mut self, progress: &Progress<'_>) {
        self(progress);
    }
}

/// Runs the subjects in blocks: each block runs every subject once, in a random
/// order of its own, so that whatever changes with time meets all alike.
///
/// Everything that was measured is returned, however sampling ended.
pub fn sample<S: Subject>(
    subjects: &mut [S],
    plan: &Plan,
    clock: &Clock,
    observer: &mut impl Observer,
) -> Sampled {
    let mut sampler = Sampler {
        collected: subjects.iter().map(|s| Collected::new(s.name())).collect(),
        order: (0..subjects.len()).collect(),
        random: Pcg64Mcg::seed_from_u64(plan.seed),
        looked: 0,
        decided_by: None,
        subjects,
        plan,
    };
    let (blocks, end) = sampler.run(clock, observer);
    let (stopped, failure) = match end {
        End::Reason(reason) => (reason, None),
        End::Failure(subject, failure) => (StopReason::RunFailed, Some((subject, failure))),
    };
    let sampling = Sampling {
        interleaved: sampler.subjects.len() > 1,
        seed: plan.seed,
        warmup_blocks: plan.warmup_blocks,
        blocks,
        rounds: 0,
        looks: 1 + plan
            .looks
            .as_ref()
            .map_or(0, |looks| looks.early.len() as u64),
        stopped,
    };
    let collected = sampler.collected.into_iter();
    Sampled {
        benchmarks: collected.map(Collected::into_benchmark).collect(),
        sampling,
        decided_by: sampler.decided_by,
        failure,
    }
}

/// What sampling yielded.
#[derive(Clone, Debug)]
pub struct Sampled {
    /// The runs of each subject, in the order of the subjects.
    pub benchmarks: Vec<Benchmark>,
    /// How they were sampled.
    pub sampling: Sampling,
    /// The rules of the early look that ended sampling, if one did.
    pub decided_by: Option<Rules>,
    /// The failure that ended sampling, and whose it was.
    pub failure: Option<(usize, RunFailure)>,
}

/// Why sampling ends.
enum End {
    Reason(StopReason),
    Failure(usize, RunFailure),
}

struct Sampler<'a, S> {
    subjects: &'a mut [S],
    plan: &'a Plan,
    collected: Vec<Collected>,
    order: Vec<usize>,
    random: Pcg64Mcg,
    /// How many of the looks are past.
    looked: usize,
    decided_by: Option<Rules>,
}

impl<S: Subject> Sampler<'_, S> {
    /// Runs warm-up and blocks; returns how many blocks were completed, and why
    /// it ended.
    fn run(&mut self, clock: &Clock, observer: &mut impl Observer) -> (u64, End) {
        let planned_blocks = self.plan.max_blocks;
        for _ in 0..self.plan.warmup_blocks {
            let tell = |subject: &str, observer: &mut dyn FnMut(&Progress<'_>)| {
                observer(&Progress {
                    is_warmup: true,
                    blocks: 0,
                    planned_blocks,
                    elapsed: Duration::ZERO,
                    subject,
                });
            };
            let before = |subject: &str| tell(subject, &mut |p| observer.before_run(p));
            if let Some(end) = self.run_block(None, before) {
                return (0, end);
            }
        }
        let start_ns = clock.now_ns();
        let elapsed = || Duration::from_nanos(clock.now_ns().saturating_sub(start_ns));
        for block in 0..self.plan.max_blocks {
            if block >= self.plan.min_blocks && elapsed() >= self.plan.budget {
                return (block, End::Reason(StopReason::TimeUp));
            }
            let before = |subject: &str| {
                observer.before_run(&Progress {
                    is_warmup: false,
                    blocks: block,
                    planned_blocks,
                    elapsed: elapsed(),
                    subject,
                });
            };
            if let Some(end) = self.run_block(Some(block), before) {
                return (block, end);
            }
            if block + 1 >= self.plan.min_blocks && self.is_decided(block + 1, elapsed()) {
                return (block + 1, End::Reason(StopReason::Decided));
            }
        }
        (self.plan.max_blocks, End::Reason(StopReason::RunsDone))
    }

    /// Whether it is time to look, and every verdict is clear.
    fn is_decided(&mut self, blocks: u64, elapsed: Duration) -> bool {
        let Some(looks) = &self.plan.looks else {
            return false;
        };
        let is_due = |look: &&Look| look.at <= elapsed && blocks >= look.rules.fewest_pairs();
        let due = looks.early.iter().take_while(is_due).count();
        let Some(look) = looks.early.get(..due).and_then(<[Look]>::last) else {
            return false;
        };
        if due <= self.looked {
            return false;
        }
        self.looked = due;
        let benchmarks = self
            .collected
            .iter()
            .cloned()
            .map(Collected::into_benchmark);
        let benchmarks: Vec<Benchmark> = benchmarks.collect();
        let metrics = [Metric::WALL_TIME];
        let comparisons = compare_family(&benchmarks, &looks.family, &metrics, &look.rules);
        let is_clear = comparisons.len() == looks.family.pairs.len()
            && comparisons
                .iter()
                .all(|comparison| comparison.verdict != Verdict::Inconclusive);
        self.decided_by = is_clear.then_some(look.rules);
        is_clear
    }

    /// Runs every subject once; `None` as the block's number for a warm-up.
    /// Returns why to stop, if there is a reason.
    fn run_block(&mut self, block: Option<u64>, mut before_run: impl FnMut(&str)) -> Option<End> {
        self.order.shuffle(&mut self.random);
        for &index in &self.order {
            let subject = &mut self.subjects[index];
            let collected = &mut self.collected[index];
            before_run(subject.name());
            let run = match block {
                None => Run::Warmup,
                Some(_) => Run::Counted(collected.runs() + 1),
            };
            let (failure, is_fatal) = match (subject.run(run), block) {
                (RunResult::Interrupted, _) => return Some(End::Reason(StopReason::Interrupted)),
                (RunResult::Done(values), _) if !values.iter().all(|(.., v)| v.is_finite()) => {
                    (not_a_number(run), false)
                }
                (RunResult::Done(values), Some(block)) => {
                    collected.add(block, values);
                    continue;
                }
                (RunResult::Done(_), None) => continue,
                (RunResult::Failed(failure), _) => (failure, false),
                (RunResult::Impossible(failure), _) => (failure, true),
            };
            collected.fail(run, failure.clone());
            if is_fatal || !self.plan.ignore_failures {
                return Some(End::Failure(index, failure));
            }
        }
        None
    }
}

/// A run with a value that is no number has none that pairs.
fn not_a_number(run: Run) -> RunFailure {
    let reason = "a measured value is not a finite number";
    RunFailure::new(FailureKind::NotANumber, reason).of_run(run.number())
}

/// The values of one subject so far.
#[derive(Clone)]
struct Collected {
    benchmark: Benchmark,
    samples: BTreeMap<Metric, (Unit, Vec<f64>)>,
}

impl Collected {
    fn new(name: &str) -> Self {
        Self {
            benchmark: Benchmark::new(name),
            samples: BTreeMap::new(),
        }
    }

    fn runs(&self) -> u64 {
        self.benchmark.successes + self.benchmark.failures
    }

    fn add(&mut self, block: u64, values: Vec<super::Measured>) {
        self.benchmark.successes += 1;
        self.benchmark.blocks.push(block);
        for (metric, unit, value) in values {
            let samples = self.samples.entry(metric);
            samples.or_insert((unit, Vec::new())).1.push(value);
        }
    }

    fn fail(&mut self, run: Run, failure: RunFailure) {
        self.benchmark.failures += u64::from(run != Run::Warmup);
        if self.benchmark.failed_runs.len() < DESCRIBED_FAILURES {
            self.benchmark.failed_runs.push(failure);
        }
    }

    fn into_benchmark(mut self) -> Benchmark {
        // What some runs lack cannot be told which run it is of.
        let runs = self.benchmark.blocks.len();
        let whole = self.samples.into_iter();
        for (metric, (unit, samples)) in whole.filter(|(_, (_, all))| all.len() == runs) {
            let summary = MetricSummary::from_samples(unit, samples);
            self.benchmark.metrics.insert(metric, summary);
        }
        self.benchmark
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::MockClock;

    /// Takes a fixed time on the mock clock and notes its turns.
    struct Fake<'a> {
        name: &'static str,
        clock: &'a MockClock,
        turns: &'a std::cell::RefCell<Vec<&'static str>>,
        fails_at: Option<u64>,
    }

    impl Subject for Fake<'_> {
        fn name(&self) -> &str {
            self.name
        }

        fn run(&mut self, run: Run) -> RunResult {
            self.turns.borrow_mut().push(self.name);
            self.clock.advance(Duration::from_millis(10));
            if self.fails_at.is_some() && run.number() == self.fails_at {
                let failure = RunFailure::new(FailureKind::ExitStatus, "exit status 3");
                return RunResult::Failed(failure.of_run(run.number()));
            }
            RunResult::Done(vec![(Metric::WALL_TIME, Unit::Nanoseconds, 10e6)])
        }
    }

    fn plan() -> Plan {
        Plan {
            seed: 7,
            warmup_blocks: 1,
            min_blocks: 3,
            max_blocks: 50,
            budget: Duration::from_millis(200),
            ignore_failures: false,
            looks: None,
        }
    }

    fn run(plan: &Plan, fails_at: Option<u64>) -> (Vec<Benchmark>, Sampling, Vec<&'static str>) {
        let clock = MockClock::new();
        let turns = std::cell::RefCell::default();
        let subject = |name, fails_at| Fake {
            name,
            clock: &clock,
            turns: &turns,
            fails_at,
        };
        let mut subjects = [subject("a", None), subject("b", fails_at)];
        let ignore = &mut |_: &Progress<'_>| {};
        let sampled = sample(&mut subjects, plan, &clock.clone().into(), ignore);
        (sampled.benchmarks, sampled.sampling, turns.into_inner())
    }

    #[test]
    fn every_block_runs_everyone_once_in_an_order_of_its_own() {
        let (benchmarks, sampling, turns) = run(&plan(), None);
        assert_eq!(
            (sampling.blocks, sampling.stopped),
            (10, StopReason::TimeUp)
        );
        assert!(benchmarks.iter().all(|b| b.successes == 10));
        let blocks: Vec<_> = turns.chunks(2).collect();
        assert!(blocks.iter().all(|block| block[0] != block[1]));
        assert!(blocks.contains(&["a", "b"].as_slice()));
        assert!(blocks.contains(&["b", "a"].as_slice()));
        assert_eq!(turns.len(), 2 * 11);
    }

    #[test]
    fn the_seed_decides_the_order() {
        let other = Plan { seed: 8, ..plan() };
        assert_eq!(run(&plan(), None).2, run(&plan(), None).2);
        assert_ne!(run(&plan(), None).2, run(&other, None).2);
    }

    #[test]
    fn the_fewest_and_the_most_blocks_are_kept() {
        let hasty = Plan {
            budget: Duration::ZERO,
            ..plan()
        };
        assert_eq!(run(&hasty, None).1.blocks, 3);
        let patient = Plan {
            budget: Duration::MAX,
            max_blocks: 12,
            ..plan()
        };
        let sampling = run(&patient, None).1;
        assert_eq!(
            (sampling.blocks, sampling.stopped),
            (12, StopReason::RunsDone)
        );
    }

    #[test]
    fn it_stops_at_the_first_look_at_which_all_is_clear() {
        let looks = |confidence| Looks {
            family: Family::against(0, vec!["a".to_owned(), "b".to_owned()]),
            early: [30, 500]
                .map(|ms| Look {
                    at: Duration::from_millis(ms),
                    rules: Rules {
                        confidence,
                        ..Rules::default()
                    },
                })
                .to_vec(),
        };
        let patient = |looks| Plan {
            min_blocks: 12,
            budget: Duration::from_secs(10),
            looks: Some(looks),
            ..plan()
        };
        // Both always take the same time.
        let (_, sampling, _) = run(&patient(looks(0.999)), None);
        assert_eq!((sampling.blocks, sampling.looks), (12, 3));
        assert_eq!(sampling.stopped, StopReason::Decided);
        // To be this sure takes more blocks than there are at the last look.
        let (_, sampling, _) = run(&patient(looks(1.0 - 1e-15)), None);
        assert_eq!(sampling.stopped, StopReason::RunsDone);
    }

    #[test]
    fn a_failed_run_ends_sampling_and_keeps_what_was_measured() {
        let (benchmarks, sampling, _) = run(&plan(), Some(4));
        assert_eq!(sampling.stopped, StopReason::RunFailed);
        assert_eq!((benchmarks[1].successes, benchmarks[1].failures), (3, 1));
        assert_eq!(benchmarks[1].failed_runs[0].run, Some(4));
        assert!(benchmarks[0].successes >= 3);
    }

    #[test]
    fn ignored_failures_are_counted_and_leave_a_gap() {
        let lenient = Plan {
            ignore_failures: true,
            ..plan()
        };
        let (benchmarks, sampling, _) = run(&lenient, Some(4));
        assert_eq!(sampling.stopped, StopReason::TimeUp);
        assert_eq!((benchmarks[1].successes, benchmarks[1].failures), (9, 1));
        assert_eq!(benchmarks[1].success_rate(), Some(0.9));
        assert_eq!(benchmarks[1].blocks, [0, 1, 2, 4, 5, 6, 7, 8, 9]);
    }
}

//! Commands as a source of values: each run is a process, and a block runs each once.

use rand::seq::SliceRandom;

use crate::report::{FailureKind, RunFailure};

use super::samples::MetricValue;
use super::sampling::{Replicate, Source, SourceError};
use super::subject::{Run, RunResult, Subject};

/// Runs subjects in blocks: each block runs every subject once, in a random order, so that
/// whatever changes with time meets all alike. The second block has the reverse of the first
/// order, so that being first makes no pairs agree, however few there are. Where there will be
/// few, every other block has the reverse of the one before it. More have orders of their own:
/// with these a burst that lasts for two runs does not meet the same subject twice.
#[derive(Debug)]
pub struct Blocks<'a, S> {
    subjects: &'a mut [S],
    order: Vec<usize>,
}

impl<'a, S: Subject> Blocks<'a, S> {
    /// Of these subjects.
    pub fn of(subjects: &'a mut [S]) -> Self {
        Self {
            order: (0..subjects.len()).collect(),
            subjects,
        }
    }

    /// Runs a subject once; returns the failure that has to end sampling.
    fn run(&mut self, index: usize, replicate: &mut Replicate<'_>) -> Result<(), SourceError> {
        let samples = &mut replicate.samples[index];
        let run = match replicate.number {
            None => Run::Warmup,
            Some(_) => Run::Counted(samples.runs() + 1),
        };
        let block = *replicate.blocks;
        let failure = match self.subjects[index].run(run) {
            RunResult::Interrupted => return Err(SourceError::Interrupted),
            RunResult::Done(values) if is_finite(&values) => {
                samples.count(1, 0);
                samples.add(block, None, values);
                return Ok(());
            }
            RunResult::FailedAndIgnored(failure, values) if is_finite(&values) => {
                samples.count(0, 1);
                samples.describe(failure);
                samples.add_of_failure(block, values);
                return Ok(());
            }
            RunResult::Done(_) | RunResult::FailedAndIgnored(..) => not_a_number(run),
            RunResult::Failed(failure) => failure,
        };
        samples.count(0, 1);
        samples.describe(failure.clone());
        Err(SourceError::Failed(index, failure))
    }
}

impl<S: Subject> Source for Blocks<'_, S> {
    fn measure(&mut self, replicate: &mut Replicate<'_>) -> Result<(), SourceError> {
        match replicate.number {
            Some(1) => self.order.reverse(),
            Some(number) if replicate.are_few && number % 2 == 1 => self.order.reverse(),
            _ => self.order.shuffle(replicate.random),
        }
        for position in 0..self.order.len() {
            let index = self.order[position];
            (replicate.announce)(index);
            self.run(index, replicate)?;
        }
        *replicate.blocks += 1;
        Ok(())
    }

    fn has_rounds(&self) -> bool {
        false
    }
}

fn is_finite(values: &[MetricValue]) -> bool {
    values.iter().all(|(.., value)| value.is_finite())
}

/// A value that is no number could not be compared.
fn not_a_number(run: Run) -> RunFailure {
    let reason = "a measured value is not a finite number";
    RunFailure::new(FailureKind::NotANumber, reason).of_run(run.number())
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::time::Duration;

    use super::*;
    use crate::bench::engine::{Experiment, InterimAnalysis, Sampled, StoppingRule};
    use crate::clock::MockClock;
    use crate::compare::{ComparisonSet, VerdictRules};
    use crate::metric::Metric;
    use crate::report::StopReason;
    use crate::unit::Unit;

    /// Takes a fixed time on the mock clock and notes when it is run.
    struct Fake<'a> {
        name: &'static str,
        clock: &'a MockClock,
        runs: &'a RefCell<Vec<&'static str>>,
        fails_at: Option<u64>,
        ignores_failures: bool,
    }

    impl Subject for Fake<'_> {
        fn name(&self) -> &str {
            self.name
        }

        fn run(&mut self, run: Run) -> RunResult {
            self.runs.borrow_mut().push(self.name);
            self.clock.advance(Duration::from_millis(10));
            if self.fails_at.is_some() && run.number() == self.fails_at {
                let failure = RunFailure::new(FailureKind::ExitStatus, "exit status 3");
                let failure = failure.of_run(run.number());
                return match self.ignores_failures {
                    true => RunResult::FailedAndIgnored(failure, values(5e6)),
                    false => RunResult::Failed(failure),
                };
            }
            RunResult::Done(values(10e6))
        }
    }

    fn values(wall_ns: f64) -> Vec<MetricValue> {
        vec![(Metric::WALL_TIME, Unit::Nanoseconds, wall_ns)]
    }

    fn rule() -> StoppingRule {
        StoppingRule {
            warmup_replicates: 1,
            longest_warmup: Duration::MAX,
            fewest_replicates: 3,
            min_replicates: 3,
            max_replicates: 50,
            time: Duration::from_millis(220),
            longest: Duration::MAX,
            ends_in_time: true,
            interim: Vec::new(),
            final_rules: VerdictRules::default(),
        }
    }

    /// Two that take the same time, of which the second may fail once.
    struct Case {
        seed: u64,
        fails_at: Option<u64>,
        ignores_failures: bool,
    }

    const FINE: Case = Case {
        seed: 7,
        fails_at: None,
        ignores_failures: false,
    };

    impl Case {
        /// Returns the names in the order of the runs too.
        fn run(&self, rule: &StoppingRule) -> (Sampled, Vec<&'static str>) {
            let (clock, runs) = (MockClock::new(), RefCell::default());
            let subject = |name, fails_at| Fake {
                name,
                clock: &clock,
                runs: &runs,
                fails_at,
                ignores_failures: self.ignores_failures,
            };
            let mut subjects = [subject("a", None), subject("b", self.fails_at)];
            let set = ComparisonSet::against(0, vec!["a".to_owned(), "b".to_owned()]);
            let experiment = Experiment {
                set: &set,
                rule,
                seed: self.seed,
                clock: &clock.clone().into(),
            };
            let mut source = Blocks::of(&mut subjects);
            let sampled = experiment.run(&mut source, &mut |_| {});
            (sampled, runs.into_inner())
        }
    }

    #[test]
    fn every_block_runs_everyone_once_in_an_order_of_its_own() {
        let (sampled, runs) = FINE.run(&rule());
        assert_eq!(sampled.sampling.stopped, StopReason::TimeUp);
        assert_eq!((sampled.sampling.blocks, sampled.sampling.rounds), (10, 0));
        assert_eq!(sampled.sampling.warmup_blocks, 1);
        assert!(sampled.benchmarks.iter().all(|b| b.successes == 10));
        assert!(sampled.benchmarks.iter().all(|b| b.blocks.len() == 10));
        let blocks: Vec<_> = runs.chunks(2).collect();
        assert!(blocks.iter().all(|block| block[0] != block[1]));
        assert_eq!(runs.len(), 2 * 11);
    }

    /// The orders of the blocks that count, each as the name of the first.
    fn firsts(rule: &StoppingRule, seed: u64) -> Vec<&'static str> {
        let rule = StoppingRule {
            warmup_replicates: 0,
            ..rule.clone()
        };
        let (_, runs) = Case { seed, ..FINE }.run(&rule);
        runs.chunks(2).map(|block| block[0]).collect()
    }

    #[test]
    fn orders_of_few_blocks_are_balanced_and_those_of_many_are_random() {
        let few = StoppingRule {
            max_replicates: 10,
            ..rule()
        };
        let many = StoppingRule {
            time: Duration::from_secs(1),
            ..rule()
        };
        let is_balanced = |firsts: &[&str]| firsts.chunks_exact(2).all(|two| two[0] != two[1]);
        let seeds = 0..20;
        for seed in seeds.clone() {
            let firsts = firsts(&few, seed);
            assert!(firsts.len() == 10 && is_balanced(&firsts), "{firsts:?}");
        }
        assert!(seeds.clone().any(|seed| firsts(&few, seed)[0] == "a"));
        assert!(seeds.clone().any(|seed| firsts(&few, seed)[0] == "b"));
        for seed in seeds {
            let firsts = firsts(&many, seed);
            assert_eq!(firsts.len(), 50);
            assert!(is_balanced(&firsts[..2]) && !is_balanced(&firsts));
        }
    }

    #[test]
    fn a_warm_up_that_leaves_no_time_is_kept_as_the_first_block() {
        let slow = StoppingRule {
            longest_warmup: Duration::from_millis(19),
            time: Duration::from_millis(50),
            fewest_replicates: 1,
            ..rule()
        };
        let (sampled, runs) = FINE.run(&slow);
        // Without a bound, as few as are always measured.
        assert_eq!((sampled.sampling.blocks, runs.len()), (3, 6));
        assert_eq!(sampled.sampling.warmup_blocks, 0);
        for benchmark in &sampled.benchmarks {
            assert_eq!((benchmark.successes, benchmark.failures), (3, 0));
            assert_eq!(benchmark.blocks, [0, 1, 2]);
        }
        assert_eq!(runs[0..2], [runs[3], runs[2]], "the reverse of the first");
        let bounded = StoppingRule {
            longest: slow.time,
            ..slow.clone()
        };
        assert_eq!(
            FINE.run(&bounded).1.len(),
            4,
            "the third cannot end in time"
        );
        let never = StoppingRule {
            time: Duration::ZERO,
            longest: Duration::ZERO,
            ..bounded
        };
        assert_eq!(FINE.run(&never).1.len(), 2, "one block is always measured");
    }

    #[test]
    fn what_ends_a_warm_up_that_took_long_leaves_what_was_measured() {
        let kept = |longest_ms: u64| {
            let (clock, runs) = (MockClock::new(), RefCell::default());
            let subject = |name| Fake {
                name,
                clock: &clock,
                runs: &runs,
                fails_at: None,
                ignores_failures: false,
            };
            let mut subjects = [
                Ending::After(subject("a")),
                Ending::After(subject("b")),
                Ending::Now,
            ];
            let names = ["a", "b", "c"].map(str::to_owned);
            let rule = StoppingRule {
                longest_warmup: Duration::from_millis(longest_ms),
                ..rule()
            };
            let experiment = Experiment {
                set: &ComparisonSet::against(0, names.into()),
                rule: &rule,
                seed: 4,
                clock: &clock.clone().into(),
            };
            let sampled = experiment.run(&mut Blocks::of(&mut subjects), &mut |_| {});
            assert_eq!(sampled.sampling.stopped, StopReason::Interrupted);
            assert_eq!(sampled.sampling.warmup_blocks, 0);
            let successes = sampled.benchmarks.iter().map(|b| b.successes).sum::<u64>();
            (successes, runs.borrow().len() as u64)
        };
        let (found, done) = kept(5);
        assert!(found == done && done > 0, "{found} of {done}");
        assert_eq!(kept(1000).0, 0);
    }

    /// Runs as another does, or is interrupted.
    enum Ending<'a> {
        After(Fake<'a>),
        Now,
    }

    impl Subject for Ending<'_> {
        fn name(&self) -> &str {
            "c"
        }

        fn run(&mut self, run: Run) -> RunResult {
            match self {
                Self::After(other) => other.run(run),
                Self::Now => RunResult::Interrupted,
            }
        }
    }

    #[test]
    fn warm_ups_end_where_the_time_does() {
        let many = StoppingRule {
            warmup_replicates: 9,
            fewest_replicates: 1,
            time: Duration::from_millis(60),
            longest: Duration::from_millis(60),
            ..rule()
        };
        let (sampled, runs) = FINE.run(&many);
        assert_eq!(sampled.sampling.warmup_blocks, 3);
        assert_eq!((sampled.sampling.blocks, runs.len()), (1, 8));
    }

    #[test]
    fn the_seed_decides_the_order() {
        let other = Case { seed: 9, ..FINE };
        assert_eq!(FINE.run(&rule()).1, FINE.run(&rule()).1);
        assert_ne!(FINE.run(&rule()).1, other.run(&rule()).1);
    }

    #[test]
    fn the_fewest_and_the_most_blocks_are_kept() {
        let short = StoppingRule {
            time: Duration::ZERO,
            ..rule()
        };
        assert_eq!(FINE.run(&short).0.sampling.blocks, 3);
        let long = StoppingRule {
            time: Duration::MAX,
            max_replicates: 12,
            ..rule()
        };
        let sampling = FINE.run(&long).0.sampling;
        assert_eq!(
            (sampling.blocks, sampling.stopped),
            (12, StopReason::RunsDone)
        );
    }

    #[test]
    fn it_stops_at_the_first_interim_analysis_at_which_all_is_clear() {
        let rule = |confidence| {
            let rules = VerdictRules {
                confidence,
                ..VerdictRules::default()
            };
            let interim = [30, 500].map(|ms| InterimAnalysis {
                min_replicates: rules.fewest_pairs().max(12),
                min_time: Duration::from_millis(ms),
                if_slow: None,
                rules,
            });
            StoppingRule {
                min_replicates: 12,
                time: Duration::from_secs(10),
                interim: interim.to_vec(),
                final_rules: rules,
                ..rule()
            }
        };
        let sampling = FINE.run(&rule(0.999)).0.sampling;
        assert_eq!((sampling.blocks, sampling.interim_analyses), (12, 2));
        assert_eq!(sampling.stopped, StopReason::Decided);
        // To be this sure takes more blocks than there are at the end.
        let sampling = FINE.run(&rule(1.0 - 1e-15)).0.sampling;
        assert_eq!(sampling.stopped, StopReason::RunsDone);
    }

    #[test]
    fn a_failed_run_ends_sampling_and_keeps_what_was_measured() {
        let failing = Case {
            fails_at: Some(4),
            ..FINE
        };
        let (sampled, _) = failing.run(&rule());
        assert_eq!(sampled.sampling.stopped, StopReason::RunFailed);
        let [a, b] = &sampled.benchmarks[..] else {
            panic!("two");
        };
        assert_eq!((b.successes, b.failures), (3, 1));
        assert_eq!(b.failed_runs[0].run, Some(4));
        assert!(a.successes >= 3);
    }

    #[test]
    fn ignored_failures_are_counted_and_their_values_are_marked() {
        let lenient = Case {
            fails_at: Some(4),
            ignores_failures: true,
            ..FINE
        };
        let (sampled, _) = lenient.run(&rule());
        assert_eq!(sampled.sampling.stopped, StopReason::TimeUp);
        let b = &sampled.benchmarks[1];
        assert_eq!((b.successes, b.failures), (9, 1));
        assert_eq!(b.success_rate(), Some(0.9));
        assert_eq!((b.blocks.len(), &b.failed_blocks[..]), (10, &[3][..]));
        let time = &b.metrics[&Metric::WALL_TIME];
        assert_eq!(
            (time.count, time.min, time.max),
            (10, Some(5e6), Some(10e6))
        );
    }
}

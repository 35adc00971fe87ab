//! The loop that measures: it collects values, analyses them in between, and ends.
//!
//! Commands and functions differ in where their values come from and in what is one
//! independent repetition, a *replicate*. Both are the business of a [`Source`]: for
//! commands a replicate is a block, in which each is run once in a process of its own
//! ([`Blocks`](super::blocks::Blocks)); for functions it is a round, in which each has a fresh
//! process that is measured in several blocks ([`Rounds`](super::rounds::Rounds)). When to analyse
//! and when to end is said by a [`StoppingRule`], and is the same for both.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;

use crate::clock::Clock;
use crate::compare::{ComparisonSet, VerdictRules, compare_set};
use crate::metric::Metric;
use crate::report::{Benchmark, RunFailure, Sampling, StopReason, Verdict};

use super::samples::Samples;
use super::stopping::{InterimAnalysis, StoppingRule};

/// Where measured values come from.
pub trait Source {
    /// Measures every implementation in one replicate, and adds the values to its samples.
    ///
    /// # Errors
    /// What has to end sampling. What was added before stays.
    fn measure(&mut self, replicate: &mut Replicate<'_>) -> Result<(), SourceError>;

    /// Whether replicates are rounds of several blocks, rather than blocks.
    fn has_rounds(&self) -> bool;

    /// How long sampling has to go on for slow implementations to have values enough.
    fn wanted_time(&self) -> Duration {
        Duration::ZERO
    }

    /// Whether it may take far longer than it should for reasons that are not its own, so
    /// that sampling has to end in time even with fewer replicates than a verdict needs.
    fn may_be_held_up(&self) -> bool {
        false
    }

    /// Adds to the results, in the order of the implementations, what only the source
    /// knows of them.
    fn finish(&self, _results: &mut [Benchmark]) {}
}

/// Why a source cannot go on.
#[derive(Clone, Debug, PartialEq)]
pub enum SourceError {
    /// The user wants everything to end.
    Interrupted,
    /// The implementation of this index failed.
    Failed(usize, RunFailure),
}

/// One independent repetition, as a source fills it.
pub struct Replicate<'a> {
    /// Its number, from 0; `None` for a warm-up, whose values are only kept if it took long.
    pub(super) number: Option<u64>,
    /// Whether there will be too few of them for orders to even out by chance.
    pub(super) are_few: bool,
    /// Decides orders and placements.
    pub(super) random: &'a mut Pcg64Mcg,
    /// What was measured of each implementation so far.
    pub(super) samples: &'a mut [Samples],
    /// How many blocks are complete, which is the number of the next one.
    pub(super) blocks: &'a mut u64,
    /// Reports that the implementation of this index is run next.
    pub(super) announce: &'a mut dyn FnMut(usize),
}

impl std::fmt::Debug for Replicate<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut replicate = f.debug_struct("Replicate");
        replicate
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

/// How far sampling has come.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Progress<'a> {
    /// Whether this is the warm-up.
    pub is_warmup: bool,
    /// How many replicates that count are complete.
    pub replicates: u64,
    /// The share of all that is done, from 0 to 1, if sampling goes on until its time
    /// is up.
    pub share: f64,
    /// Time since the first replicate began, be it a warm-up.
    pub elapsed: Duration,
    /// The implementation that is run next.
    pub name: &'a str,
    /// The median of its wall times so far, or of a moment ago, in nanoseconds.
    pub median_ns: Option<f64>,
}

/// The estimates that are shown meanwhile. To have them takes time, and nobody reads faster.
#[derive(Debug, Default)]
struct Estimates {
    medians_ns: Vec<Option<f64>>,
    next: Duration,
}

impl Estimates {
    const INTERVAL: Duration = Duration::from_millis(200);

    /// Estimates anew, if the last ones are old.
    fn update(&mut self, samples: &[Samples], elapsed: Duration) {
        if elapsed >= self.next {
            let medians = samples.iter().map(|s| s.median(&Metric::WALL_TIME));
            self.medians_ns = medians.collect();
            self.next = elapsed + Self::INTERVAL;
        }
    }
}

/// What sampling yielded.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Sampled {
    /// What was measured of each implementation, in their order.
    pub benchmarks: Vec<Benchmark>,
    /// How it was sampled.
    pub sampling: Sampling,
    /// The rules of the analysis that it ended with, which verdicts are to be read by.
    pub rules: VerdictRules,
    /// The failure that ended sampling, and the index of the implementation.
    pub failure: Option<(usize, RunFailure)>,
}

/// Everything that decides how a set is measured, but for the source.
#[derive(Clone, Copy, Debug)]
pub struct Experiment<'a> {
    /// What is compared with what.
    pub set: &'a ComparisonSet,
    /// When it ends.
    pub rule: &'a StoppingRule,
    /// Decides orders and placements.
    pub seed: u64,
    /// The clock that time limits are read from.
    pub clock: &'a Clock,
}

impl Experiment<'_> {
    /// Measures replicates until the stopping rule or the source ends it, and reports before
    /// each run how far it has come.
    ///
    /// Everything that was measured is returned, however it ended.
    pub fn run(
        &self,
        source: &mut impl Source,
        progress: &mut dyn FnMut(&Progress<'_>),
    ) -> Sampled {
        let samples = self.set.names.iter().map(|name| Samples::new(name));
        let mut run = Run {
            random: Pcg64Mcg::seed_from_u64(self.seed),
            samples: samples.collect(),
            warmups: 0,
            blocks: 0,
            replicates: 0,
            analyses_done: 0,
            estimates: Estimates::default(),
            rules: self.rule.final_rules,
            experiment: self,
            source,
            progress,
        };
        let (stopped, failure) = match run.run() {
            Ok(reason) => (reason, None),
            Err(SourceError::Interrupted) => (StopReason::Interrupted, None),
            Err(SourceError::Failed(index, failure)) => {
                (StopReason::RunFailed, Some((index, failure)))
            }
        };
        let mut benchmarks = run.benchmarks();
        run.source.finish(&mut benchmarks);
        let rounds = if run.source.has_rounds() {
            run.replicates
        } else {
            0
        };
        Sampled {
            benchmarks,
            sampling: Sampling {
                interleaved: self.set.names.len() > 1,
                seed: self.seed,
                warmup_blocks: run.warmups,
                blocks: run.blocks,
                rounds,
                interim_analyses: self.rule.interim.len() as u64,
                stopped,
            },
            rules: run.rules,
            failure,
        }
    }
}

/// An experiment that is going on.
struct Run<'a, S> {
    experiment: &'a Experiment<'a>,
    source: &'a mut S,
    progress: &'a mut dyn FnMut(&Progress<'_>),
    random: Pcg64Mcg,
    samples: Vec<Samples>,
    /// How many warm-ups are complete that were not kept.
    warmups: u64,
    /// How many blocks are complete, and how many replicates.
    blocks: u64,
    replicates: u64,
    /// How many of the interim analyses are past.
    analyses_done: usize,
    estimates: Estimates,
    /// Those of the analysis that it ends with.
    rules: VerdictRules,
}

impl<S: Source> Run<'_, S> {
    fn run(&mut self) -> Result<StopReason, SourceError> {
        let Experiment { rule, clock, .. } = *self.experiment;
        let start_ns = clock.now_ns();
        let elapsed = || Duration::from_nanos(clock.now_ns().saturating_sub(start_ns));
        while self.replicates == 0
            && self.warmups < rule.warmup_replicates
            && (self.warmups == 0 || !rule.is_bound_reached(elapsed(), self.expected(elapsed())))
        {
            self.warm_up(&elapsed)?;
        }
        while self.replicates < rule.max_replicates {
            let wanted = self.source.wanted_time();
            let next = self.expected(elapsed());
            let is_held_up =
                self.source.may_be_held_up() && rule.is_held_up(self.replicates, elapsed(), wanted);
            if is_held_up || rule.is_time_up(self.replicates, elapsed(), next, wanted) {
                return Ok(self.end(StopReason::TimeUp));
            }
            self.measure(Some(self.replicates), elapsed())?;
            self.replicates += 1;
            if self.is_decided_early(elapsed()) {
                return Ok(StopReason::Decided);
            }
        }
        Ok(self.end(StopReason::RunsDone))
    }

    /// Measures a replicate that is not kept, unless it shows that there is no time for one.
    fn warm_up(&mut self, elapsed: &dyn Fn() -> Duration) -> Result<(), SourceError> {
        let begun = elapsed();
        let result = self.measure(None, begun);
        let is_kept = elapsed().saturating_sub(begun) > self.experiment.rule.longest_warmup;
        if is_kept {
            self.replicates = u64::from(result.is_ok());
        } else {
            self.samples.iter_mut().for_each(Samples::clear);
            self.blocks = 0;
            self.warmups += u64::from(result.is_ok());
            if let Err(SourceError::Failed(index, failure)) = &result {
                self.samples[*index].describe(failure.clone());
            }
        }
        result
    }

    /// How long the next replicate is expected to take: as long as the others in the mean.
    fn expected(&self, elapsed: Duration) -> Duration {
        let done = u32::try_from(self.warmups + self.replicates).unwrap_or(u32::MAX);
        elapsed.checked_div(done).unwrap_or_default()
    }

    fn measure(&mut self, number: Option<u64>, elapsed: Duration) -> Result<(), SourceError> {
        let Experiment { set, rule, .. } = *self.experiment;
        let wanted = self.source.wanted_time();
        let are_few = rule.are_few(self.expected(elapsed));
        self.estimates.update(&self.samples, elapsed);
        let medians_ns = &self.estimates.medians_ns;
        let announce = &mut |index: usize| {
            (self.progress)(&Progress {
                is_warmup: number.is_none(),
                replicates: self.replicates,
                share: rule.share_done(self.replicates, elapsed, wanted),
                elapsed,
                name: set.names.get(index).map_or("", String::as_str),
                median_ns: medians_ns.get(index).copied().flatten(),
            });
        };
        self.source.measure(&mut Replicate {
            number,
            are_few,
            random: &mut self.random,
            samples: &mut self.samples,
            blocks: &mut self.blocks,
            announce,
        })
    }

    /// Whether an interim analysis is due and finds every verdict clear.
    fn is_decided_early(&mut self, elapsed: Duration) -> bool {
        let interim = &self.experiment.rule.interim;
        let is_due = |analysis: &&InterimAnalysis| analysis.is_due(self.replicates, elapsed);
        let due = interim.iter().take_while(is_due).count();
        let Some(analysis) = interim.get(..due).and_then(<[_]>::last) else {
            return false;
        };
        if due <= self.analyses_done || !self.is_decided(&analysis.rules) {
            self.analyses_done = self.analyses_done.max(due);
            return false;
        }
        self.rules = analysis.rules;
        true
    }

    /// The reason to end after the final analysis: every verdict is clear, or else this.
    /// Where verdicts were not to end it, it is this.
    fn end(&self, otherwise: StopReason) -> StopReason {
        let Experiment { set, rule, .. } = *self.experiment;
        let is_asked = !rule.interim.is_empty() && !set.pairs.is_empty();
        if is_asked && self.is_decided(&rule.final_rules) {
            StopReason::Decided
        } else {
            otherwise
        }
    }

    /// Whether every verdict on wall time is clear by these rules; true of no verdicts.
    fn is_decided(&self, rules: &VerdictRules) -> bool {
        let set = self.experiment.set;
        let comparisons = compare_set(&self.benchmarks(), set, &[Metric::WALL_TIME], rules);
        let mut verdicts = comparisons.iter().map(|comparison| comparison.verdict);
        comparisons.len() == set.pairs.len()
            && verdicts.all(|verdict| verdict != Verdict::Inconclusive)
    }

    fn benchmarks(&self) -> Vec<Benchmark> {
        self.samples.iter().map(Samples::benchmark).collect()
    }
}

/// A seed that nobody can foresee, short enough to be typed again.
#[must_use]
pub fn random_seed() -> u64 {
    RandomState::new().hash_one(std::process::id()) % 1_000_000
}

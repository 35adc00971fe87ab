//! The values of one implementation, as they come.

use std::collections::BTreeMap;

use crate::metric::Metric;
use crate::metric_summary::MetricSummary;
use crate::report::{Benchmark, RunFailure};
use crate::stats;
use crate::unit::Unit;

/// How many failed runs are described; all are counted.
const DESCRIBED_FAILURES: usize = 10;

/// One measured value.
pub type MetricValue = (Metric, Unit, f64);

/// The values of one implementation so far.
#[derive(Clone, Debug)]
pub(super) struct Samples {
    benchmark: Benchmark,
    by_metric: BTreeMap<Metric, (Unit, Vec<f64>)>,
}

impl Samples {
    pub(super) fn new(name: &str) -> Self {
        Self {
            benchmark: Benchmark::new(name),
            by_metric: BTreeMap::new(),
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self::new(&self.benchmark.name);
    }

    /// How many runs there were, of functions iterations.
    pub(super) fn runs(&self) -> u64 {
        self.benchmark.successes + self.benchmark.failures
    }

    /// Counts runs.
    pub(super) fn count(&mut self, successes: u64, failures: u64) {
        self.benchmark.successes += successes;
        self.benchmark.failures += failures;
    }

    /// Adds the values of a block, which belongs to a round where there are any.
    pub(super) fn add(&mut self, block: u64, round: Option<u64>, values: Vec<MetricValue>) {
        self.benchmark.blocks.push(block);
        self.benchmark.rounds.extend(round);
        for (metric, unit, value) in values {
            let samples = self.by_metric.entry(metric);
            samples.or_insert((unit, Vec::new())).1.push(value);
        }
    }

    /// Adds the values of a run that failed in this block, if it has any.
    pub(super) fn add_of_failure(&mut self, block: u64, values: Vec<MetricValue>) {
        if !values.is_empty() {
            self.benchmark.failed_blocks.push(block);
            self.add(block, None, values);
        }
    }

    /// Keeps the description of a failure, if there are few so far.
    pub(super) fn describe(&mut self, failure: RunFailure) {
        if self.benchmark.failed_runs.len() < DESCRIBED_FAILURES {
            self.benchmark.failed_runs.push(failure);
        }
    }

    /// The median of a metric so far.
    pub(super) fn median(&self, metric: &Metric) -> Option<f64> {
        let (_, values) = self.by_metric.get(metric)?;
        stats::median(&stats::sorted(values)?)
    }

    /// What is known so far. A metric that was not measured in every block is left out:
    /// its values could not be paired with those of another implementation, because
    /// they do not say which block they are of.
    pub(super) fn benchmark(&self) -> Benchmark {
        let mut benchmark = self.benchmark.clone();
        for (metric, (unit, samples)) in &self.by_metric {
            if samples.len() == benchmark.blocks.len() {
                let summary = MetricSummary::from_samples(*unit, samples.clone());
                benchmark.metrics.insert(metric.clone(), summary);
            }
        }
        benchmark
    }
}

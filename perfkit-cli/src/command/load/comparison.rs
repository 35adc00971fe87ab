//! Two targets, in slices that take turns.

use std::sync::Arc;

use perfkit::compare::{ComparisonSet, VerdictRules, compare_set};
use perfkit::load::LoadResult;
use perfkit::report::{Benchmark, LoadModel, Report};
use perfkit::unit::Unit;
use perfkit::{Metric, MetricSummary, OperationSnapshot};
use tokio::runtime::Runtime;

use crate::args::LoadArguments;
use crate::error::Error;

use super::client::Client;
use super::open::{open, send};
use super::running::Watch;

/// How sure a verdict must be: there are some dozen slices, and no more.
const CONFIDENCE: f64 = 0.99;

/// A target that takes part, or takes part once more as a control.
struct Side {
    client: Arc<Client>,
    operation: Option<OperationSnapshot>,
    median: Vec<f64>,
    p99: Vec<f64>,
    blocks: Vec<u64>,
}

impl Side {
    fn new(client: &Arc<Client>) -> Self {
        Self {
            client: Arc::clone(client),
            operation: None,
            median: Vec::new(),
            p99: Vec::new(),
            blocks: Vec::new(),
        }
    }

    fn add(&mut self, block: u64, result: &LoadResult) {
        let operation = result.operation();
        let time = operation.lifetime.call_time();
        let at = |quantile| time.and_then(|time| time.percentile(quantile));
        if let (Some(median), Some(p99)) = (at(0.5), at(0.99)) {
            self.median.push(median);
            self.p99.push(p99);
            self.blocks.push(block);
        }
        match &mut self.operation {
            Some(known) => known.merge(operation),
            none => *none = Some(operation.clone()),
        }
    }

    fn benchmark(&self, name: &str) -> Benchmark {
        let summary =
            |values: &[f64]| MetricSummary::from_samples(Unit::Nanoseconds, values.to_vec());
        let mut benchmark = Benchmark::new(name);
        benchmark.load = Some(LoadModel::Open);
        benchmark.successes = self.blocks.len() as u64;
        benchmark.blocks.clone_from(&self.blocks);
        let [median, p99] = metrics();
        benchmark.metrics.insert(median, summary(&self.median));
        benchmark.metrics.insert(p99, summary(&self.p99));
        benchmark
    }
}

/// What is compared: of each slice the median and the 99th percentile of response times.
fn metrics() -> [Metric; 2] {
    [
        Metric::named("response_median"),
        Metric::named("response_p99"),
    ]
}

/// Puts the same load on both, and on the first once more, in slices of random order: what a
/// target differs by from itself is noise.
pub(super) fn compare(
    arguments: &LoadArguments,
    names: [String; 2],
    clients: [&Arc<Client>; 2],
    runtime: &Runtime,
    watch: &Watch<'_>,
) -> Result<Report, Error> {
    let mut set = ComparisonSet::against(0, names.to_vec());
    set.add_control(0);
    let [first, second] = clients;
    let mut sides = [Side::new(first), Side::new(second), Side::new(first)];
    let slices = arguments.slices;
    let rate = arguments.rate.map_or(0.0, |rate| rate.0);
    let planned = arguments.duration.0 / u32::try_from(slices).unwrap_or(u32::MAX);
    'all: for block in 0..slices {
        for place in order(block, arguments.seed) {
            let Some(side) = sides.get_mut(place) else {
                continue;
            };
            let name = set.names.get(place).cloned().unwrap_or_default();
            // All of a block meet the same moments.
            let seed = arguments.seed.wrapping_add(block);
            let load = open(arguments, rate, name).for_(planned).seed(seed);
            let handle = load.handle();
            let client = Arc::clone(&side.client);
            let load = load.run(move |index| send(Arc::clone(&client), index));
            let result = watch.run(runtime, planned + arguments.warmup.0, handle, load)?;
            if result.run().is_interrupted {
                break 'all;
            }
            side.add(block, &result);
        }
    }
    let mut benchmarks: Vec<Benchmark> = sides
        .iter()
        .zip(&set.names)
        .map(|(side, name)| side.benchmark(name))
        .collect();
    set.mark_controls(&mut benchmarks);
    let rules = VerdictRules {
        confidence: CONFIDENCE,
        ..VerdictRules::default()
    };
    let operations = sides.into_iter().take(2).filter_map(|side| side.operation);
    let mut report = Report::of_load(operations.collect());
    report.comparisons = compare_set(&benchmarks, &set, &metrics(), &rules);
    report.notes.extend(set.noise_notes(&benchmarks, &rules));
    report.benchmarks = benchmarks;
    Ok(report)
}

/// One of the six orders of three, as if drawn by lot, and each as often within six blocks.
fn order(block: u64, seed: u64) -> [usize; 3] {
    const ORDERS: [[usize; 3]; 6] = [
        [0, 1, 2],
        [2, 1, 0],
        [1, 0, 2],
        [2, 0, 1],
        [0, 2, 1],
        [1, 2, 0],
    ];
    let start = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    let place = (start.wrapping_add(block)) % ORDERS.len() as u64;
    ORDERS.get(place as usize).copied().unwrap_or([0, 1, 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_side_is_as_often_in_each_place() {
        let mut counts = [[0; 3]; 3];
        for block in 0..6 {
            for (place, side) in order(block, 7).into_iter().enumerate() {
                counts[place][side] += 1;
            }
        }
        assert_eq!(counts, [[2; 3]; 3]);
    }
}

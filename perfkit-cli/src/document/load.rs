//! What load generators measured: percentiles, and what these mean.

use perfkit::Metric;
use perfkit::report::{Benchmark, LoadModel, Report};

use crate::text::label;

use super::blocks::{Align, Document, Table};
use super::numbers::{or_nothing, value};
use super::spans::Sentence;

/// The digits of percentiles.
const DIGITS: usize = 3;

/// Adds the percentiles of what load generators measured, and says when they sent their
/// requests.
pub(super) fn describe(report: &Report, document: &mut Document) {
    let all = report.benchmarks.iter();
    let of_load: Vec<&Benchmark> = all.filter(|benchmark| benchmark.load.is_some()).collect();
    document.table(percentiles(&of_load));
    for model in [LoadModel::Closed, LoadModel::Open] {
        if of_load
            .iter()
            .any(|benchmark| benchmark.load == Some(model))
        {
            document.sentence(meaning(model));
        }
    }
}

fn percentiles(of_load: &[&Benchmark]) -> Table {
    let mut table = Table::new(&[
        ("under load", Align::Left, 0),
        ("load", Align::Left, 0),
        ("median", Align::Right, 1),
        ("p95", Align::Right, 1),
        ("p99", Align::Right, 0),
        ("p99.9", Align::Right, 2),
        ("max", Align::Right, 1),
        ("throughput", Align::Right, 1),
    ]);
    for benchmark in of_load {
        let Some(time) = benchmark.metrics.get(&Metric::WALL_TIME) else {
            continue;
        };
        let show = |number| value(number, time.unit, DIGITS);
        let rate = benchmark.metrics.get(&Metric::THROUGHPUT);
        let rate = rate.and_then(|rate| Some(rate.unit.format(rate.mean?, DIGITS)));
        table.row(vec![
            label(&benchmark.label()),
            benchmark.load.map_or("", word).to_owned(),
            show(time.median),
            show(time.p95),
            show(time.p99),
            show(time.p99_9),
            show(time.max),
            or_nothing(rate),
        ]);
    }
    table
}

fn word(model: LoadModel) -> &'static str {
    match model {
        LoadModel::Open => "open",
        LoadModel::Closed => "closed",
        _ => "other",
    }
}

fn meaning(model: LoadModel) -> Sentence {
    Sentence::plain(match model {
        LoadModel::Open => {
            "Open load: requests were sent when they were due, whether or not earlier ones had been answered, so percentiles have the waiting in them."
        }
        _ => {
            "Closed load: each connection sent its next request only when the one before was answered, so what a slow moment held back is in no percentile (coordinated omission): at a steady rate users wait longer than these say."
        }
    })
}

//! Metrics that perfkit does not measure itself: allocations, throughput, paint
//! times and whatever else other tools bring.

use perfkit::report::Benchmark;
use perfkit::{Direction, Metric};

use crate::text::label;

use super::blocks::{Align, Table};
use super::numbers::{digits, value};
use super::remarks::Detail;

/// Metrics that have their places in the tables of times and resources.
const KNOWN: [Metric; 9] = [
    Metric::WALL_TIME,
    Metric::CPU_TIME,
    Metric::USER_TIME,
    Metric::SYSTEM_TIME,
    Metric::PEAK_MEMORY,
    Metric::MINOR_PAGE_FAULTS,
    Metric::MAJOR_PAGE_FAULTS,
    Metric::VOLUNTARY_CONTEXT_SWITCHES,
    Metric::INVOLUNTARY_CONTEXT_SWITCHES,
];

/// A line for every further metric of every benchmark; those of which nobody
/// knows which values are good only in full detail, or where there is no time.
pub(super) fn table(benchmarks: &[Benchmark], detail: Detail) -> Option<Table> {
    let mut table = Table::new(&[
        ("benchmark", Align::Left, 0),
        ("metric", Align::Left, 0),
        ("mean", Align::Right, 0),
        ("median", Align::Right, 1),
        ("min", Align::Right, 3),
        ("max", Align::Right, 2),
        ("p95", Align::Right, 4),
    ]);
    for benchmark in benchmarks {
        let has_time = benchmark.metrics.contains_key(&Metric::WALL_TIME);
        let is_all = detail == Detail::Full || !has_time;
        for (metric, summary) in &benchmark.metrics {
            let is_judged = summary.direction != Direction::Unknown;
            // The table of resources, which is only there with times, has it.
            let is_resource = has_time && [Metric::CYCLES, Metric::INSTRUCTIONS].contains(metric);
            if KNOWN.contains(metric) || is_resource || !(is_judged || is_all) {
                continue;
            }
            let digits = digits(summary);
            let show = |number: Option<f64>| value(number, summary.unit, digits);
            table.row(vec![
                label(&benchmark.label()),
                label(metric.name()),
                show(summary.mean),
                show(summary.median),
                show(summary.min),
                show(summary.max),
                show(summary.p95),
            ]);
        }
    }
    (!table.rows.is_empty()).then_some(table)
}

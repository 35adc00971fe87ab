//! The numbers of every implementation in tables.

use perfkit::report::{Benchmark, Report};
use perfkit::unit::Unit;
use perfkit::{Metric, MetricSummary};

use crate::text::label;

use super::blocks::{Align, Table};
use super::numbers::{NOTHING, RatioText, digits, or_nothing, percentile, value};
use super::ranking::ranking;
use super::words::verdict_word;

/// The numbers of every implementation; of three or more that were compared with one
/// baseline, in the order of their ranking.
pub(super) fn numbers(report: &Report) -> Table {
    let is_command = |benchmark: &Benchmark| benchmark.command.is_some();
    let mut own_columns = COLUMNS;
    if !report.benchmarks.iter().any(is_command) {
        own_columns[0].0 = "benchmark";
    }
    let Some(ranking) = ranking(report) else {
        let mut table = Table::new(&own_columns);
        for benchmark in &report.benchmarks {
            table.row(cells(benchmark));
        }
        return table;
    };
    let mut columns = vec![("rank", Align::Right, 2), own_columns[0]];
    columns.extend([("verdict", Align::Left, 1), ("ratio", Align::Right, 1)]);
    columns.extend(&own_columns[1..]);
    let mut table = Table::new(&columns);
    for ranked in &ranking {
        let mut cells = cells(ranked.benchmark);
        let (verdict, ratio) = match ranked.comparison {
            None => ("baseline", Some("1".to_owned())),
            Some(comparison) => {
                let ratio = comparison.ratio.as_ref();
                let ratio = ratio.map(|ratio| RatioText::new(ratio).estimate);
                (verdict_word(comparison), ratio)
            }
        };
        cells.insert(1, verdict.to_owned());
        cells.insert(2, or_nothing(ratio));
        let place = match ranked.is_apart {
            true => Some("failed".to_owned()),
            false => ranked.place.clone(),
        };
        cells.insert(0, or_nothing(place));
        table.row(cells);
    }
    table
}

const COLUMNS: [(&str, Align, u8); 11] = [
    ("command", Align::Left, 0),
    ("mean", Align::Right, 1),
    ("median", Align::Right, 0),
    ("min", Align::Right, 2),
    ("max", Align::Right, 2),
    ("p95", Align::Right, 5),
    ("std dev", Align::Right, 2),
    ("runs", Align::Right, 3),
    ("success", Align::Right, 5),
    ("CPU", Align::Right, 4),
    ("peak memory", Align::Right, 4),
];

fn cells(benchmark: &Benchmark) -> Vec<String> {
    let metric = |metric: &Metric| benchmark.metrics.get(metric);
    let mut cells = vec![label(&benchmark.label())];
    match metric(&Metric::WALL_TIME) {
        Some(time) => cells.extend(time_cells(time)),
        None => cells.extend(std::iter::repeat_n(NOTHING.to_owned(), 6)),
    }
    let success = benchmark.success_rate();
    let cpu = metric(&Metric::CPU_TIME);
    cells.extend([
        runs(benchmark),
        value(success, Unit::Ratio, 4),
        value(
            cpu.and_then(|cpu| cpu.median.or(cpu.mean)),
            Unit::Nanoseconds,
            cpu.map_or(3, digits),
        ),
        peak_memory(benchmark),
    ]);
    cells
}

/// How many runs there were; other tools do not always say it.
fn runs(benchmark: &Benchmark) -> String {
    match benchmark.successes + benchmark.failures {
        0 if !benchmark.metrics.is_empty() => NOTHING.to_owned(),
        runs => Unit::Count.format(runs as f64, 3),
    }
}

fn time_cells(time: &MetricSummary) -> Vec<String> {
    let digits = digits(time);
    let show = |number| value(number, time.unit, digits);
    vec![
        show(time.mean),
        show(time.median),
        show(time.min),
        show(time.max),
        percentile(time.p95, time, digits),
        value(time.std_dev, time.unit, 2),
    ]
}

/// The largest peak of all runs; where it is not above the measuring process
/// itself, only that it is at most that.
fn peak_memory(benchmark: &Benchmark) -> String {
    let largest = benchmark.metrics.get(&Metric::PEAK_MEMORY);
    let text = value(largest.and_then(|peak| peak.max), Unit::Bytes, 3);
    if benchmark.is_peak_memory_inherited && text != NOTHING {
        format!("≤ {text}")
    } else {
        text
    }
}

/// The medians of everything else that was measured.
pub(super) fn resources(benchmarks: &[&Benchmark]) -> Table {
    let mut metrics = vec![
        ("user", Metric::USER_TIME),
        ("system", Metric::SYSTEM_TIME),
        ("minor faults", Metric::MINOR_PAGE_FAULTS),
        ("major faults", Metric::MAJOR_PAGE_FAULTS),
        ("waits", Metric::VOLUNTARY_CONTEXT_SWITCHES),
        ("preemptions", Metric::INVOLUNTARY_CONTEXT_SWITCHES),
    ];
    let counted = [
        ("cycles", Metric::CYCLES),
        ("instructions", Metric::INSTRUCTIONS),
    ];
    let has = |metric: &Metric| benchmarks.iter().any(|b| b.metrics.contains_key(metric));
    metrics.extend(counted.into_iter().filter(|(_, metric)| has(metric)));
    let mut columns = vec![("command (medians)", Align::Left, 0)];
    columns.extend(
        metrics
            .iter()
            .map(|(heading, _)| (*heading, Align::Right, 1)),
    );
    let mut table = Table::new(&columns);
    for benchmark in benchmarks {
        let cell = |metric: &Metric| {
            let summary = benchmark.metrics.get(metric);
            or_nothing(summary.map(|s| value(s.median, s.unit, digits(s))))
        };
        let mut cells = vec![label(&benchmark.label())];
        cells.extend(metrics.iter().map(|(_, metric)| cell(metric)));
        table.row(cells);
    }
    table
}

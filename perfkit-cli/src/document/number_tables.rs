//! The numbers of every implementation in tables.

use perfkit::report::{Benchmark, Report};
use perfkit::unit::Unit;
use perfkit::{Metric, MetricSummary};

use crate::args::{NumbersView, ShownMetric, further_metrics};
use crate::text::label;

use super::blocks::{Align, Table};
use super::numbers::{NOTHING, RatioText, digits, or_nothing, percentile, value};
use super::ranking::{put_in_order, ranking};
use super::words::verdict_word;

/// The numbers of every implementation; of three or more that were compared with one
/// baseline, in the order of their ranking where the reader chose no other.
pub(super) fn numbers(report: &Report, view: &NumbersView) -> Table {
    let is_command = |benchmark: &Benchmark| benchmark.command.is_some();
    let chosen = view.chosen();
    let mut own_columns = columns(chosen);
    if !report.benchmarks.iter().any(is_command) {
        own_columns[0].0 = "benchmark";
    }
    let Some(mut ranking) = ranking(report) else {
        let mut table = Table::new(&own_columns);
        let mut rows: Vec<&Benchmark> = report.benchmarks.iter().collect();
        put_in_order(&mut rows, report, view.order, |row| row);
        rows.into_iter()
            .for_each(|benchmark| table.row(cells(benchmark, view)));
        return table;
    };
    put_in_order(&mut ranking, report, view.order, |ranked| ranked.benchmark);
    let mut columns = vec![("rank", Align::Right, 2), own_columns[0]];
    columns.extend([("verdict", Align::Left, 1), ("ratio", Align::Right, 1)]);
    columns.extend(&own_columns[1..]);
    let mut table = Table::new(&columns);
    for ranked in &ranking {
        let mut cells = cells(ranked.benchmark, view);
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

/// A heading, where the cells stand, and how soon it is left out where there is no room.
type Column = (&'static str, Align, u8);

const COMMAND: Column = ("command", Align::Left, 0);

/// What is shown of the metric that matters most.
const OF_THE_FIRST: [Column; 6] = [
    ("mean", Align::Right, 1),
    ("median", Align::Right, 0),
    ("min", Align::Right, 2),
    ("max", Align::Right, 2),
    ("p95", Align::Right, 5),
    ("std dev", Align::Right, 2),
];

const RUNS: Column = ("runs", Align::Right, 3);

/// What is shown where nothing was chosen, beside wall time.
const FURTHER: [Column; 3] = [
    ("success", Align::Right, 5),
    ("CPU", Align::Right, 4),
    ("peak memory", Align::Right, 4),
];

fn columns(chosen: &[ShownMetric]) -> Vec<Column> {
    let mut columns = vec![COMMAND];
    let further = match chosen {
        [] => FURTHER.to_vec(),
        [_, others @ ..] => {
            // What was asked for is there, whatever room there is.
            let column = |shown: &ShownMetric| (shown.heading, Align::Right, 0);
            others.iter().map(column).collect()
        }
    };
    // What is shown first has no heading of its own: it is told where it is not time.
    let mut first = OF_THE_FIRST.to_vec();
    if let [shown, ..] = chosen
        && shown.metric != Metric::WALL_TIME
    {
        columns.push(("metric", Align::Left, 0));
    }
    columns.append(&mut first);
    columns.push(RUNS);
    columns.extend(further);
    columns
}

fn cells(benchmark: &Benchmark, view: &NumbersView) -> Vec<String> {
    let chosen = view.chosen();
    let mut cells = vec![label(&benchmark.label())];
    let first = chosen
        .first()
        .map_or(&Metric::WALL_TIME, |shown| &shown.metric);
    let other = chosen.first().filter(|_| *first != Metric::WALL_TIME);
    cells.extend(other.map(|shown| shown.heading.to_owned()));
    match benchmark.metrics.get(first) {
        Some(summary) => cells.extend(cells_of_the_first(first, summary, view)),
        None => cells.extend(std::iter::repeat_n(NOTHING.to_owned(), OF_THE_FIRST.len())),
    }
    cells.push(runs(benchmark));
    match chosen {
        [] => cells.extend([
            value(benchmark.success_rate(), Unit::Ratio, 4),
            typical(benchmark, &Metric::CPU_TIME, view),
            peak_memory(benchmark, view),
        ]),
        [_, others @ ..] => {
            let cell = |shown: &ShownMetric| match shown.metric == Metric::PEAK_MEMORY {
                true => peak_memory(benchmark, view),
                false => typical(benchmark, &shown.metric, view),
            };
            cells.extend(others.iter().map(cell));
        }
    }
    cells
}

/// The median of a metric; other tools may know the mean alone.
fn typical(benchmark: &Benchmark, metric: &Metric, view: &NumbersView) -> String {
    let summary = benchmark.metrics.get(metric);
    or_nothing(summary.and_then(|summary| {
        let typical = summary.median.or(summary.mean)?;
        Some(shown(typical, metric, summary, digits(summary), view))
    }))
}

/// A value of a metric in the unit that was chosen, or in what fits it.
fn shown(
    value: f64,
    metric: &Metric,
    summary: &MetricSummary,
    digits: usize,
    view: &NumbersView,
) -> String {
    let chosen = view.unit_of(metric, summary.unit);
    chosen
        .and_then(|suffix| summary.unit.format_in(value, digits, suffix))
        .unwrap_or_else(|| summary.unit.format(value, digits))
}

/// How many runs there were; other tools do not always say it.
fn runs(benchmark: &Benchmark) -> String {
    match benchmark.successes + benchmark.failures {
        0 if !benchmark.metrics.is_empty() => NOTHING.to_owned(),
        runs => Unit::Count.format(runs as f64, 3),
    }
}

fn cells_of_the_first(
    metric: &Metric,
    summary: &MetricSummary,
    view: &NumbersView,
) -> [String; OF_THE_FIRST.len()] {
    let digits = digits(summary);
    let show = |number: Option<f64>, digits| {
        or_nothing(number.map(|value| shown(value, metric, summary, digits, view)))
    };
    let p95 = match summary.p95 {
        Some(_) => show(summary.p95, digits),
        None => percentile(None, summary, digits),
    };
    [
        show(summary.mean, digits),
        show(summary.median, digits),
        show(summary.min, digits),
        show(summary.max, digits),
        p95,
        show(summary.std_dev, 2),
    ]
}

/// The largest peak of all runs; where it is not above the measuring process
/// itself, only that it is at most that.
fn peak_memory(benchmark: &Benchmark, view: &NumbersView) -> String {
    let largest = benchmark.metrics.get(&Metric::PEAK_MEMORY);
    let largest = largest.and_then(|peak| Some((peak.max?, peak)));
    let text = or_nothing(
        largest.map(|(largest, peak)| shown(largest, &Metric::PEAK_MEMORY, peak, 3, view)),
    );
    if benchmark.is_peak_memory_inherited && text != NOTHING {
        format!("≤ {text}")
    } else {
        text
    }
}

/// The medians of everything else that was measured.
pub(super) fn resources(benchmarks: &[&Benchmark], view: &NumbersView) -> Table {
    let mut columns = vec![("command (medians)", Align::Left, 0)];
    columns.extend(further_metrics().map(|(heading, _)| (heading, Align::Right, 1)));
    let mut table = Table::new(&columns);
    for benchmark in benchmarks {
        let cell = |metric: &Metric| typical(benchmark, metric, view);
        let mut cells = vec![label(&benchmark.label())];
        cells.extend(further_metrics().map(|(_, metric)| cell(metric)));
        table.row(cells);
    }
    table
}

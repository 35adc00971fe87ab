//! What load generators measured: percentiles, and what these mean.

use perfkit::report::{Benchmark, Capacity, CapacityTrial, LoadModel, Report, TrialOutcome};
use perfkit::unit::Unit;
use perfkit::{Metric, WindowSnapshot};

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

/// Says what the load came to that operations were under.
pub(super) fn verdicts(report: &Report, document: &mut Document) {
    if let Some(capacity) = &report.capacity {
        let sentence = Sentence::plain("").code(&label(&capacity.name));
        document.sentence(sentence.text(&format!(": {}.", capacity.sentence())));
        document.table(curve(report, capacity));
        return;
    }
    for operation in &report.operations {
        if let Some(verdict) = operation.load_verdict() {
            let sentence = Sentence::plain("").code(&label(&operation.label()));
            document.sentence(sentence.text(&format!(": {verdict}.")));
        }
    }
}

/// Adds where the response times of operations under load come from.
pub(super) fn operations(report: &Report, document: &mut Document) {
    if report.capacity.is_some() {
        // The curve has what is to be seen of them.
        return;
    }
    let mut table = Table::new(&[
        ("under load", Align::Left, 0),
        ("time", Align::Left, 0),
        ("median", Align::Right, 1),
        ("p95", Align::Right, 1),
        ("p99", Align::Right, 0),
        ("p99.9", Align::Right, 2),
        ("max", Align::Right, 1),
    ]);
    for operation in report.operations.iter().filter(|o| o.load.is_some()) {
        let calls = &operation.lifetime;
        let rows = [
            ("response, from when it was due", calls.call_time()),
            ("service, from its start", calls.service_time()),
            ("lag of the generator", calls.schedule_lag()),
        ];
        for (what, time) in rows
            .into_iter()
            .filter_map(|(what, time)| Some((what, time?)))
        {
            let show = |number| value(number, time.unit, DIGITS);
            table.row(vec![
                label(&operation.label()),
                what.to_owned(),
                show(time.median),
                show(time.p95),
                show(time.p99),
                show(time.p99_9),
                show(time.max),
            ]);
        }
    }
    if !table.rows.is_empty() {
        document.table(table);
    }
}

/// How response times grow with the rate.
fn curve(report: &Report, capacity: &Capacity) -> Table {
    let mut table = Table::new(&[
        ("rate", Align::Right, 0),
        ("succeeded", Align::Right, 1),
        ("success", Align::Right, 2),
        ("median", Align::Right, 1),
        ("p95", Align::Right, 2),
        ("p99", Align::Right, 0),
        ("max", Align::Right, 2),
        ("limits", Align::Left, 0),
    ]);
    let mut trials: Vec<&CapacityTrial> = capacity.trials.iter().collect();
    trials.sort_by(|a, b| a.rate.total_cmp(&b.rate));
    for trial in trials {
        let mut operations = report.operations.iter();
        let operation = operations.find(|operation| operation.name == trial.operation);
        let calls = operation.map(|operation| &operation.lifetime);
        let time = calls.and_then(WindowSnapshot::call_time);
        let show = |number: Option<f64>| value(number, Unit::Nanoseconds, DIGITS);
        let achieved = calls.and_then(|calls| {
            let seconds = calls.span_ns as f64 / 1e9;
            (seconds > 0.0).then(|| calls.calls.success as f64 / seconds)
        });
        let share = calls.and_then(WindowSnapshot::success_rate);
        table.row(vec![
            Unit::PerSecond.format(trial.rate, DIGITS),
            value(achieved, Unit::PerSecond, DIGITS),
            value(share, Unit::Ratio, 4),
            show(time.and_then(|time| time.median)),
            show(time.and_then(|time| time.p95)),
            show(time.and_then(|time| time.p99)),
            show(time.and_then(|time| time.max)),
            outcome(trial.outcome).to_owned(),
        ]);
    }
    table
}

fn outcome(outcome: TrialOutcome) -> &'static str {
    match outcome {
        TrialOutcome::Kept => "kept",
        TrialOutcome::Broken => "broken",
        TrialOutcome::GeneratorUnfit => "generator late",
        TrialOutcome::TooFewCalls => "too few calls",
        _ => "other",
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

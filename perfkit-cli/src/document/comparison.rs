//! A comparison in words: a sentence for each pair, then the numbers.

use std::collections::HashMap;

use perfkit::report::{
    Benchmark, Comparison, ExactValues, Ratio, Report, Sampling, StopReason, Verdict,
};
use perfkit::unit::Unit;
use perfkit::{Metric, MetricSummary};

use crate::text::label;

use super::Detail;
use super::blocks::{Align, Document, Table, Tone};
use super::change_tables;
use super::histograms::strips;
use super::numbers::{NOTHING, RatioText, digits, percentile, value};
use super::other_metrics;
use super::ranking::ranking;

/// As many comparisons have a sentence each; more are a table.
const MOST_SENTENCES: usize = 8;

pub(super) fn describe(report: &Report, detail: Detail, document: &mut Document) {
    let told = told(report, detail);
    if told.len() <= MOST_SENTENCES {
        sentences(&told, document);
    } else {
        let (tone, text) = change_tables::tally(&told);
        document.sentence(tone, &text);
        if ranking(report).is_none() {
            change_tables::describe(&told, document);
        }
    }
    basis(report, detail, document);
}

/// What the verdicts rest on.
pub(super) fn basis(report: &Report, detail: Detail, document: &mut Document) {
    let ranking = ranking(report);
    let has_time = |benchmark: &Benchmark| benchmark.metrics.contains_key(&Metric::WALL_TIME);
    let is_foreign = !report.benchmarks.is_empty() && !report.benchmarks.iter().any(has_time);
    let further = other_metrics::table(&report.benchmarks, detail);
    if !(report.benchmarks.is_empty() || is_foreign && further.is_some()) {
        document.table(numbers(report));
        let in_order: Vec<&Benchmark> = match &ranking {
            Some(ranking) => ranking.iter().map(|ranked| ranked.benchmark).collect(),
            None => report.benchmarks.iter().collect(),
        };
        if detail == Detail::Full {
            document.table(resources(&in_order));
        }
        // Those of several races would not fit on one axis.
        if detail != Detail::Brief
            && is_one_race(&report.comparisons)
            && let Some(strips) = strips(in_order.into_iter())
        {
            document.strips(strips);
        }
    }
    if let Some(further) = further {
        document.table(further);
    }
    if let Some(sampling) = &report.sampling {
        document.sentence(Tone::Plain, &how_sampled(sampling, &report.benchmarks));
    }
}

/// Whether all are compared with one and the same.
fn is_one_race(comparisons: &[Comparison]) -> bool {
    comparisons
        .windows(2)
        .all(|pair| pair[0].baseline == pair[1].baseline)
}

/// The comparisons that are worth telling: those of times, and the others where
/// they say something else.
pub(super) fn told(report: &Report, detail: Detail) -> Vec<&Comparison> {
    let by_sides: HashMap<_, _> = report
        .comparisons
        .iter()
        .filter(|c| c.metric == Metric::WALL_TIME)
        .map(|c| ((&c.baseline, &c.candidate), c.verdict))
        .collect();
    let differs_from_time = |c: &Comparison| match by_sides.get(&(&c.baseline, &c.candidate)) {
        None => true,
        Some(time) => {
            let is_difference = matches!(c.verdict, Verdict::Faster | Verdict::Slower);
            is_difference && *time != c.verdict
        }
    };
    report
        .comparisons
        .iter()
        .filter(|c| is_time(&c.metric) || detail == Detail::Full || differs_from_time(c))
        .collect()
}

pub(super) fn sentences(comparisons: &[&Comparison], document: &mut Document) {
    for comparison in comparisons {
        let (tone, text) = sentence(comparison);
        document.sentence(tone, &text);
    }
}

/// Whether a metric tells how long something takes: less is faster.
pub(super) fn is_duration(metric: &Metric) -> bool {
    is_in_time(metric) || *metric == Metric::CYCLES
}

/// Whether it does so in units of time.
fn is_in_time(metric: &Metric) -> bool {
    is_time(metric) || *metric == Metric::CPU_TIME
}

/// Whether a metric is what a comparison is about first.
pub(crate) fn is_time(metric: &Metric) -> bool {
    *metric == Metric::WALL_TIME || *metric == Metric::EXECUTION_TIME
}

/// One honest sentence on a pair.
pub(super) fn sentence(comparison: &Comparison) -> (Tone, String) {
    let candidate = format!("`{}`", label(&comparison.candidate));
    let baseline = match comparison.baseline_revision {
        // Saved reports are compared by name.
        None if comparison.is_of_one_name() => "the baseline".to_owned(),
        _ => format!("`{}`", label(&comparison.baseline_label())),
    };
    let what = match comparison.metric.name() {
        "wall_time" | "execution_time" => String::new(),
        "cpu_time" => "By CPU time, ".to_owned(),
        other => format!("By {other}, "),
    };
    if is_one_program(comparison) {
        let same = match is_in_time(&comparison.metric) {
            true => "takes the same time as",
            false => "is the same as",
        };
        let text = format!("{what}{candidate} {same} {baseline}: it is the same program.");
        return (Tone::Plain, text);
    }
    if let (None, Some(values)) = (&comparison.ratio, exact_values(comparison)) {
        let (tone, word) = match comparison.verdict {
            Verdict::Slower => (Tone::Bad, "is worse than"),
            Verdict::Faster => (Tone::Good, "is better than"),
            Verdict::Same => (Tone::Plain, "is the same as"),
            Verdict::Inconclusive => (Tone::Unsure, "was run too few times against"),
        };
        let text = format!("{what}{candidate} {word} {baseline}: {values}.");
        return (tone, text);
    }
    let Some(ratio) = &comparison.ratio else {
        let text = format!("{what}{candidate} and {baseline} cannot be compared: too few values.");
        return (Tone::Unsure, text);
    };
    if !is_in_time(&comparison.metric) {
        return other_metrics::sentence(comparison, ratio, &what, (&baseline, &candidate));
    }
    let text = RatioText::new(ratio);
    let (times, interval) = (&text.estimate, text.interval());
    match comparison.verdict {
        Verdict::Slower => (
            Tone::Bad,
            format!(
                "{what}{candidate} is slower than {baseline}: it takes {times} times as long ({interval})."
            ),
        ),
        Verdict::Faster => {
            let inverse = RatioText::inverse(ratio).estimate;
            let text = format!(
                "{what}{candidate} is faster than {baseline}: it takes {times} times as long ({interval}), so it is {inverse} times as fast."
            );
            (Tone::Good, text)
        }
        Verdict::Same => {
            let zone = Unit::Ratio.format(comparison.indifference, 2);
            let text = format!(
                "{what}{candidate} takes the same time as {baseline}, within {zone} (ratio {times}, {interval})."
            );
            (Tone::Plain, text)
        }
        Verdict::Inconclusive => {
            let between = between(ratio, &text);
            let text = format!(
                "{what}no verdict on {candidate} against {baseline}: it takes {between} ({} interval).",
                text.confidence
            );
            (Tone::Unsure, capitalised(&text))
        }
    }
}

fn between(ratio: &Ratio, text: &RatioText) -> String {
    if ratio.low > 0.5 && ratio.high < 2.0 {
        let (low, high) = (change(ratio.low), change(ratio.high));
        format!("between {low} and {high} time")
    } else {
        format!("between {} and {} times as long", text.low, text.high)
    }
}

/// What is said of values that never vary, and of which no ratio can be taken.
pub(super) fn exact_values(comparison: &Comparison) -> Option<String> {
    let ExactValues {
        baseline,
        candidate,
    } = comparison.exact?;
    let metric = &comparison.metric;
    Some(format!(
        "{metric} was {baseline} and is {candidate}, in every run"
    ))
}

/// Whether two are the same because they are one program, whatever was measured.
pub(super) fn is_one_program(comparison: &Comparison) -> bool {
    comparison.verdict == Verdict::Same && comparison.is_same_program
}

/// `1.9 % more`, `0.4 % less`
pub(super) fn change(ratio: f64) -> String {
    let share = Unit::Ratio.format((ratio - 1.0).abs(), 2);
    if ratio < 1.0 {
        format!("{share} less")
    } else {
        format!("{share} more")
    }
}

pub(crate) fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters
        .next()
        .map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + characters.as_str()
}

/// The numbers of every contestant; of three or more that ran one race, in the
/// order in which they came in.
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
            None => ("baseline", "1".to_owned()),
            Some(comparison) => (
                change_tables::verdict_word(comparison),
                comparison
                    .ratio
                    .map_or_else(|| NOTHING.to_owned(), |r| RatioText::new(&r).estimate),
            ),
        };
        cells.insert(1, verdict.to_owned());
        cells.insert(2, ratio);
        cells.insert(
            0,
            ranked.place.clone().unwrap_or_else(|| NOTHING.to_owned()),
        );
        table.row(cells);
    }
    table
}

const COLUMNS: [(&str, Align, u8); 11] = [
    ("command", Align::Left, 0),
    ("mean", Align::Right, 1),
    ("median", Align::Right, 0),
    ("min", Align::Right, 4),
    ("max", Align::Right, 3),
    ("p95", Align::Right, 5),
    ("std dev", Align::Right, 6),
    ("runs", Align::Right, 2),
    ("success", Align::Right, 4),
    ("CPU", Align::Right, 2),
    ("peak memory", Align::Right, 3),
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
fn resources(benchmarks: &[&Benchmark]) -> Table {
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
            summary.map_or_else(
                || NOTHING.to_owned(),
                |summary| value(summary.median, summary.unit, digits(summary)),
            )
        };
        let mut cells = vec![label(&benchmark.label())];
        cells.extend(metrics.iter().map(|(_, metric)| cell(metric)));
        table.row(cells);
    }
    table
}

pub(super) fn how_sampled(sampling: &Sampling, benchmarks: &[Benchmark]) -> String {
    let blocks = Unit::Count.format(sampling.blocks as f64, 3);
    let order = if sampling.rounds > 0 {
        let rounds = Unit::Count.format(sampling.rounds as f64, 3);
        let turns = if sampling.interleaved {
            ", taking turns"
        } else {
            ""
        };
        format!(
            "{blocks} blocks in {rounds} rounds of fresh processes{turns} (seed {})",
            sampling.seed
        )
    } else if benchmarks.len() == 1 {
        format!("{blocks} runs")
    } else if sampling.interleaved {
        format!(
            "{blocks} blocks of {} runs, each in a random order of its own (seed {})",
            benchmarks.len(),
            sampling.seed
        )
    } else {
        format!("Runs: {blocks}")
    };
    let end = match sampling.stopped {
        StopReason::Decided => "then every verdict was clear",
        StopReason::RunsDone if sampling.rounds > 0 => "more are not planned",
        StopReason::RunsDone => "that many were asked for",
        StopReason::RunLimit => "more would tell nothing more",
        StopReason::TimeUp => "then the time was up (--time allows more)",
        StopReason::RunFailed => "then a run failed",
        StopReason::Interrupted => "then it was interrupted",
    };
    format!("{order}; {end}.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use perfkit::report::Ratio;

    fn said(verdict: Verdict, ratio: Option<(f64, f64, f64)>) -> String {
        let ratio = ratio.map(|(low, estimate, high)| Ratio {
            estimate,
            low,
            high,
            confidence: 0.95,
        });
        let comparison = {
            let mut comparison = Comparison::new("old", "new", Metric::WALL_TIME);
            comparison.interleaved = true;
            comparison.pairs = 30;
            comparison.ratio = ratio;
            comparison.indifference = 0.005;
            comparison.verdict = verdict;
            comparison
        };
        sentence(&comparison).1
    }

    #[test]
    fn every_verdict_has_its_sentence() {
        assert_eq!(
            said(Verdict::Slower, Some((1.091, 1.096, 1.101))),
            "`new` is slower than `old`: it takes 1.096 times as long (95 % interval 1.091 to 1.101)."
        );
        assert_eq!(
            said(Verdict::Faster, Some((0.48, 0.5, 0.52))),
            "`new` is faster than `old`: it takes 0.500 times as long (95 % interval 0.480 to 0.520), so it is 2.00 times as fast."
        );
        assert_eq!(
            said(Verdict::Same, Some((0.998, 1.001, 1.004))),
            "`new` takes the same time as `old`, within 0.50 % (ratio 1.0010, 95 % interval 0.9980 to 1.0040)."
        );
        assert_eq!(
            said(Verdict::Inconclusive, Some((0.996, 1.005, 1.019))),
            "No verdict on `new` against `old`: it takes between 0.40 % less and 1.9 % more time (95 % interval)."
        );
        assert_eq!(
            said(Verdict::Inconclusive, Some((1.5, 1.9, 2.5))),
            "No verdict on `new` against `old`: it takes between 1.5 and 2.5 times as long (95 % interval)."
        );
        assert_eq!(
            said(Verdict::Inconclusive, None),
            "`new` and `old` cannot be compared: too few values."
        );
    }
}

//! A comparison in words: a sentence for each pair, then the numbers.

use perfkit::report::{Benchmark, Comparison, Report, Sampling, StopReason, Verdict};
use perfkit::unit::Unit;
use perfkit::{Metric, MetricSummary};

use crate::terminal::shorten;

use super::Detail;
use super::numbers::{NOTHING, RatioText, digits, percentile, value};
use super::view::{Align, Document, Table, Tone};

/// The longest name that is shown whole, in columns.
const LONGEST_NAME: usize = 60;

pub(super) fn describe(report: &Report, detail: Detail, document: &mut Document) {
    for comparison in &report.comparisons {
        let is_main = is_time(&comparison.metric);
        if is_main || detail == Detail::Full || differs_from_time(comparison, report) {
            let (tone, text) = sentence(comparison);
            document.sentence(tone, &text);
        }
    }
    if !report.benchmarks.is_empty() {
        document.table(times(&report.benchmarks));
        if detail == Detail::Full {
            document.table(resources(&report.benchmarks));
        }
    }
    if let Some(sampling) = &report.sampling {
        document.sentence(Tone::Plain, &how_sampled(sampling, &report.benchmarks));
    }
}

/// Whether a metric is what a comparison is about first.
fn is_time(metric: &Metric) -> bool {
    *metric == Metric::WALL_TIME || *metric == Metric::EXECUTION_TIME
}

/// Whether a further metric has a verdict of its own, which wall time does not
/// already tell.
fn differs_from_time(comparison: &Comparison, report: &Report) -> bool {
    let wall_time = report.comparisons.iter().find(|other| {
        other.metric == Metric::WALL_TIME
            && other.baseline == comparison.baseline
            && other.candidate == comparison.candidate
    });
    comparison.verdict != Verdict::Inconclusive
        && wall_time.is_some_and(|wall_time| wall_time.verdict != comparison.verdict)
}

/// One honest sentence on a pair.
fn sentence(comparison: &Comparison) -> (Tone, String) {
    let mut baseline = format!("`{}`", shorten(&comparison.baseline, LONGEST_NAME));
    let candidate = format!("`{}`", shorten(&comparison.candidate, LONGEST_NAME));
    if baseline == candidate {
        // Saved reports are compared by name.
        "the baseline".clone_into(&mut baseline);
    }
    let what = match comparison.metric.name() {
        "wall_time" | "execution_time" => String::new(),
        "cpu_time" => "By CPU time, ".to_owned(),
        other => format!("By {other}, "),
    };
    let Some(ratio) = &comparison.ratio else {
        let text = format!("{what}{candidate} and {baseline} cannot be compared: too few values.");
        return (Tone::Unsure, text);
    };
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
            let between = if ratio.low > 0.5 && ratio.high < 2.0 {
                format!(
                    "between {} and {} time",
                    change(ratio.low),
                    change(ratio.high)
                )
            } else {
                format!("between {} and {} times as long", text.low, text.high)
            };
            let text = format!(
                "{what}no verdict on {candidate} against {baseline}: it takes {between} ({} interval).",
                text.confidence
            );
            (Tone::Unsure, capitalised(&text))
        }
    }
}

/// `1.9 % more`, `0.4 % less`
fn change(ratio: f64) -> String {
    let share = Unit::Ratio.format((ratio - 1.0).abs(), 2);
    if ratio < 1.0 {
        format!("{share} less")
    } else {
        format!("{share} more")
    }
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters
        .next()
        .map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + characters.as_str()
}

fn times(benchmarks: &[Benchmark]) -> Table {
    let mut table = Table::new(&[
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
    ]);
    for benchmark in benchmarks {
        let metric = |metric: &Metric| benchmark.metrics.get(metric);
        let mut cells = vec![shorten(&benchmark.name, LONGEST_NAME)];
        match metric(&Metric::WALL_TIME) {
            Some(time) => cells.extend(time_cells(time)),
            None => cells.extend(std::iter::repeat_n(NOTHING.to_owned(), 6)),
        }
        let success = benchmark.success_rate();
        let cpu = metric(&Metric::CPU_TIME);
        cells.extend([
            Unit::Count.format((benchmark.successes + benchmark.failures) as f64, 3),
            value(success, Unit::Ratio, 4),
            value(
                cpu.and_then(|cpu| cpu.median),
                Unit::Nanoseconds,
                cpu.map_or(3, digits),
            ),
            peak_memory(benchmark),
        ]);
        table.row(cells);
    }
    table
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
    let is_floor = benchmark
        .notes
        .iter()
        .any(|note| note.code == "memory-floor");
    if is_floor {
        format!("≤ {text}")
    } else {
        text
    }
}

/// The medians of everything else that was measured.
fn resources(benchmarks: &[Benchmark]) -> Table {
    let metrics = [
        ("user", Metric::USER_TIME),
        ("system", Metric::SYSTEM_TIME),
        ("minor faults", Metric::MINOR_PAGE_FAULTS),
        ("major faults", Metric::MAJOR_PAGE_FAULTS),
        ("waits", Metric::VOLUNTARY_CONTEXT_SWITCHES),
        ("preemptions", Metric::INVOLUNTARY_CONTEXT_SWITCHES),
    ];
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
        let mut cells = vec![shorten(&benchmark.name, LONGEST_NAME)];
        cells.extend(metrics.iter().map(|(_, metric)| cell(metric)));
        table.row(cells);
    }
    table
}

fn how_sampled(sampling: &Sampling, benchmarks: &[Benchmark]) -> String {
    let blocks = Unit::Count.format(sampling.blocks as f64, 3);
    let order = if sampling.interleaved {
        format!(
            "{blocks} blocks of {} runs, each in a random order of its own (seed {})",
            benchmarks.len(),
            sampling.seed
        )
    } else {
        format!("Runs: {blocks}")
    };
    let end = match sampling.stopped {
        StopReason::RunsDone => "that many were asked for",
        StopReason::RunLimit => "more would tell nothing more",
        StopReason::TimeUp => "then the time was up",
        StopReason::RunFailed => "then a run failed",
        StopReason::Interrupted => "then it was interrupted",
    };
    format!("{order}; {end}.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use perfkit::report::Ratio;

    fn told(verdict: Verdict, ratio: Option<(f64, f64, f64)>) -> String {
        let ratio = ratio.map(|(low, estimate, high)| Ratio {
            estimate,
            low,
            high,
            confidence: 0.95,
        });
        let comparison = Comparison {
            baseline: "old".to_owned(),
            candidate: "new".to_owned(),
            metric: Metric::WALL_TIME,
            interleaved: true,
            pairs: 30,
            ratio,
            indifference: 0.005,
            verdict,
            notes: Vec::new(),
        };
        sentence(&comparison).1
    }

    #[test]
    fn every_verdict_has_its_sentence() {
        assert_eq!(
            told(Verdict::Slower, Some((1.091, 1.096, 1.101))),
            "`new` is slower than `old`: it takes 1.096 times as long (95 % interval 1.091 to 1.101)."
        );
        assert_eq!(
            told(Verdict::Faster, Some((0.48, 0.5, 0.52))),
            "`new` is faster than `old`: it takes 0.500 times as long (95 % interval 0.480 to 0.520), so it is 2.00 times as fast."
        );
        assert_eq!(
            told(Verdict::Same, Some((0.998, 1.001, 1.004))),
            "`new` takes the same time as `old`, within 0.50 % (ratio 1.0010, 95 % interval 0.9980 to 1.0040)."
        );
        assert_eq!(
            told(Verdict::Inconclusive, Some((0.996, 1.005, 1.019))),
            "No verdict on `new` against `old`: it takes between 0.40 % less and 1.9 % more time (95 % interval)."
        );
        assert_eq!(
            told(Verdict::Inconclusive, Some((1.5, 1.9, 2.5))),
            "No verdict on `new` against `old`: it takes between 1.5 and 2.5 times as long (95 % interval)."
        );
        assert_eq!(
            told(Verdict::Inconclusive, None),
            "`new` and `old` cannot be compared: too few values."
        );
    }
}

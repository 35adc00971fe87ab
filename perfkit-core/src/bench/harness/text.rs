//! The results of a group, as plain text.

use std::fmt::Write;

use crate::metric::Metric;
use crate::report::{Benchmark, Comparison, Ratio, Severity, Verdict};
use crate::text::printable;
use crate::unit::Unit;

/// Significant digits of times.
const DIGITS: usize = 4;

/// A line for each implementation, with its time and how it compares in time, and
/// in other metrics where that says something else.
pub(super) fn group(benchmarks: &[Benchmark], comparisons: &[Comparison]) -> String {
    let mut text = String::new();
    let names = benchmarks.iter().map(|b| printable(&b.name));
    let names: Vec<String> = names.collect();
    let times: Vec<String> = benchmarks.iter().map(time).collect();
    let width = |cells: &[String]| cells.iter().map(|c| c.chars().count()).max().unwrap_or(0);
    let (name_width, time_width) = (width(&names), width(&times));
    for ((benchmark, name), time) in benchmarks.iter().zip(&names).zip(&times) {
        let of_this = comparisons.iter().filter(|c| c.candidate == benchmark.name);
        let verdicts: Vec<String> = of_this.filter_map(|c| verdict(c, comparisons)).collect();
        let verdicts = match verdicts.is_empty() {
            true if comparisons.iter().any(|c| c.baseline == benchmark.name) => {
                "baseline".to_owned()
            }
            _ => verdicts.join("; "),
        };
        let line = format!("{name:<name_width$}  {time:>time_width$}  {verdicts}");
        let _ = writeln!(text, "{}", line.trim_end());
    }
    let notes = benchmarks.iter().flat_map(|b| &b.notes);
    let notes = notes.chain(
        comparisons
            .iter()
            .filter(|c| is_main(c))
            .flat_map(|c| &c.notes),
    );
    for note in notes.filter(|note| note.severity > Severity::Detail) {
        let _ = writeln!(text, "  note: {}", printable(&note.message));
    }
    text
}

fn is_main(comparison: &Comparison) -> bool {
    comparison.metric == Metric::WALL_TIME
}

fn time(benchmark: &Benchmark) -> String {
    let time = benchmark.metrics.get(&Metric::WALL_TIME);
    let median = time.and_then(|time| time.median);
    median.map_or_else(|| "-".to_owned(), |ns| Unit::Nanoseconds.format(ns, DIGITS))
}

/// The verdict in words; none for a metric that says what time says.
fn verdict(comparison: &Comparison, all: &[Comparison]) -> Option<String> {
    let is_time = is_main(comparison);
    let by_time = all
        .iter()
        .find(|c| is_main(c) && c.candidate == comparison.candidate)
        .map(|c| c.verdict);
    let says_more = comparison.verdict != Verdict::Inconclusive
        && comparison.verdict != Verdict::Same
        && Some(comparison.verdict) != by_time;
    if !is_time && !says_more {
        return None;
    }
    let word = match (comparison.verdict, is_time) {
        (Verdict::Faster, true) => "faster",
        (Verdict::Slower, true) => "slower",
        (Verdict::Faster, false) => "less",
        (Verdict::Slower, false) => "more",
        (Verdict::Same, _) => "same",
        (Verdict::Inconclusive, _) => "inconclusive",
    };
    let metric = match is_time {
        true => String::new(),
        false => format!(" {}", comparison.metric.name().replace('_', " ")),
    };
    let ratio = match (&comparison.ratio, &comparison.exact) {
        (Some(of_this), _) => ratio(of_this),
        (None, Some(values)) => format!(" ({values})"),
        (None, None) => String::new(),
    };
    Some(format!("{word}{metric}{ratio}"))
}

fn ratio(ratio: &Ratio) -> String {
    let half_width = (ratio.high - ratio.low) / 2.0;
    let digits = match half_width {
        width if width < 0.0005 => 4,
        width if width < 0.05 => 3,
        _ => 2,
    };
    format!(
        ", x{:.digits$} ({:.digits$} to {:.digits$})",
        ratio.estimate, ratio.low, ratio.high
    )
}

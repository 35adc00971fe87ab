//! The words that all documents share, and the orders in which they say things.

use std::cmp::Ordering;

use perfkit::Metric;
use perfkit::report::{Comparison, Severity, Verdict};
use perfkit::unit::Unit;

use super::spans::Style;

/// Whether a metric is what a comparison is about first.
pub(crate) fn is_time(metric: &Metric) -> bool {
    *metric == Metric::WALL_TIME || *metric == Metric::EXECUTION_TIME
}

/// Whether a metric tells how long something takes: less is faster.
fn is_duration(metric: &Metric) -> bool {
    is_time(metric) || *metric == Metric::CPU_TIME || *metric == Metric::CYCLES
}

/// The verdict in a word: times are slower, whatever else there is is worse.
pub(crate) fn verdict_word(comparison: &Comparison) -> &'static str {
    let is_duration = is_duration(&comparison.metric);
    match comparison.verdict {
        Verdict::Faster if is_duration => "faster",
        Verdict::Faster => "better",
        Verdict::Slower if is_duration => "slower",
        Verdict::Slower => "worse",
        Verdict::Same => "same",
        Verdict::Inconclusive => "inconclusive",
    }
}

/// What a verdict means for the reader.
pub(crate) fn verdict_style(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Slower => Style::Bad,
        Verdict::Faster => Style::Good,
        Verdict::Same => Style::Plain,
        Verdict::Inconclusive => Style::Unsure,
    }
}

/// The words of verdicts, those first that ask most for attention.
pub(crate) const VERDICT_WORDS: [&str; 6] = [
    "slower",
    "worse",
    "faster",
    "better",
    "inconclusive",
    "same",
];

/// Slower before faster before inconclusive before the same; among those the largest
/// change first.
pub(crate) fn most_striking_first(a: &Comparison, b: &Comparison) -> Ordering {
    let rank = |comparison: &Comparison| match comparison.verdict {
        Verdict::Slower => 0,
        Verdict::Faster => 1,
        Verdict::Inconclusive => 2,
        Verdict::Same => 3,
    };
    rank(a)
        .cmp(&rank(b))
        .then_with(|| largest_change_first(a, b))
}

/// Those of the comparisons that are counted, and how many others there are: counted are those
/// of times, or all where none is of a time.
pub(super) fn main_comparisons<'a>(all: &[&'a Comparison]) -> (Vec<&'a Comparison>, usize) {
    let of_times = all.iter().filter(|c| is_time(&c.metric));
    let of_times: Vec<&Comparison> = of_times.copied().collect();
    match all.len() - of_times.len() {
        _ if of_times.is_empty() => (all.to_vec(), 0),
        others => (of_times, others),
    }
}

/// The largest change first, whichever way it goes.
pub(super) fn largest_change_first(a: &Comparison, b: &Comparison) -> Ordering {
    let size = |comparison: &Comparison| {
        let ratio = comparison.ratio.as_ref();
        ratio.map_or(0.0, |ratio| ratio.estimate.ln().abs())
    };
    size(b).total_cmp(&size(a))
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

/// `+9.6 %`, `-50 %`; beyond a doubling `3.1 times`.
pub(super) fn signed_change(ratio: f64) -> String {
    if ratio >= 1e9 {
        return format!("{ratio:.1e} times");
    }
    if ratio >= 2.0 {
        return format!("{ratio:.2} times");
    }
    let share = Unit::Ratio.format((ratio - 1.0).abs(), 2);
    let sign = if ratio < 1.0 { '-' } else { '+' };
    format!("{sign}{share}")
}

/// How much a remark matters, in a word.
pub(crate) fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Detail | Severity::Info => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

pub(crate) fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters
        .next()
        .map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + characters.as_str()
}

/// `1 run`, `2.00 k runs`
pub(crate) fn counted(count: u64, thing: &str) -> String {
    let shown = Unit::Count.format(count as f64, 3);
    let plural = if count == 1 { "" } else { "s" };
    format!("{shown} {thing}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_signed() {
        assert_eq!(signed_change(1.096), "+9.6 %");
        assert_eq!(signed_change(0.5), "-50 %");
        assert_eq!(signed_change(3.104), "3.10 times");
        assert_eq!(signed_change(1e300), "1.0e300 times");
    }

    #[test]
    fn one_is_not_many() {
        assert_eq!(counted(1, "run"), "1 run");
        assert_eq!(counted(20, "run"), "20 runs");
    }
}

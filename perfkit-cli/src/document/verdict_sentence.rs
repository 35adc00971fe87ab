//! A comparison in a sentence: the verdict first, then how much and how surely.

use std::collections::HashMap;

use perfkit::Metric;
use perfkit::report::{Comparison, Ratio, Report, Verdict};
use perfkit::unit::Unit;

use crate::text::label;

use super::numbers::RatioText;
use super::remarks::Detail;
use super::spans::Sentence;
use super::words::{capitalised, change, is_one_program, is_time, verdict_style, verdict_word};

/// The comparisons that are shown: those of times, and the others where they say
/// something else.
pub(super) fn shown_comparisons(report: &Report, detail: Detail) -> Vec<&Comparison> {
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

/// One honest sentence on a pair.
pub(super) fn sentence(comparison: &Comparison) -> Sentence {
    let word = capitalised(verdict_word(comparison));
    let sentence = Sentence::led(verdict_style(comparison.verdict), &word);
    match (&comparison.ratio, &comparison.exact) {
        _ if is_one_program(comparison) => {
            let sentence = subject(sentence, comparison).text(same(comparison));
            baseline(sentence, comparison).text(": it is the same program.")
        }
        (Some(ratio), _) => compared(sentence, comparison, ratio),
        (None, Some(values)) => {
            let sentence = metric(sentence, comparison).text(" of ");
            let sentence = candidate(sentence, comparison).text(" against ");
            let sentence = baseline(sentence, comparison).text(&format!(" {values}"));
            match comparison.verdict {
                Verdict::Inconclusive => sentence.text(", but there were too few runs."),
                _ => sentence.text("."),
            }
        }
        (None, None) => {
            let sentence = candidate(sentence, comparison).text(" and ");
            let sentence = baseline(sentence, comparison).text(" cannot be compared");
            let sentence = match is_time(&comparison.metric) {
                true => sentence,
                false => metric(sentence.text(" in "), comparison),
            };
            sentence.text(match comparison.pairs {
                _ if comparison.is_across_machines => ": they were measured on different machines.",
                1 if comparison.interleaved && is_time(&comparison.metric) => {
                    ": one measurement of each decides nothing."
                }
                _ => ": too few values.",
            })
        }
    }
}

fn candidate(sentence: Sentence, comparison: &Comparison) -> Sentence {
    sentence.code(&label(&comparison.candidate))
}

/// Saved reports are compared by name: then the baseline has no other.
fn baseline(sentence: Sentence, comparison: &Comparison) -> Sentence {
    match comparison.baseline_revision {
        None if comparison.is_of_one_name() => sentence.text("the baseline"),
        _ => sentence.code(&label(&comparison.baseline_label())),
    }
}

fn metric(sentence: Sentence, comparison: &Comparison) -> Sentence {
    match &comparison.metric {
        metric if *metric == Metric::CPU_TIME => sentence.text("CPU time"),
        metric => sentence.code(&label(metric.name())),
    }
}

/// What a verdict is on: an implementation for its time, or else its amount of something.
fn subject(sentence: Sentence, comparison: &Comparison) -> Sentence {
    let sentence = match is_time(&comparison.metric) {
        true => sentence,
        false => metric(sentence, comparison).text(" of "),
    };
    candidate(sentence, comparison)
}

fn same(comparison: &Comparison) -> &'static str {
    match is_time(&comparison.metric) {
        true => " takes the same time as ",
        false => " is the same as that of ",
    }
}

fn compared(sentence: Sentence, comparison: &Comparison, ratio: &Ratio) -> Sentence {
    let is_time = is_time(&comparison.metric);
    let mut text = RatioText::new(ratio);
    let relation = match comparison.verdict {
        Verdict::Faster if is_time => {
            text = RatioText::new(&ratio.inverse());
            format!(" is {} times as fast as ", text.estimate)
        }
        Verdict::Slower if is_time => format!(" takes {} times as long as ", text.estimate),
        Verdict::Slower | Verdict::Faster => format!(" is {} times that of ", text.estimate),
        Verdict::Same => same(comparison).to_owned(),
        Verdict::Inconclusive if is_time => {
            let range = between(ratio, &text, ("time than", "as long as"));
            format!(" takes {range}")
        }
        Verdict::Inconclusive => {
            let range = between(ratio, &text, ("than that of", "that of"));
            format!(" is {range}")
        }
    };
    let certainty = match comparison.verdict {
        Verdict::Slower | Verdict::Faster => format!(" ({}).", text.interval()),
        Verdict::Same => within(comparison, &text),
        Verdict::Inconclusive => format!(" ({} interval).", text.confidence),
    };
    let sentence = subject(sentence, comparison).text(&relation);
    baseline(sentence, comparison).text(&certainty)
}

fn within(comparison: &Comparison, text: &RatioText) -> String {
    let zone = Unit::Ratio.format(comparison.indifference, 2);
    let (times, interval) = (&text.estimate, text.interval());
    format!(", within {zone} (ratio {times}, {interval}).")
}

/// What an interval reaches from and to, in per cent where it is near 1. The words say
/// what follows a percentage, and what follows a number of times.
fn between(ratio: &Ratio, text: &RatioText, (percent, times): (&str, &str)) -> String {
    if ratio.low > 0.5 && ratio.high < 2.0 {
        let (low, high) = (change(ratio.low), change(ratio.high));
        format!("between {low} and {high} {percent} ")
    } else {
        format!("between {} and {} times {times} ", text.low, text.high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use perfkit::report::ExactValues;

    fn comparison(metric: Metric, verdict: Verdict) -> Comparison {
        let mut comparison = Comparison::new("old", "new", metric);
        comparison.interleaved = true;
        comparison.pairs = 30;
        comparison.indifference = 0.005;
        comparison.verdict = verdict;
        comparison
    }

    fn said_of(comparison: &Comparison) -> String {
        let sentence = sentence(comparison);
        let body = sentence.body();
        format!("{}: {body}", sentence.lead.unwrap())
    }

    fn said(metric: Metric, verdict: Verdict, (low, estimate, high): (f64, f64, f64)) -> String {
        let mut comparison = comparison(metric, verdict);
        comparison.ratio = Some(Ratio {
            estimate,
            low,
            high,
            confidence: 0.95,
        });
        said_of(&comparison)
    }

    #[test]
    fn every_verdict_has_its_sentence() {
        let said = |verdict, ratio| said(Metric::WALL_TIME, verdict, ratio);
        assert_eq!(
            said(Verdict::Slower, (1.091, 1.096, 1.101)),
            "Slower: `new` takes 1.096 times as long as `old` (95 % interval 1.091 to 1.101)."
        );
        assert_eq!(
            said(Verdict::Faster, (0.48, 0.5, 0.52)),
            "Faster: `new` is 2.00 times as fast as `old` (95 % interval 1.92 to 2.08)."
        );
        assert_eq!(
            said(Verdict::Same, (0.998, 1.001, 1.004)),
            "Same: `new` takes the same time as `old`, within 0.50 % (ratio 1.0010, 95 % interval 0.9980 to 1.0040)."
        );
        assert_eq!(
            said(Verdict::Inconclusive, (0.996, 1.005, 1.019)),
            "Inconclusive: `new` takes between 0.40 % less and 1.9 % more time than `old` (95 % interval)."
        );
        assert_eq!(
            said(Verdict::Inconclusive, (1.5, 1.9, 2.5)),
            "Inconclusive: `new` takes between 1.5 and 2.5 times as long as `old` (95 % interval)."
        );
        assert_eq!(
            said_of(&comparison(Metric::WALL_TIME, Verdict::Inconclusive)),
            "Inconclusive: `new` and `old` cannot be compared: too few values."
        );
    }

    #[test]
    fn every_verdict_on_another_metric_has_its_sentence() {
        let slower = said(Metric::CPU_TIME, Verdict::Slower, (1.091, 1.096, 1.101));
        assert_eq!(
            slower,
            "Slower: CPU time of `new` is 1.096 times that of `old` (95 % interval 1.091 to 1.101)."
        );
        let said = |verdict, ratio| said(Metric::ALLOCATIONS, verdict, ratio);
        assert_eq!(
            said(Verdict::Faster, (0.48, 0.5, 0.52)),
            "Better: `allocations` of `new` is 0.500 times that of `old` (95 % interval 0.480 to 0.520)."
        );
        assert_eq!(
            said(Verdict::Same, (0.998, 1.001, 1.004)),
            "Same: `allocations` of `new` is the same as that of `old`, within 0.50 % (ratio 1.0010, 95 % interval 0.9980 to 1.0040)."
        );
        assert_eq!(
            said(Verdict::Inconclusive, (0.996, 1.005, 1.019)),
            "Inconclusive: `allocations` of `new` is between 0.40 % less and 1.9 % more than that of `old` (95 % interval)."
        );
        assert_eq!(
            said_of(&comparison(Metric::ALLOCATIONS, Verdict::Inconclusive)),
            "Inconclusive: `new` and `old` cannot be compared in `allocations`: too few values."
        );
    }

    #[test]
    fn what_never_varies_is_told_by_its_values() {
        let mut exact = comparison(Metric::ALLOCATIONS, Verdict::Slower);
        exact.exact = Some(ExactValues {
            baseline: 0.0,
            candidate: 5.0,
        });
        assert_eq!(
            said_of(&exact),
            "Worse: `allocations` of `new` against `old` was 0 and is 5, in every run."
        );
        exact.verdict = Verdict::Inconclusive;
        assert_eq!(
            said_of(&exact),
            "Inconclusive: `allocations` of `new` against `old` was 0 and is 5, in every run, but there were too few runs."
        );
    }
}

//! What the lab found out.

use std::cmp::Ordering;

use perfkit::report::{Benchmark, Comparison, ExactValues, Ratio, Report, Verdict};
use perfkit::unit::Unit;
use perfkit::{Metric, MetricSummary};

use crate::claim::Shown;
use crate::lesson::Lesson;
use crate::question::{Amounts, Question};

/// The answer to a question: what one form gains over another.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The lesson that asked.
    pub lesson: Lesson,
    /// What was asked.
    pub question: Question,
    /// What is compared against: the wrong form.
    pub wrong: &'static str,
    /// The right form.
    pub right: &'static str,
    /// What came out.
    pub measured: Measured,
}

/// What came out of a comparison.
#[derive(Clone, Debug)]
pub enum Measured {
    /// Times, as perfkit compares them, and the medians of both forms in nanoseconds.
    Time(Box<Comparison>, Option<[f64; 2]>),
    /// Amounts that were counted: of what, both of them, and their unit.
    Counted(&'static str, [u64; 2], Unit),
}

impl Finding {
    /// By which factor the right form is better: the best single value, and the interval.
    #[must_use]
    pub fn gain(&self) -> Option<Ratio> {
        match &self.measured {
            Measured::Time(comparison, _) => comparison.ratio.map(Ratio::inverse),
            Measured::Counted(_, [_, 0], _) => None,
            Measured::Counted(_, [wrong, right], _) => {
                let times = *wrong as f64 / *right as f64;
                Some(Ratio {
                    estimate: times,
                    low: times,
                    high: times,
                    confidence: 1.0,
                })
            }
        }
    }

    /// Whether the claim showed, if there is one.
    #[must_use]
    pub fn shown(&self) -> Option<Shown> {
        let claim = self.question.claimed?;
        Some(match (&self.measured, self.gain()) {
            (_, Some(gain)) => claim.judge(gain.low, gain.high),
            (Measured::Counted(_, [wrong, _], _), None) if *wrong > 0 => Shown::Yes,
            _ => Shown::Undecided,
        })
    }

    /// That what was claimed did not show, or whether it does is undecided: a sentence.
    #[must_use]
    pub fn not_shown(&self) -> String {
        let (number, what) = (self.lesson.number, self.question.situation());
        let (claimed, told, right) = (self.claimed(), self.told(), self.right);
        let shown = match self.shown() {
            Some(Shown::Undecided) => "is undecided here",
            _ => "does not show here",
        };
        format!("{number}, {what}, {right}: claimed {claimed}, which {shown}; {told}.")
    }

    /// What was claimed, in words.
    #[must_use]
    pub fn claimed(&self) -> &'static str {
        self.question.claimed.map_or("-", |claim| claim.text)
    }

    /// What was measured, in words: the verdict, how much, and both values.
    #[must_use]
    pub fn told(&self) -> String {
        let gain = self.gain();
        let factor = gain.map(|gain| times(gain.estimate));
        match &self.measured {
            Measured::Time(comparison, medians) => {
                let verdict = comparison.verdict.name();
                let factor = factor.map_or(String::new(), |factor| format!(" {factor}"));
                let both = medians.map_or(String::new(), |medians| {
                    let [wrong, right] = medians.map(|ns| Unit::Nanoseconds.format(ns, 3));
                    format!(" ({wrong} → {right})")
                });
                format!("{verdict}{factor}{both}")
            }
            Measured::Counted(metric, amounts, unit) => {
                let [wrong, right] = amounts.map(|amount| unit.format(amount as f64, 3));
                let factor = factor.map_or(String::new(), |factor| format!(" ({factor})"));
                format!("{} {wrong} → {right}{factor}", metric.replace('_', " "))
            }
        }
    }

    /// The interval of the gain, in words.
    #[must_use]
    pub fn interval(&self) -> String {
        match (&self.measured, self.gain()) {
            (Measured::Counted(..), _) => "exact".to_owned(),
            (Measured::Time(..), None) => "-".to_owned(),
            (Measured::Time(..), Some(gain)) => {
                format!("{} to {}", times(gain.low), times(gain.high))
            }
        }
    }
}

/// A factor, with as many digits as tell something.
fn times(factor: f64) -> String {
    match factor {
        _ if !factor.is_finite() => "-".to_owned(),
        100.0.. => format!("{factor:.0}x"),
        ..0.01 => format!("{factor:.5}x"),
        ..0.1 => format!("{factor:.3}x"),
        10.0.. => format!("{factor:.1}x"),
        _ => format!("{factor:.2}x"),
    }
}

/// Puts what was counted into a report, as two benchmarks of one run each and their
/// comparison.
pub(crate) fn add_counts(
    report: &mut Report,
    names: [String; 2],
    metric: &Metric,
    amounts: Amounts,
) {
    let (amounts, unit) = amounts.in_unit();
    for (name, amount) in names.iter().zip(amounts) {
        let summary = MetricSummary::from_samples(unit, vec![amount as f64]);
        // Several things may be counted of one form.
        let known = report.benchmarks.iter_mut().find(|b| b.name == *name);
        if let Some(known) = known {
            known.metrics.insert(metric.clone(), summary);
            continue;
        }
        let mut benchmark = Benchmark::new(name);
        benchmark.successes = 1;
        benchmark.blocks = vec![0];
        benchmark.metrics.insert(metric.clone(), summary);
        report.benchmarks.push(benchmark);
    }
    let [baseline, candidate] = names;
    let [wrong, right] = amounts;
    let mut comparison = Comparison::new(baseline, candidate, metric.clone());
    comparison.interleaved = true;
    comparison.pairs = 1;
    comparison.exact = Some(ExactValues {
        baseline: wrong as f64,
        candidate: right as f64,
    });
    comparison.verdict = match right.cmp(&wrong) {
        Ordering::Less => Verdict::Faster,
        Ordering::Equal => Verdict::Same,
        Ordering::Greater => Verdict::Slower,
    };
    report.comparisons.push(comparison);
}

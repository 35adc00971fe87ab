//! What a reader should know about a sample before believing its numbers.

use crate::metric::Metric;
use crate::report::{Benchmark, Note};
use crate::stats;
use crate::unit::Unit;

/// A value beyond Tukey's outer fence is far out only this much above the
/// median: a very steady sample has values that are far out by its own measure
/// and by no reader's.
const LEAST_FACTOR: f64 = 1.1;

/// More than this share of far-out values is worth a word.
const MANY_FAR_OUT: f64 = 0.05;

/// A first run this much slower than the median stands out.
const SLOW_FIRST_RUN: f64 = 1.5;

/// The remarks on one contestant's runs.
#[must_use]
pub fn remarks(benchmark: &Benchmark) -> Vec<Note> {
    let mut notes = Vec::new();
    let runs = benchmark.successes + benchmark.failures;
    if benchmark.failures > 0 {
        notes.push(Note::warning(
            "failed-runs",
            format!(
                "{}: {} of {runs} runs failed; their times are not in the numbers",
                benchmark.name, benchmark.failures
            ),
        ));
    }
    let times = benchmark.metrics.get(&Metric::WALL_TIME);
    let samples = times
        .map(|time| time.samples.as_slice())
        .unwrap_or_default();
    notes.extend(first_run_slower(&benchmark.name, samples));
    notes.extend(far_out_values(&benchmark.name, samples));
    notes
}

fn first_run_slower(name: &str, samples: &[f64]) -> Option<Note> {
    let (&first, rest) = samples.split_first()?;
    let rest = stats::sorted(rest)?;
    let (median, slowest) = (stats::median(&rest)?, rest.last()?);
    let stands_out = rest.len() >= 5 && first > SLOW_FIRST_RUN * median && first > *slowest;
    stands_out.then(|| {
        Note::warning(
            "first-run-slower",
            format!(
                "{name}: the first run took {}, the others {} in the median: perhaps caches were cold, and more warm-up (-w) would help",
                Unit::Nanoseconds.format(first, 3),
                Unit::Nanoseconds.format(median, 3)
            ),
        )
    })
}

fn far_out_values(name: &str, samples: &[f64]) -> Option<Note> {
    let ordered = stats::sorted(samples)?;
    let fence = stats::fences(&ordered)?.high_severe;
    let fence = fence.max(LEAST_FACTOR * stats::median(&ordered)?);
    let count = ordered.iter().filter(|value| **value > fence).count();
    let is_many = ordered.len() >= 10 && count as f64 > MANY_FAR_OUT * ordered.len() as f64;
    is_many.then(|| {
        Note::warning(
            "far-out-runs",
            format!(
                "{name}: {count} of {} runs took far longer than the rest (over {}); they are kept; perhaps something else was running",
                ordered.len(),
                Unit::Nanoseconds.format(fence, 3)
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::MetricSummary;

    fn codes(values: &[f64]) -> Vec<String> {
        let mut benchmark = Benchmark::new("a");
        let summary = MetricSummary::from_samples(Unit::Nanoseconds, values.to_vec());
        benchmark.metrics.insert(Metric::WALL_TIME, summary);
        let notes = remarks(&benchmark);
        notes
            .into_iter()
            .map(|note| note.code.into_owned())
            .collect()
    }

    #[test]
    fn a_steady_sample_needs_no_remark() {
        assert!(codes(&[10.0, 10.1, 9.9, 10.0, 10.2, 9.8, 10.1, 10.0, 9.9, 10.0]).is_empty());
        let very_steady = [
            702.0, 702.1, 701.9, 702.0, 702.2, 701.8, 702.1, 702.0, 701.9,
        ];
        assert!(codes(&[&very_steady[..], &[713.0]].concat()).is_empty());
        assert!(codes(&[]).is_empty());
        assert!(codes(&[5.0]).is_empty());
    }

    #[test]
    fn a_slow_first_run_is_told() {
        assert_eq!(
            codes(&[20.0, 10.1, 9.9, 10.0, 10.2, 9.8]),
            ["first-run-slower"]
        );
    }

    #[test]
    fn many_far_out_runs_are_told() {
        let mut values = vec![10.0, 10.1, 9.9, 10.0, 10.2, 9.8, 10.1, 10.0, 9.9];
        values.extend([30.0, 40.0]);
        assert_eq!(codes(&values), ["far-out-runs"]);
    }
}

//! From two contestants to a ratio, an interval and a verdict.

use std::cmp::Ordering;

use crate::metric::{Direction, Metric, MetricSummary};
use crate::report::{Benchmark, Comparison, ExactValues, Note, NoteCode, Ratio, Verdict};
use crate::stats;

use super::layout::layout_note;

/// How sure a verdict must be, and what counts as the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// The two-sided confidence level of the intervals that verdicts are read
    /// from. At 0.999 one in a thousand comparisons of a command with itself
    /// may claim a difference.
    pub confidence: f64,
    /// The half-width δ of the indifference zone: byte-identical copies of a
    /// program differ persistently by up to 0.45 %.
    pub indifference: f64,
    /// The two-sided confidence level of the interval that has to lie within the
    /// zone for things to be called the same, if it is below `confidence`: that
    /// accuses nobody, and neither many comparisons nor many looks make it more
    /// demanding.
    pub same_confidence: f64,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            confidence: 0.999,
            indifference: 0.005,
            same_confidence: 0.99,
        }
    }
}

impl Rules {
    /// The rules for each of several comparisons, which together err no more
    /// often than one would (Bonferroni).
    #[must_use]
    pub fn for_each_of(self, comparisons: usize) -> Self {
        Self {
            confidence: 1.0 - (1.0 - self.confidence) / comparisons.max(1) as f64,
            ..self
        }
    }

    /// The rules for a metric: memory comes in pages and regions, so that a
    /// difference below 5 % says little.
    pub(super) fn of_metric(self, metric: &Metric) -> Self {
        let floor = if *metric == Metric::PEAK_MEMORY {
            0.05
        } else {
            0.0
        };
        Self {
            indifference: self.indifference.max(floor),
            ..self
        }
    }

    /// The rules of one look, which has this share of the error.
    #[must_use]
    pub fn at_a_look(self, share: f64) -> Self {
        Self {
            confidence: 1.0 - (1.0 - self.confidence) * share,
            ..self
        }
    }

    /// The rules where `share` of `all` comparisons may use up the error together.
    pub(super) fn with_share(self, share: usize, all: usize) -> Self {
        let share = share.max(1) as f64 / all.max(1) as f64;
        Self {
            confidence: 1.0 - (1.0 - self.confidence) * share.min(1.0),
            ..self
        }
    }

    /// The fewest pairs of runs that can be this sure: of n pairs, all 2ⁿ
    /// patterns of signs are equally likely where there is no difference, and
    /// the two extreme ones are what is left outside the widest interval.
    #[must_use]
    pub fn fewest_pairs(&self) -> u64 {
        let error = (1.0 - self.confidence).max(f64::MIN_POSITIVE);
        (1.0 - error.log2()).ceil().max(1.0) as u64
    }
}

/// The levels at which an interval is still worth showing where there are too
/// few pairs for a verdict.
const LESSER_CONFIDENCES: [f64; 2] = [0.99, 0.95];

/// What an interval says of a metric of which the given values are good.
pub(super) fn verdict_of(
    ratio: Option<&Ratio>,
    indifference: f64,
    direction: Direction,
) -> Verdict {
    match (verdict(ratio, indifference), direction) {
        (Verdict::Faster, Direction::HigherIsBetter) => Verdict::Slower,
        (Verdict::Slower, Direction::HigherIsBetter) => Verdict::Faster,
        (Verdict::Faster | Verdict::Slower, Direction::Unknown) => Verdict::Inconclusive,
        (verdict, _) => verdict,
    }
}

/// What an interval says of a metric that is better when lower: beyond the indifference zone on one side, within it,
/// or neither.
#[must_use]
pub fn verdict(ratio: Option<&Ratio>, indifference: f64) -> Verdict {
    let Some(ratio) = ratio else {
        return Verdict::Inconclusive;
    };
    let (lowest_same, highest_same) = (1.0 / (1.0 + indifference), 1.0 + indifference);
    if ratio.low > highest_same {
        Verdict::Slower
    } else if ratio.high < lowest_same {
        Verdict::Faster
    } else if ratio.low >= lowest_same && ratio.high <= highest_same {
        Verdict::Same
    } else {
        Verdict::Inconclusive
    }
}

/// Compares two contestants that took turns, from the pairs of values that
/// share a block.
///
/// The ratio is the exponential of the Hodges-Lehmann estimate of the paired
/// differences of logarithms, its interval that of Wilcoxon's signed-rank test.
/// Where several blocks come from the same round of processes, the median of
/// their differences is the one difference of that round: a process is a draw of
/// its own, and its blocks are not. The ratio is then the exponential of the
/// median over rounds, with the interval of the sign test, because now and then a
/// process is far from the others.
#[must_use]
pub fn compare_interleaved(
    baseline: &Benchmark,
    candidate: &Benchmark,
    metric: &Metric,
    rules: &Rules,
) -> Comparison {
    let pairs = paired_values(baseline, candidate, metric);
    let mut notes = Vec::new();
    let all_positive = pairs
        .iter()
        .all(|pair| pair.baseline > 0.0 && pair.candidate > 0.0);
    let differences: Vec<f64> = pairs.iter().map(Pair::difference).collect();
    let rounds: Vec<u64> = pairs.iter().map(|pair| pair.round).collect();
    let replicates = rounds.chunk_by(|a, b| a == b).count() as u64;
    let shift = |confidence: f64| {
        if baseline.rounds.is_empty() {
            stats::paired_shift(&differences, confidence)
        } else {
            stats::nested_shift(&rounds, &differences, confidence)
        }
    };
    let ratio_at = |confidence| ratio_of_shift(shift, confidence).filter(|_| all_positive);
    let mut ratio = ratio_at(rules.confidence);
    if *metric == Metric::WALL_TIME && ratio.is_some() {
        notes.extend(layout_note(
            &candidate.name,
            &by_round(&pairs, &differences),
        ));
    }
    let is_sure = ratio.is_some_and(|ratio| ratio.confidence >= rules.confidence);
    let direction = direction(candidate.metrics.get(metric));
    let exact = constants(&pairs).filter(|_| !all_positive);
    if !all_positive && exact.is_none() {
        notes.push(Note::info(
            NoteCode::ZeroValues,
            format!("{metric} has values of zero, of which no ratio can be taken"),
        ));
    } else if all_positive && !is_sure {
        notes.push(too_few_runs(replicates, rules));
    }
    let verdict_of = |ratio: &Ratio| verdict_of(Some(ratio), rules.indifference, direction);
    let mut verdict = match (ratio, exact) {
        (Some(ratio), _) if is_sure => verdict_of(&ratio),
        (None, Some(values)) if replicates >= rules.fewest_pairs() => {
            verdict_of_values(values, direction)
        }
        _ => Verdict::Inconclusive,
    };
    if verdict == Verdict::Inconclusive
        && is_sure
        && rules.same_confidence < rules.confidence
        && let Some(narrower) = ratio_at(rules.same_confidence)
        && verdict_of(&narrower) == Verdict::Same
    {
        (verdict, ratio) = (Verdict::Same, Some(narrower));
    }
    Comparison {
        baseline_revision: baseline.revision.clone(),
        direction,
        interleaved: true,
        pairs: replicates,
        exact,
        indifference: rules.indifference,
        verdict,
        ratio,
        notes,
        ..Comparison::new(&baseline.name, &candidate.name, metric.clone())
    }
}

fn too_few_runs(replicates: u64, rules: &Rules) -> Note {
    let needed = rules.fewest_pairs();
    Note::warning(
        NoteCode::TooFewRuns,
        format!("too few pairs of runs ({replicates}) for a verdict, which needs {needed}"),
    )
}

/// The ratio at this confidence, or at the highest of the lesser ones for which
/// there are values enough.
fn ratio_of_shift(
    shift: impl Fn(f64) -> Option<stats::Estimate>,
    confidence: f64,
) -> Option<Ratio> {
    let lesser = LESSER_CONFIDENCES.into_iter();
    let lesser = lesser.filter(|level| *level < confidence);
    let mut levels = std::iter::once(confidence).chain(lesser);
    levels.find_map(shift).map(|shift| Ratio {
        estimate: bounded(shift.value.exp()),
        low: bounded(shift.low.exp()),
        high: bounded(shift.high.exp()),
        confidence: shift.confidence,
    })
}

pub(super) fn direction(summary: Option<&MetricSummary>) -> Direction {
    summary.map_or(Direction::default(), |summary| summary.direction)
}

/// A ratio that no number can hold is the largest or the smallest there is: a
/// report has no form for an infinite one.
pub(super) fn bounded(ratio: f64) -> f64 {
    ratio.clamp(f64::MIN_POSITIVE, f64::MAX)
}

/// The values of both contestants in a block.
struct Pair {
    round: u64,
    baseline: f64,
    candidate: f64,
}

impl Pair {
    /// The difference of logarithms; not a number where both values are zero.
    fn difference(&self) -> f64 {
        bounded(self.candidate / self.baseline).ln()
    }
}

/// The values of both contestants from every block in which both have one.
fn paired_values(baseline: &Benchmark, candidate: &Benchmark, metric: &Metric) -> Vec<Pair> {
    let values = |benchmark: &'_ Benchmark| -> Vec<(u64, u64, f64)> {
        let samples = benchmark.metrics.get(metric).map(|m| m.samples.as_slice());
        let samples = samples.unwrap_or_default().iter().copied();
        // Without rounds every block has processes of its own.
        let rounds = if benchmark.rounds.is_empty() {
            &benchmark.blocks
        } else {
            &benchmark.rounds
        };
        let places = benchmark.blocks.iter().zip(rounds);
        let values = places.zip(samples);
        values
            .map(|((block, round), value)| (*block, *round, value))
            .collect()
    };
    let (baseline, candidate) = (values(baseline), values(candidate));
    let mut candidate = candidate.into_iter().peekable();
    let mut pairs = Vec::with_capacity(baseline.len());
    for (block, round, value) in baseline {
        while candidate.next_if(|(other, ..)| *other < block).is_some() {}
        if let Some((.., other_value)) = candidate.next_if(|(other, ..)| *other == block) {
            pairs.push(Pair {
                round,
                baseline: value,
                candidate: other_value,
            });
        }
    }
    pairs
}

/// The differences of the blocks of each round.
fn by_round<'a>(pairs: &[Pair], differences: &'a [f64]) -> Vec<&'a [f64]> {
    let mut rest = differences;
    let rounds = pairs.chunk_by(|a, b| a.round == b.round);
    let of_round = |round: &[Pair]| rest.split_off(..round.len());
    rounds.filter_map(of_round).collect()
}

/// The values of both sides where neither ever varies, as counts of allocations
/// do not.
fn constants(pairs: &[Pair]) -> Option<ExactValues> {
    let first = pairs.first()?;
    let is_same = |pair: &Pair| {
        pair.baseline.to_bits() == first.baseline.to_bits()
            && pair.candidate.to_bits() == first.candidate.to_bits()
    };
    pairs.iter().all(is_same).then_some(ExactValues {
        baseline: first.baseline,
        candidate: first.candidate,
    })
}

/// The verdict on values that never vary and of which no ratio can be taken.
fn verdict_of_values(values: ExactValues, direction: Direction) -> Verdict {
    match (values.candidate.total_cmp(&values.baseline), direction) {
        (Ordering::Equal, _) => Verdict::Same,
        (Ordering::Less, Direction::LowerIsBetter)
        | (Ordering::Greater, Direction::HigherIsBetter) => Verdict::Faster,
        (Ordering::Greater, Direction::LowerIsBetter)
        | (Ordering::Less, Direction::HigherIsBetter) => Verdict::Slower,
        (_, Direction::Unknown) => Verdict::Inconclusive,
    }
}

#[cfg(test)]
mod tests {
    use crate::unit::Unit;

    use super::super::saved::compare_saved;
    use super::*;

    fn benchmark(name: &str, values: &[f64]) -> Benchmark {
        let mut benchmark = Benchmark::new(name);
        benchmark.successes = values.len() as u64;
        benchmark.blocks = (0..values.len() as u64).collect();
        let summary = MetricSummary::from_samples(Unit::Nanoseconds, values.to_vec());
        benchmark.metrics.insert(Metric::WALL_TIME, summary);
        benchmark
    }

    /// Noise that both sides of a block share, and a little of their own.
    fn series(factor: f64, n: usize, phase: f64) -> Vec<f64> {
        let noise = |index: usize, step: f64| (index as f64 * step + phase).sin();
        let shared = |index: usize| 1.0 + 0.2 * (index as f64 * 0.7).sin();
        (0..n)
            .map(|index| 1e7 * factor * shared(index) * (1.0 + 0.002 * noise(index, 2.3)))
            .collect()
    }

    fn compare(factor: f64, n: usize) -> Comparison {
        let baseline = benchmark("a", &series(1.0, n, 0.0));
        let candidate = benchmark("b", &series(factor, n, 1.0));
        compare_interleaved(&baseline, &candidate, &Metric::WALL_TIME, &Rules::default())
    }

    #[test]
    fn pairs_cancel_what_both_sides_share() {
        let slower = compare(1.02, 40);
        assert_eq!(slower.verdict, Verdict::Slower);
        let ratio = slower.ratio.unwrap();
        assert!(ratio.low < 1.02 && 1.02 < ratio.high && ratio.high - ratio.low < 0.006);
        assert_eq!(compare(0.98, 40).verdict, Verdict::Faster);
        assert_eq!(compare(1.0, 40).verdict, Verdict::Same);
        assert_eq!(compare(1.005, 40).verdict, Verdict::Inconclusive);
    }

    #[test]
    fn the_fewest_pairs_are_those_that_have_an_interval() {
        for (confidence, comparisons) in [(0.5, 1), (0.95, 1), (0.999, 1), (0.999, 4), (0.9999, 9)]
        {
            let rules = Rules {
                confidence,
                ..Rules::default()
            };
            let rules = rules.for_each_of(comparisons);
            let fewest = rules.fewest_pairs() as usize;
            let shift = |pairs| stats::paired_shift(&series(1.0, pairs, 0.0), rules.confidence);
            assert!(shift(fewest).is_some(), "{fewest} at {confidence}");
            assert!(shift(fewest - 1).is_none(), "{fewest} at {confidence}");
        }
        assert_eq!(Rules::default().fewest_pairs(), 11);
    }

    #[test]
    fn few_pairs_show_an_interval_and_no_verdict() {
        let comparison = compare(2.0, 5);
        assert_eq!(
            (comparison.ratio, comparison.verdict),
            (None, Verdict::Inconclusive)
        );
        assert_eq!(comparison.notes[0].code, NoteCode::TooFewRuns);
        for (pairs, confidence) in [(6, 0.95), (8, 0.99), (10, 0.99)] {
            let comparison = compare(2.0, pairs);
            assert_eq!(comparison.ratio.unwrap().confidence, confidence);
            assert_eq!(comparison.verdict, Verdict::Inconclusive);
            assert_eq!(comparison.notes[0].code, NoteCode::TooFewRuns);
        }
        assert_eq!(compare(2.0, 11).verdict, Verdict::Slower);
    }

    #[test]
    fn several_comparisons_share_the_chance_of_an_error() {
        let rules = Rules::default().for_each_of(10);
        assert!((rules.confidence - 0.9999).abs() < 1e-12);
        assert_eq!(Rules::default().for_each_of(1), Rules::default());
    }

    #[test]
    fn a_ratio_beyond_every_number_is_the_largest_there_is() {
        let small = benchmark("small", &[1e-300; 20]);
        let large = benchmark("large", &[1e300; 20]);
        let rules = Rules::default();
        for compare in [compare_interleaved, compare_saved] {
            let up = compare(&small, &large, &Metric::WALL_TIME, &rules);
            let down = compare(&large, &small, &Metric::WALL_TIME, &rules);
            assert_eq!(
                (up.verdict, down.verdict),
                (Verdict::Slower, Verdict::Faster)
            );
            for ratio in [up.ratio.unwrap(), down.ratio.unwrap()] {
                let bounds = [ratio.low, ratio.estimate, ratio.high];
                assert!(bounds.iter().all(|bound| bound.is_finite() && *bound > 0.0));
                assert!(bounds.is_sorted(), "{bounds:?}");
            }
        }
    }

    #[test]
    fn a_block_in_which_one_side_failed_is_no_pair() {
        let baseline = benchmark("a", &[10.0; 8]);
        let mut candidate = benchmark("b", &[20.0; 7]);
        candidate.blocks = vec![0, 1, 2, 4, 5, 6, 7];
        let comparison =
            compare_interleaved(&baseline, &candidate, &Metric::WALL_TIME, &Rules::default());
        assert_eq!(comparison.pairs, 7);
        assert_eq!(comparison.ratio.unwrap().estimate, 2.0_f64.ln().exp());
    }

    #[test]
    fn zero_values_have_no_ratio() {
        let compare = |baseline: &[f64], candidate: &[f64]| {
            let (baseline, candidate) = (benchmark("a", baseline), benchmark("b", candidate));
            let rules = Rules::default();
            compare_interleaved(&baseline, &candidate, &Metric::WALL_TIME, &rules)
        };
        let varying: Vec<f64> = (0..12).map(f64::from).collect();
        let comparison = compare(&varying, &[5.0; 12]);
        assert_eq!(comparison.verdict, Verdict::Inconclusive);
        assert_eq!(comparison.notes[0].code, NoteCode::ZeroValues);
        let exact = compare(&[0.0; 12], &[5.0; 12]);
        assert_eq!((exact.verdict, exact.ratio), (Verdict::Slower, None));
        let values = ExactValues {
            baseline: 0.0,
            candidate: 5.0,
        };
        assert_eq!((exact.exact, exact.notes.len()), (Some(values), 0));
        assert_eq!(compare(&[5.0; 12], &[0.0; 12]).verdict, Verdict::Faster);
        assert_eq!(compare(&[0.0; 12], &[0.0; 12]).verdict, Verdict::Same);
        assert_eq!(compare(&[0.0; 3], &[5.0; 3]).verdict, Verdict::Inconclusive);
    }

    #[test]
    fn the_zone_is_symmetric_on_the_log_scale() {
        let ratio = |low: f64, high: f64| Ratio {
            estimate: (low * high).sqrt(),
            low,
            high,
            confidence: 0.95,
        };
        let judge = |low, high| verdict(Some(&ratio(low, high)), 0.25);
        assert_eq!(judge(0.8, 1.25), Verdict::Same);
        assert_eq!(judge(1.26, 1.5), Verdict::Slower);
        assert_eq!(judge(0.5, 0.79), Verdict::Faster);
        assert_eq!(judge(0.79, 1.0), Verdict::Inconclusive);
        assert_eq!(verdict(None, 0.25), Verdict::Inconclusive);
    }
}

//! Comparing what was measured alternately, from the pairs of values that share a block.
//!
//! Whatever the machine did in a block met both sides, so that the difference of their
//! logarithms is steadier than either. What is independent decides how differences are
//! summed up:
//!
//! * Where each block has processes of its own (commands), the ratio is the exponential of
//!   the Hodges-Lehmann estimate of the differences (Hodges and Lehmann 1963), with the
//!   interval that inverts Wilcoxon's signed-rank test (Wilcoxon 1945, Tukey 1949). It
//!   assumes that differences are symmetric about their centre.
//! * Where several blocks come from the same round of processes (functions), the median of
//!   their differences is the one difference of that round: a process is a draw of its
//!   own, and its blocks are not (Kalibera and Jones 2013). The ratio is the exponential of
//!   the median over rounds, with the interval that inverts the sign test (Thompson 1936).
//!   It assumes nothing of the shape, because now and then a process is far from the
//!   others.
//!
//! What it cannot do: the interval is about this session on this machine, with this build
//! of both sides.

use crate::metric::{Direction, Metric};
use crate::metric_summary::MetricSummary;
use crate::report::{Benchmark, Comparison, ExactValues, Note, NoteCode, Ratio, Verdict};
use crate::stats;

use super::layout::layout_note;
use super::rules::VerdictRules;
use super::verdict::{verdict_of, verdict_of_values};

/// The levels at which an interval is still worth showing where there are too few pairs
/// for a verdict.
const LESSER_CONFIDENCES: [f64; 2] = [0.99, 0.95];

/// Compares two benchmarks that were measured alternately in one metric.
///
/// Blocks in which one side has no value are left out.
#[must_use]
pub fn compare_paired(
    baseline: &Benchmark,
    candidate: &Benchmark,
    metric: &Metric,
    rules: &VerdictRules,
) -> Comparison {
    let pairs = Pairs::of(baseline, candidate, metric);
    let direction = direction(candidate.metrics.get(metric));
    let Judgement {
        verdict,
        ratio,
        is_sure,
    } = pairs.judge(rules, direction);
    let exact = pairs.exact_values();
    let mut notes = Vec::new();
    if *metric == Metric::WALL_TIME && ratio.is_some() {
        notes.extend(layout_note(&candidate.name, &pairs.by_round()));
    }
    if !pairs.are_positive && exact.is_none() {
        notes.push(Note::info(
            NoteCode::ZeroValues,
            format!("{metric} has values of zero, of which no ratio can be taken"),
        ));
    } else if pairs.are_positive && !is_sure {
        notes.push(too_few_runs(pairs.replicates(), rules));
    }
    Comparison {
        baseline_revision: baseline.revision.clone(),
        direction,
        interleaved: true,
        pairs: pairs.replicates(),
        exact,
        indifference: rules.indifference,
        verdict,
        ratio,
        notes,
        program: common_program(baseline, candidate),
        ..Comparison::new(&baseline.name, &candidate.name, metric.clone())
    }
}

/// The program that both are of; `None` where a benchmark was moved to another.
pub(super) fn common_program(baseline: &Benchmark, candidate: &Benchmark) -> Option<String> {
    let is_one = baseline.may_be_of(candidate.program.as_deref());
    let program = candidate.program.as_ref().or(baseline.program.as_ref());
    program.filter(|_| is_one).cloned()
}

fn too_few_runs(replicates: u64, rules: &VerdictRules) -> Note {
    let needed = rules.fewest_pairs();
    Note::warning(
        NoteCode::TooFewRuns,
        format!("too few pairs of runs ({replicates}) for a verdict, which needs {needed}"),
    )
}

/// Which values of a metric are better, as far as its summary says.
pub(super) fn direction(summary: Option<&MetricSummary>) -> Direction {
    summary.map_or(Direction::default(), |summary| summary.direction)
}

/// A ratio that no number can hold is the largest or the smallest there is: a report has
/// no form for an infinite one.
pub(super) fn bounded(ratio: f64) -> f64 {
    ratio.clamp(f64::MIN_POSITIVE, f64::MAX)
}

/// What pairs come to.
struct Judgement {
    verdict: Verdict,
    /// The interval that the verdict was read from; where there is none, the one of the
    /// highest level for which there are pairs enough.
    ratio: Option<Ratio>,
    /// Whether there are pairs enough for the level of the rules.
    is_sure: bool,
}

/// The values of both sides from every block in which both have one.
struct Pairs {
    values: Vec<ExactValues>,
    /// The differences of logarithms, candidate less baseline; not a number where both
    /// values are zero.
    differences: Vec<f64>,
    /// The round of each, or its block where every block has processes of its own.
    rounds: Vec<u64>,
    /// Whether several blocks may come from one round of processes.
    are_nested: bool,
    /// Whether no value is zero, so that all have a logarithm.
    are_positive: bool,
}

impl Pairs {
    fn of(baseline: &Benchmark, candidate: &Benchmark, metric: &Metric) -> Self {
        let mut of_candidate = places(candidate, metric).peekable();
        let (mut values, mut rounds) = (Vec::new(), Vec::new());
        for (block, round, value) in places(baseline, metric) {
            while of_candidate.next_if(|(other, ..)| *other < block).is_some() {}
            if let Some((.., other)) = of_candidate.next_if(|(other, ..)| *other == block) {
                rounds.push(round);
                values.push(ExactValues {
                    baseline: value,
                    candidate: other,
                });
            }
        }
        let difference = |pair: &ExactValues| bounded(pair.candidate / pair.baseline).ln();
        let is_positive = |pair: &ExactValues| pair.baseline > 0.0 && pair.candidate > 0.0;
        Self {
            differences: values.iter().map(difference).collect(),
            are_positive: values.iter().all(is_positive),
            are_nested: !baseline.rounds.is_empty(),
            values,
            rounds,
        }
    }

    /// How many of them are independent.
    fn replicates(&self) -> u64 {
        self.rounds.chunk_by(|a, b| a == b).count() as u64
    }

    fn judge(&self, rules: &VerdictRules, direction: Direction) -> Judgement {
        let ratio = self.ratio(rules.confidence);
        let is_sure = ratio.is_some_and(|ratio| ratio.confidence >= rules.confidence);
        let verdict_of = |ratio: &Ratio| verdict_of(Some(ratio), rules.indifference, direction);
        let verdict = match (ratio, self.exact_values()) {
            (Some(ratio), _) if is_sure => verdict_of(&ratio),
            (None, Some(values)) if self.replicates() >= rules.fewest_pairs() => {
                verdict_of_values(values, direction)
            }
            _ => Verdict::Inconclusive,
        };
        let narrower = || self.ratio(rules.same_confidence);
        if verdict == Verdict::Inconclusive
            && is_sure
            && rules.same_confidence < rules.confidence
            && let Some(narrower) = narrower()
            && verdict_of(&narrower) == Verdict::Same
        {
            return Judgement {
                verdict: Verdict::Same,
                ratio: Some(narrower),
                is_sure,
            };
        }
        Judgement {
            verdict,
            ratio,
            is_sure,
        }
    }

    /// The ratio at this confidence, or at the highest of the lesser ones for which there
    /// are pairs enough; `None` where a value is zero.
    fn ratio(&self, confidence: f64) -> Option<Ratio> {
        let lesser = LESSER_CONFIDENCES.into_iter();
        let lesser = lesser.filter(|level| *level < confidence);
        let mut levels = std::iter::once(confidence).chain(lesser);
        let shift = levels.find_map(|level| self.shift(level));
        shift.filter(|_| self.are_positive).map(|shift| Ratio {
            estimate: bounded(shift.value.exp()),
            low: bounded(shift.low.exp()),
            high: bounded(shift.high.exp()),
            confidence: shift.confidence,
        })
    }

    /// The typical difference of logarithms.
    fn shift(&self, confidence: f64) -> Option<stats::Estimate> {
        if self.are_nested {
            stats::nested_shift(&self.rounds, &self.differences, confidence)
        } else {
            stats::paired_shift(&self.differences, confidence)
        }
    }

    /// The differences of the blocks of each round.
    fn by_round(&self) -> Vec<&[f64]> {
        let mut rest = self.differences.as_slice();
        let rounds = self.rounds.chunk_by(|a, b| a == b);
        let of_round = |round: &[u64]| rest.split_off(..round.len());
        rounds.filter_map(of_round).collect()
    }

    /// The values of both sides where neither ever varies, as counts of allocations do
    /// not, and of which no ratio can be taken.
    fn exact_values(&self) -> Option<ExactValues> {
        let first = self.values.first().filter(|_| !self.are_positive)?;
        let bits = |pair: &ExactValues| (pair.baseline.to_bits(), pair.candidate.to_bits());
        let is_same = |pair: &ExactValues| bits(pair) == bits(first);
        self.values.iter().all(is_same).then_some(*first)
    }
}

/// The values of a metric, each with its block and its round.
fn places<'a>(
    benchmark: &'a Benchmark,
    metric: &Metric,
) -> impl Iterator<Item = (u64, u64, f64)> + use<'a> {
    let summary = benchmark.metrics.get(metric);
    let samples = summary.map_or(&[][..], |summary| &summary.samples);
    // Without rounds every block has processes of its own.
    let rounds = if benchmark.rounds.is_empty() {
        &benchmark.blocks
    } else {
        &benchmark.rounds
    };
    let places = benchmark.blocks.iter().zip(rounds).zip(samples);
    places.map(|((block, round), value)| (*block, *round, *value))
}

#[cfg(test)]
mod tests {
    use crate::unit::Unit;

    use super::super::unpaired::{Sessions, compare_unpaired};
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
        compare_paired(
            &baseline,
            &candidate,
            &Metric::WALL_TIME,
            &VerdictRules::default(),
        )
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
            let rules = VerdictRules {
                confidence,
                ..VerdictRules::default()
            };
            let rules = rules.for_each_of(comparisons);
            let fewest = rules.fewest_pairs() as usize;
            let shift = |pairs| stats::paired_shift(&series(1.0, pairs, 0.0), rules.confidence);
            assert!(shift(fewest).is_some(), "{fewest} at {confidence}");
            assert!(shift(fewest - 1).is_none(), "{fewest} at {confidence}");
        }
        assert_eq!(VerdictRules::default().fewest_pairs(), 11);
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
    fn a_ratio_beyond_every_number_is_the_largest_there_is() {
        let small = benchmark("small", &[1e-300; 20]);
        let large = benchmark("large", &[1e300; 20]);
        let rules = VerdictRules::default();
        let in_sessions = |baseline, candidate, metric: &Metric, rules: &VerdictRules| {
            let sessions = Sessions {
                baseline: vec![baseline],
                candidate: vec![candidate],
                is_one_machine: true,
                is_one_session: false,
            };
            compare_unpaired(&sessions, metric, rules)
        };
        for is_in_turn in [true, false] {
            let compare = |baseline, candidate| match is_in_turn {
                true => compare_paired(baseline, candidate, &Metric::WALL_TIME, &rules),
                false => in_sessions(baseline, candidate, &Metric::WALL_TIME, &rules),
            };
            let (up, down) = (compare(&small, &large), compare(&large, &small));
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
        let comparison = compare_paired(
            &baseline,
            &candidate,
            &Metric::WALL_TIME,
            &VerdictRules::default(),
        );
        assert_eq!(comparison.pairs, 7);
        assert_eq!(comparison.ratio.unwrap().estimate, 2.0_f64.ln().exp());
    }

    #[test]
    fn zero_values_have_no_ratio() {
        let compare = |baseline: &[f64], candidate: &[f64]| {
            let (baseline, candidate) = (benchmark("a", baseline), benchmark("b", candidate));
            let rules = VerdictRules::default();
            compare_paired(&baseline, &candidate, &Metric::WALL_TIME, &rules)
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
}

//! Comparing what was measured alternately, from the pairs of values that share a block.
//!
//! Whatever the machine did in a block met both sides, so that the difference of their
//! logarithms is steadier than either. What is independent decides how differences are
//! summed up:
//!
//! * Where each block has processes of its own (commands), the ratio is the exponential of
//!   the Hodges-Lehmann estimate of the differences (Hodges and Lehmann 1963), with the
//!   interval that inverts Wilcoxon's signed-rank test (Wilcoxon 1945, Tukey 1949). It
//!   assumes that differences are symmetric about their centre. Times of fewer pairs than
//!   that test needs have the interval of all differences, widened on both sides for what so
//!   few cannot have shown ([`few_pairs_shift`](crate::stats)).
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
    let Judgement { verdict, ratio } = pairs.judge(rules, direction);
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
    } else if pairs.are_positive && !pairs.are_enough(rules) {
        notes.push(pairs.few_note(metric, rules));
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
    /// Whether so much is known of their noise that few of them have an interval.
    have_known_noise: bool,
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
        let are_nested = !baseline.rounds.is_empty();
        Self {
            differences: values.iter().map(difference).collect(),
            are_positive: values.iter().all(is_positive),
            // Times of CPUs may be counted in ticks, and memory in pages.
            have_known_noise: *metric == Metric::WALL_TIME && !are_nested,
            are_nested,
            values,
            rounds,
        }
    }

    /// How many of them are independent.
    fn replicates(&self) -> u64 {
        self.rounds.chunk_by(|a, b| a == b).count() as u64
    }

    /// Whether there are as many as the level of the rules needs, whatever their noise is.
    fn are_enough(&self, rules: &VerdictRules) -> bool {
        self.replicates() >= rules.fewest_pairs()
    }

    /// Of too few pairs only a difference can be clear: that they agree may be chance.
    fn judge(&self, rules: &VerdictRules, direction: Direction) -> Judgement {
        let ratio = self.ratio(rules.confidence);
        let is_sure = ratio.is_some_and(|ratio| ratio.confidence >= rules.confidence);
        let are_enough = self.are_enough(rules);
        let verdict_of = |ratio: &Ratio| verdict_of(Some(ratio), rules.indifference, direction);
        let verdict = match (ratio, self.exact_values()) {
            (Some(ratio), _) if is_sure => match verdict_of(&ratio) {
                Verdict::Same if !are_enough => Verdict::Inconclusive,
                verdict => verdict,
            },
            (None, Some(values)) if are_enough => verdict_of_values(values, direction),
            _ => Verdict::Inconclusive,
        };
        let narrower = || self.ratio(rules.same_confidence);
        if verdict == Verdict::Inconclusive
            && are_enough
            && rules.same_confidence < rules.confidence
            && let Some(narrower) = narrower()
            && verdict_of(&narrower) == Verdict::Same
        {
            return Judgement {
                verdict: Verdict::Same,
                ratio: Some(narrower),
            };
        }
        Judgement { verdict, ratio }
    }

    /// The ratio at this confidence, or at the highest of the lesser ones for which there
    /// are pairs enough; `None` where a value is zero.
    fn ratio(&self, confidence: f64) -> Option<Ratio> {
        if !self.are_positive {
            return None;
        }
        let lesser = LESSER_CONFIDENCES.into_iter();
        let lesser = lesser.filter(|level| *level < confidence);
        let at_lesser = || lesser.clone().find_map(|level| self.shift(level));
        let shift = self.shift(confidence);
        let shift = shift.or_else(|| self.shift_of_few(confidence));
        shift.or_else(at_lesser).map(|shift| Ratio {
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

    /// The same of fewer pairs than a test needs that knows nothing of their noise.
    fn shift_of_few(&self, confidence: f64) -> Option<stats::Estimate> {
        if !self.have_known_noise {
            return None;
        }
        let logs = |value: fn(&ExactValues) -> f64| -> Vec<f64> {
            self.values.iter().map(|pair| value(pair).ln()).collect()
        };
        let baseline = logs(|pair| pair.baseline);
        let candidate = logs(|pair| pair.candidate);
        stats::few_pairs_shift(&self.differences, [&baseline, &candidate], confidence)
    }

    /// What a reader should know of fewer pairs than the level of the rules needs.
    fn few_note(&self, metric: &Metric, rules: &VerdictRules) -> Note {
        let (pairs, enough) = (self.replicates(), rules.fewest_pairs());
        let code = NoteCode::TooFewRuns;
        match pairs {
            1 if self.have_known_noise => Note::warning(
                code,
                "one run of each decides nothing, as it does not show how much runs vary; two can show a large difference",
            ),
            2.. if self.have_known_noise => Note::info(
                code,
                format!(
                    "of {pairs} pairs of runs the interval goes from the smallest to the largest ratio of a pair, widened on both sides for what so few cannot have shown; {enough} need no widening, and can show that nothing differs"
                ),
            ),
            0 if *metric == Metric::WALL_TIME => Note::warning(
                code,
                "no block had a run of each that worked, so that there is nothing to compare",
            ),
            _ if *metric == Metric::WALL_TIME => Note::warning(
                code,
                format!("too few pairs of runs ({pairs}) for a verdict, which needs {enough}"),
            ),
            _ => Note::detail(
                code,
                format!(
                    "too few pairs of runs ({pairs}) for a verdict on {metric}, which needs {enough}"
                ),
            ),
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

    use super::super::unpaired::{Apart, Sessions, compare_unpaired};
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
    fn few_pairs_of_times_tell_what_is_beyond_doubt() {
        let found = |factor: f64, pairs: usize| {
            let comparison = compare(factor, pairs);
            let is_told = !comparison.notes.is_empty();
            assert_eq!(is_told, pairs < 11, "{:?}", comparison.notes);
            let confidence = comparison.ratio.map(|ratio| ratio.confidence);
            assert_eq!(confidence, (pairs > 1).then_some(0.999));
            comparison.verdict
        };
        assert_eq!(found(1000.0, 1), Verdict::Inconclusive);
        for (pairs, slower, unsure) in [(2, 10.0, 4.0), (3, 3.2, 2.2), (5, 2.2, 1.4)] {
            assert_eq!(found(slower, pairs), Verdict::Slower, "{pairs}");
            assert_eq!(found(1.0 / slower, pairs), Verdict::Faster, "{pairs}");
            assert_eq!(found(unsure, pairs), Verdict::Inconclusive, "{pairs}");
        }
        assert_eq!(found(1.0, 10), Verdict::Inconclusive);
        assert_eq!(found(1.05, 11), Verdict::Slower);
    }

    #[test]
    fn few_pairs_that_agree_are_not_the_same() {
        let side = |name| benchmark(name, &[1e7; 10]);
        let rules = VerdictRules {
            indifference: 0.5,
            ..VerdictRules::default()
        };
        let compare = |side_b: &Benchmark| {
            compare_paired(&side("a"), side_b, &Metric::WALL_TIME, &rules).verdict
        };
        assert_eq!(compare(&side("b")), Verdict::Inconclusive);
        let enough = [benchmark("a", &[1e7; 11]), benchmark("b", &[1e7; 11])];
        let [a, b] = &enough;
        let same = compare_paired(a, b, &Metric::WALL_TIME, &rules);
        assert_eq!((same.verdict, same.notes.len()), (Verdict::Same, 0));
        let at_99 = VerdictRules {
            confidence: 0.99,
            ..rules
        };
        let same = compare_paired(&side("a"), &side("b"), &Metric::WALL_TIME, &at_99);
        assert_eq!(same.verdict, Verdict::Same);
    }

    #[test]
    fn few_pairs_of_what_is_no_time_have_an_interval_and_no_verdict() {
        let side = |name, factor: f64, pairs: usize| {
            let mut side = benchmark(name, &[1.0]);
            side.blocks = (0..pairs as u64).collect();
            let memory = MetricSummary::from_samples(Unit::Bytes, series(factor, pairs, factor));
            side.metrics.insert(Metric::PEAK_MEMORY, memory);
            side
        };
        for (pairs, confidence) in [(5, None), (6, Some(0.95)), (10, Some(0.99))] {
            let (a, b) = (side("a", 1.0, pairs), side("b", 20.0, pairs));
            let rules = VerdictRules::default();
            let comparison = compare_paired(&a, &b, &Metric::PEAK_MEMORY, &rules);
            let found = comparison.ratio.map(|ratio| ratio.confidence);
            assert_eq!(found, confidence);
            assert_eq!(comparison.verdict, Verdict::Inconclusive);
            assert_eq!(comparison.notes[0].code, NoteCode::TooFewRuns);
        }
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
                apart: Apart::OnOneMachine,
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

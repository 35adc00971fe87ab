//! Many comparisons at once: which there are, what they share, and what is known beforehand.
//!
//! Of all differences that are claimed in a metric, the share that is none is kept at the
//! error that the rules allow ([`step_up`](crate::stats)): where R of m comparisons are
//! clear, each interval has R/m of the error. Without any difference at all, the chance of
//! claiming one is the error itself.
//!
//! An *A/A control* is a benchmark that is measured twice, as if it were two. What the two
//! seem to differ by is noise, and the zone of indifference of all that is compared with
//! it is at least as wide.
//!
//! What it cannot do: a control is one sample of the noise, which may have been a lucky one.

use crate::metric::Metric;
use crate::report::{Benchmark, Comparison, Note, NoteCode, Report, Verdict};
use crate::stats;
use crate::unit::Unit;

use super::paired::compare_paired;
use super::rules::VerdictRules;

/// The confidence of the interval that says how much a control may differ.
const NOISE_CONFIDENCE: f64 = 0.95;

/// Implementations, and which of them are compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ComparisonSet {
    /// The names of the implementations, each different.
    pub names: Vec<String>,
    /// Baseline and candidate of each comparison, as indices of names.
    pub pairs: Vec<(usize, usize)>,
    /// Those of the pairs whose candidate is an A/A control: the baseline once more.
    pub controls: Vec<(usize, usize)>,
    /// Those of the pairs of which both sides are the same program, and its name. They are
    /// called the same unless a difference is clear.
    pub same_programs: Vec<((usize, usize), String)>,
}

impl ComparisonSet {
    /// All against one.
    #[must_use]
    pub fn against(baseline: usize, names: Vec<String>) -> Self {
        let others = (0..names.len()).filter(|index| *index != baseline);
        Self {
            pairs: others.map(|candidate| (baseline, candidate)).collect(),
            names,
            ..Self::default()
        }
    }

    /// Says of all pairs but the controls that both sides are one program, of this name.
    pub fn mark_one_program(&mut self, name: &str) {
        let pairs = self
            .pairs
            .iter()
            .filter(|pair| !self.controls.contains(pair));
        self.same_programs = pairs.map(|pair| (*pair, name.to_owned())).collect();
    }

    /// Adds an A/A control of the implementation of this index, and their comparison.
    /// Returns the index of the control.
    pub fn add_control(&mut self, of: usize) -> usize {
        let control = self.names.len();
        let name = self.names.get(of).map_or("", String::as_str);
        let name = self.name_of_control(name);
        self.names.push(name);
        self.pairs.push((of, control));
        self.controls.push((of, control));
        control
    }

    /// The name of a control, which no other implementation has.
    fn name_of_control(&self, name: &str) -> String {
        let is_taken = |wanted: &String| self.names.contains(wanted);
        let numbered = (2..).map(|number| format!("{name} (A/A control {number})"));
        let first = format!("{name} (A/A control)");
        let mut all = std::iter::once(first).chain(numbered);
        all.find(|name| !is_taken(name)).unwrap_or_default()
    }

    /// Marks those of the benchmarks, which are in the order of the names, that are
    /// controls.
    pub fn mark_controls(&self, benchmarks: &mut [Benchmark]) {
        for (of, control) in &self.controls {
            let name = benchmarks.get(*of).map(|benchmark| benchmark.name.clone());
            if let Some(control) = benchmarks.get_mut(*control) {
                control.control_of = name;
            }
        }
    }

    /// The benchmarks of a report, and those of its comparisons that were measured
    /// alternately.
    #[must_use]
    pub fn of_report(report: &Report) -> Self {
        let names = report.benchmarks.iter().map(|b| b.name.clone()).collect();
        let index = |wanted: &Benchmark| {
            let mut all = report.benchmarks.iter();
            all.position(|benchmark| std::ptr::eq(benchmark, wanted))
        };
        let pair = |c: &Comparison| {
            let baseline = index(report.baseline_of(c)?)?;
            Some((baseline, index(report.candidate_of(c)?)?))
        };
        let mut set = Self {
            names,
            ..Self::default()
        };
        let of_time = |c: &&Comparison| c.interleaved && c.metric == Metric::WALL_TIME;
        for comparison in report.comparisons.iter().filter(of_time) {
            let Some(pair) = pair(comparison) else {
                continue;
            };
            set.pairs.push(pair);
            if comparison.is_control {
                set.controls.push(pair);
            }
            if comparison.is_same_program {
                let name = comparison.candidate.clone();
                set.same_programs.push((pair, name));
            }
        }
        set
    }

    /// By how much the baseline of a pair may seem to differ from itself in a metric: the
    /// largest share that the 95 % interval of its own control allows. What controls of
    /// other baselines show says nothing of this pair.
    #[must_use]
    pub fn noise(&self, baseline: usize, benchmarks: &[Benchmark], metric: &Metric) -> Option<f64> {
        let rules = VerdictRules {
            confidence: NOISE_CONFIDENCE,
            ..VerdictRules::default()
        };
        let of_control = |(of, control): &(usize, usize)| {
            let (of, control) = (benchmarks.get(*of)?, benchmarks.get(*control)?);
            let compared = compare_paired(of, control, metric, &rules);
            // The interval of fewer pairs says more of their number than of the machine.
            let are_enough = compared.pairs >= rules.fewest_pairs();
            let ratio = compared.ratio.filter(|_| are_enough)?;
            Some(ratio.high.max(ratio.inverse().high) - 1.0)
        };
        let own = self.controls.iter().filter(|(of, _)| *of == baseline);
        own.filter_map(of_control).reduce(f64::max)
    }

    /// Says of each baseline that has a control how large the noise of its times is, and
    /// whether that widens the zone of the rules.
    #[must_use]
    pub fn noise_notes(&self, benchmarks: &[Benchmark], rules: &VerdictRules) -> Vec<Note> {
        let note = |(of, _): &(usize, usize)| {
            let noise = self.noise(*of, benchmarks, &Metric::WALL_TIME)?;
            let name = benchmarks.get(*of)?.label();
            let share = Unit::Ratio.format(noise, 2);
            let message = if noise > rules.indifference {
                format!(
                    "{name} may differ from itself by {share} on this machine: what differs from it by less is called the same"
                )
            } else {
                format!("{name} differs from itself by at most {share} on this machine")
            };
            Some(Note::info(NoteCode::NoiseOfTheMachine, message))
        };
        self.controls.iter().filter_map(note).collect()
    }

    /// Adds the implementations and pairs of another set behind one's own.
    pub fn append(&mut self, other: &Self) {
        let before = self.names.len();
        let moved =
            |(baseline, candidate): &(usize, usize)| (before + baseline, before + candidate);
        self.names.extend(other.names.iter().cloned());
        self.pairs.extend(other.pairs.iter().map(moved));
        self.controls.extend(other.controls.iter().map(moved));
        let same = other.same_programs.iter();
        self.same_programs
            .extend(same.map(|(pair, name)| (moved(pair), name.clone())));
    }

    /// All pairs in one metric. The last of the shares of the error that is tried is the
    /// one that they are to have.
    fn compare_in(
        &self,
        benchmarks: &[Benchmark],
        metric: &Metric,
        rules: &VerdictRules,
    ) -> Vec<Comparison> {
        let of_pair = |(baseline, _): &(usize, usize)| {
            let noise = self.noise(*baseline, benchmarks, metric).unwrap_or(0.0);
            rules.of_metric(metric).with_indifference(noise)
        };
        let rules: Vec<VerdictRules> = self.pairs.iter().map(of_pair).collect();
        let all = self.pairs.len();
        let mut comparisons = Vec::new();
        stats::step_up(all, |allowed| {
            let share = allowed as f64 / all.max(1) as f64;
            let compare = |((baseline, candidate), rules): (&(usize, usize), &VerdictRules)| {
                let (baseline, candidate) =
                    (benchmarks.get(*baseline)?, benchmarks.get(*candidate)?);
                let each = rules.with_error_share(share);
                Some(compare_paired(baseline, candidate, metric, &each))
            };
            comparisons = self.pairs.iter().zip(&rules).filter_map(compare).collect();
            comparisons.iter().filter(|c| is_difference(c)).count()
        });
        comparisons
    }
}

/// Compares the pairs of a set in each of the metrics, pair by pair; in metrics that both
/// sides have, and always in the first one: a pair of which nothing could be measured is
/// undecided, and not left out. `benchmarks` are in the order of the set's names.
#[must_use]
pub fn compare_set(
    benchmarks: &[Benchmark],
    set: &ComparisonSet,
    metrics: &[Metric],
    rules: &VerdictRules,
) -> Vec<Comparison> {
    let in_metric = |metric| set.compare_in(benchmarks, metric, rules);
    let by_metric: Vec<Vec<Comparison>> = metrics.iter().map(in_metric).collect();
    let of_pair = |(index, pair): (usize, &(usize, usize))| {
        let has = |side: usize, metric: &Metric| {
            let benchmark = benchmarks.get(side);
            benchmark.is_some_and(|benchmark| benchmark.metrics.contains_key(metric))
        };
        let is_told = |c: &&Comparison| {
            let both = has(pair.0, &c.metric) && has(pair.1, &c.metric);
            both || metrics.first() == Some(&c.metric)
        };
        let of_pair = by_metric.iter().filter_map(|all| all.get(index));
        let mut of_pair: Vec<Comparison> = of_pair.filter(is_told).cloned().collect();
        note_same_instructions(&mut of_pair);
        let is_control = set.controls.contains(pair);
        of_pair.iter_mut().for_each(|c| c.is_control = is_control);
        let mut same = set.same_programs.iter();
        if let Some((_, program)) = same.find(|(of, _)| of == pair) {
            call_the_same(&mut of_pair, program);
        }
        of_pair
    };
    set.pairs.iter().enumerate().flat_map(of_pair).collect()
}

/// Says of a pair whose times differ if they execute as many instructions.
fn note_same_instructions(of_pair: &mut [Comparison]) {
    let is_same = |c: &Comparison| c.metric == Metric::INSTRUCTIONS && c.verdict == Verdict::Same;
    if !of_pair.iter().any(is_same) {
        return;
    }
    let differs = |c: &&mut Comparison| c.metric == Metric::WALL_TIME && is_difference(c);
    if let Some(time) = of_pair.iter_mut().find(differs) {
        let message = format!(
            "{} executes as many instructions as {}: what differs is not how much is computed, but memory, branches, where code lies, waiting or the kernel",
            time.candidate, time.baseline
        );
        time.notes
            .push(Note::info(NoteCode::SameInstructions, message));
    }
}

/// Both sides are the same program: what is undecided is called the same, because no
/// amount of measuring would find a difference.
fn call_the_same(of_pair: &mut [Comparison], program: &str) {
    for comparison in of_pair {
        if comparison.verdict == Verdict::Inconclusive {
            comparison.verdict = Verdict::Same;
        }
        comparison.is_same_program = true;
        let message = format!(
            "`{program}` is the same program on both sides: what differs is noise, or files that it reads"
        );
        comparison
            .notes
            .push(Note::info(NoteCode::SameProgram, message));
    }
}

fn is_difference(comparison: &Comparison) -> bool {
    matches!(comparison.verdict, Verdict::Faster | Verdict::Slower)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric_summary::MetricSummary;
    use crate::side::Side;
    use crate::unit::Unit;

    const TIME: [Metric; 1] = [Metric::WALL_TIME];
    const ROUNDS: usize = 20;

    /// Steady but for a swing of its own, which `phase` tells from that of others.
    fn benchmark(name: &str, factor: f64, swing: f64, phase: f64) -> Benchmark {
        let mut benchmark = Benchmark::new(name);
        let value =
            |round: usize| 1e3 * factor * (1.0 + swing * (2.3 * round as f64 + phase).sin());
        benchmark.blocks = (0..ROUNDS as u64).collect();
        let values = (0..ROUNDS).map(value).collect();
        let summary = MetricSummary::from_samples(Unit::Nanoseconds, values);
        benchmark.metrics.insert(Metric::WALL_TIME, summary);
        benchmark
    }

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|index| index.to_string()).collect()
    }

    /// A baseline and candidates that take longer by these factors.
    fn compare(factors: &[f64], rules: &VerdictRules) -> Vec<Comparison> {
        let mut benchmarks = vec![benchmark("0", 1.0, 0.001, 0.0)];
        benchmarks.extend(
            factors
                .iter()
                .enumerate()
                .map(|(index, factor)| benchmark("c", *factor, 0.001, 1.0 + index as f64)),
        );
        let set = ComparisonSet::against(0, names(benchmarks.len()));
        compare_set(&benchmarks, &set, &TIME, rules)
    }

    fn confidences(comparisons: &[Comparison]) -> Vec<f64> {
        let ratios = comparisons.iter().filter_map(|c| c.ratio);
        ratios.map(|ratio| ratio.confidence).collect()
    }

    #[test]
    fn all_are_compared_with_the_one() {
        let set = ComparisonSet::against(1, names(4));
        assert_eq!(set.pairs, [(1, 0), (1, 2), (1, 3)]);
        assert!(ComparisonSet::against(0, names(1)).pairs.is_empty());
        assert!(ComparisonSet::against(0, Vec::new()).pairs.is_empty());
    }

    #[test]
    fn a_pair_without_values_is_undecided_and_not_left_out() {
        let measured = ["0", "1"].map(|name| benchmark(name, 1.0, 0.001, 0.0));
        let [a, b] = measured;
        let benchmarks = [a, b, Benchmark::new("2")];
        let set = ComparisonSet::against(0, names(3));
        let metrics = [Metric::WALL_TIME, Metric::CPU_TIME];
        let compared = compare_set(&benchmarks, &set, &metrics, &VerdictRules::default());
        let told = |c: &Comparison| (c.candidate.clone(), c.metric.clone(), c.verdict);
        let expected = [("1", Verdict::Same), ("2", Verdict::Inconclusive)];
        let expected = expected.map(|(name, verdict)| (name.into(), Metric::WALL_TIME, verdict));
        assert_eq!(compared.iter().map(told).collect::<Vec<_>>(), expected);
        assert_eq!((compared[1].pairs, compared[1].ratio), (0, None));
    }

    #[test]
    fn intervals_have_the_share_of_the_error_that_is_claimed() {
        let rules = VerdictRules {
            confidence: 0.99,
            ..VerdictRules::default()
        };
        let close = |found: &[f64], expected: f64| {
            assert_eq!(found.len(), 4);
            for confidence in found {
                assert!((confidence - expected).abs() < 1e-9, "{found:?}");
            }
        };
        close(&confidences(&compare(&[1.5; 4], &rules)), 0.99);
        close(&confidences(&compare(&[1.5, 1.0, 1.0, 1.5], &rules)), 0.995);
        close(&confidences(&compare(&[1.0; 4], &rules)), 0.9975);
    }

    #[test]
    fn clear_differences_are_found_whatever_the_others_are() {
        let verdicts: Vec<Verdict> = compare(&[1.5, 1.0, 0.5], &VerdictRules::default())
            .iter()
            .map(|c| c.verdict)
            .collect();
        assert_eq!(verdicts, [Verdict::Slower, Verdict::Same, Verdict::Faster]);
    }

    #[test]
    fn comparisons_come_by_pair_and_only_in_what_both_measured() {
        let mut benchmarks = vec![
            benchmark("a", 1.0, 0.001, 0.0),
            benchmark("b", 1.0, 0.001, 1.0),
            benchmark("c", 1.0, 0.001, 2.0),
        ];
        for side in [0, 2] {
            let counts = MetricSummary::from_samples(Unit::Count, vec![3.0; ROUNDS]);
            benchmarks[side].metrics.insert(Metric::ALLOCATIONS, counts);
        }
        let set = ComparisonSet::against(0, names(3));
        let metrics = [Metric::WALL_TIME, Metric::ALLOCATIONS];
        let comparisons = compare_set(&benchmarks, &set, &metrics, &VerdictRules::default());
        let which: Vec<(&str, &Metric)> = comparisons
            .iter()
            .map(|c| (c.candidate.as_str(), &c.metric))
            .collect();
        assert_eq!(
            which,
            [
                ("b", &Metric::WALL_TIME),
                ("c", &Metric::WALL_TIME),
                ("c", &Metric::ALLOCATIONS)
            ]
        );
        assert_eq!(comparisons[2].verdict, Verdict::Same);
    }

    #[test]
    fn times_that_differ_with_the_same_instructions_are_told() {
        let codes = |factor: f64, instructions: f64| {
            let mut benchmarks = [
                benchmark("a", 1.0, 0.001, 0.0),
                benchmark("b", factor, 0.001, 1.0),
            ];
            for (benchmark, count) in benchmarks.iter_mut().zip([1e6, instructions]) {
                let counts = MetricSummary::from_samples(Unit::Count, vec![count; ROUNDS]);
                benchmark.metrics.insert(Metric::INSTRUCTIONS, counts);
            }
            let set = ComparisonSet::against(0, names(2));
            let metrics = [Metric::WALL_TIME, Metric::INSTRUCTIONS];
            let compared = compare_set(&benchmarks, &set, &metrics, &VerdictRules::default());
            let codes = compared[0].notes.iter().map(|note| note.code);
            codes.collect::<Vec<_>>()
        };
        assert_eq!(codes(1.5, 1e6), [NoteCode::SameInstructions]);
        assert!(codes(1.5, 1.5e6).is_empty());
        assert!(codes(1.0, 1e6).is_empty());
    }

    #[test]
    fn the_noise_of_one_says_nothing_of_others() {
        let swings = [0.001, 0.001, 0.4, 0.4, 0.001, 0.4];
        let benchmarks: Vec<Benchmark> = (0_u32..6)
            .zip(swings)
            .map(|(index, swing)| {
                let factor = if index == 1 { 1.05 } else { 1.0 };
                benchmark(&index.to_string(), factor, swing, f64::from(index))
            })
            .collect();
        let mut set = ComparisonSet {
            names: names(4),
            pairs: vec![(0, 1), (2, 3)],
            ..ComparisonSet::default()
        };
        set.add_control(0);
        set.add_control(2);
        let compared = compare_set(&benchmarks, &set, &TIME, &VerdictRules::default());
        assert_eq!(compared[0].verdict, Verdict::Slower, "{compared:?}");
        assert!(compared[0].indifference < 0.01, "{compared:?}");
        assert!(compared[1].indifference > 0.1, "{compared:?}");
        assert_eq!(
            set.noise_notes(&benchmarks, &VerdictRules::default()).len(),
            2
        );
        assert_eq!(set.noise(1, &benchmarks, &Metric::WALL_TIME), None);
    }

    #[test]
    fn the_noise_of_times_says_nothing_of_cycles() {
        let mut benchmarks = [
            ("a", 1.0, 0.0),
            ("b", 1.02, 1.0),
            ("a (A/A control)", 1.0, 2.0),
        ]
        .map(|(name, factor, phase)| benchmark(name, factor, 0.2, phase));
        for (benchmark, factor) in benchmarks.iter_mut().zip([1.0, 1.02, 1.0]) {
            let steady = self::benchmark("", factor, 0.0005, factor);
            let cycles = steady.metrics[&Metric::WALL_TIME].clone();
            benchmark.metrics.insert(Metric::CYCLES, cycles);
        }
        let mut set = ComparisonSet::against(0, names(2));
        set.add_control(0);
        let metrics = [Metric::WALL_TIME, Metric::CYCLES];
        let compared = compare_set(&benchmarks, &set, &metrics, &VerdictRules::default());
        assert_eq!(compared[0].verdict, Verdict::Inconclusive);
        assert!(compared[0].indifference > 0.02, "{compared:?}");
        assert_eq!(compared[1].verdict, Verdict::Slower);
        assert!(compared[1].indifference < 0.01, "{compared:?}");
    }

    #[test]
    fn what_is_one_program_is_the_same_unless_it_clearly_differs() {
        let compare = |factor: f64, swing: f64, is_one: bool| {
            let benchmarks = [
                benchmark("a", 1.0, swing, 0.0),
                benchmark("b", factor, swing, 1.0),
            ];
            let mut set = ComparisonSet::against(0, names(2));
            if is_one {
                set.mark_one_program("paths");
            }
            let mut all = ComparisonSet::against(0, names(3));
            all.append(&set);
            assert_eq!(all.same_programs.len(), usize::from(is_one));
            let mut all_benchmarks = vec![benchmark("", 1.0, 0.001, 0.5); 3];
            all_benchmarks.extend(benchmarks);
            compare_set(&all_benchmarks, &all, &TIME, &VerdictRules::default()).remove(2)
        };
        assert_eq!(compare(1.0, 0.2, false).verdict, Verdict::Inconclusive);
        let same = compare(1.0, 0.2, true);
        assert_eq!(same.verdict, Verdict::Same);
        let told = &same.notes.last().unwrap().message;
        assert!(told.starts_with("`paths` is the same program"), "{told}");
        assert_eq!(compare(1.5, 0.001, true).verdict, Verdict::Slower);
    }

    #[test]
    fn a_report_keeps_what_a_pair_is_whatever_the_names_are() {
        let mut report = Report::new(crate::report::Environment::detect("os"));
        let name = |index: usize| ["a", "a (A/A control)"][index].to_owned();
        let mut set = ComparisonSet::against(0, vec![name(0), name(1)]);
        set.mark_one_program("paths");
        set.add_control(0);
        assert_eq!(set.names[2], "a (A/A control 2)");
        let names = set.names.iter().zip([0.0, 1.0, 2.0]);
        let benchmarks = names.map(|(name, phase)| benchmark(name, 1.0, 0.2, phase));
        report.benchmarks = benchmarks.collect();
        set.mark_controls(&mut report.benchmarks);
        report.comparisons = compare_set(&report.benchmarks, &set, &TIME, &VerdictRules::default());
        let read = ComparisonSet::of_report(&report);
        assert_eq!((&read.pairs, &read.controls), (&set.pairs, &set.controls));
        assert_eq!(read.controls, [(0, 2)]);
        let same: Vec<_> = read.same_programs.iter().map(|(pair, _)| *pair).collect();
        assert_eq!(same, [(0, 1)]);
        assert_eq!(report.benchmarks[2].control_of, Some(name(0)));
    }

    #[test]
    fn two_revisions_of_one_name_are_told_apart_by_their_sides() {
        let mut report = Report::new(crate::report::Environment::detect("os"));
        report.benchmarks = [0.0, 1.0, 2.0, 3.0]
            .map(|phase| benchmark(if phase < 2.0 { "a" } else { "b" }, 1.0, 0.01, phase))
            .into();
        for (benchmark, side) in report.benchmarks.iter_mut().zip([0, 1, 0, 1]) {
            benchmark.side = Some([Side::Baseline, Side::Candidate][side]);
        }
        let set = ComparisonSet {
            names: ["a", "a", "b", "b"].map(str::to_owned).into(),
            pairs: vec![(0, 1), (2, 3)],
            ..ComparisonSet::default()
        };
        report.comparisons = compare_set(&report.benchmarks, &set, &TIME, &VerdictRules::default());
        assert_eq!(ComparisonSet::of_report(&report), set);
    }

    #[test]
    fn a_family_without_pairs_has_no_comparisons() {
        let alone = [benchmark("a", 1.0, 0.001, 0.0)];
        let set = ComparisonSet::against(0, names(1));
        assert!(compare_set(&alone, &set, &TIME, &VerdictRules::default()).is_empty());
    }
}

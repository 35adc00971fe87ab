//! Many comparisons at once.

use crate::metric::Metric;
use crate::report::{Benchmark, Comparison, Note, NoteCode, Report, Verdict};
use crate::unit::Unit;

use super::comparison::{Rules, compare_interleaved};

/// The confidence of the noise that one thing shows against itself.
const NOISE_CONFIDENCE: f64 = 0.95;

/// Contestants, and which of them are compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Family {
    /// The contestants' names, each different.
    pub names: Vec<String>,
    /// Baseline and candidate of each comparison, as indices of names.
    pub pairs: Vec<(usize, usize)>,
    /// Those of the pairs that are one thing twice.
    pub nulls: Vec<(usize, usize)>,
    /// Those of the pairs of which both sides are the same program, and its name: they
    /// are the same whatever is measured of them, unless that is a clear difference.
    pub same_programs: Vec<((usize, usize), String)>,
}

impl Family {
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

    /// Says of all pairs, but for the nulls, that both are one program, of this name.
    pub fn mark_one_program(&mut self, name: &str) {
        let pairs = self.pairs.iter().filter(|pair| !self.nulls.contains(pair));
        self.same_programs = pairs.map(|pair| (*pair, name.to_owned())).collect();
    }

    /// Adds a contestant that is the same as another, and its comparison with it.
    /// Returns its index.
    pub fn add_null(&mut self, contestant: usize) -> usize {
        let again = self.names.len();
        let name = self.names.get(contestant).map_or("", String::as_str);
        let name = self.name_of_control(name);
        self.names.push(name);
        self.pairs.push((contestant, again));
        self.nulls.push((contestant, again));
        again
    }

    /// What a control of this name is called, which nothing else is.
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
        for (one, again) in &self.nulls {
            let name = benchmarks.get(*one).map(|benchmark| benchmark.name.clone());
            if let Some(control) = benchmarks.get_mut(*again) {
                control.control_of = name;
            }
        }
    }

    /// The contestants of a report that took turns, and their comparisons.
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
        let mut family = Self {
            names,
            ..Self::default()
        };
        let in_turn = report.comparisons.iter();
        let in_turn = in_turn.filter(|c| c.interleaved && c.metric == Metric::WALL_TIME);
        for comparison in in_turn {
            let Some(pair) = pair(comparison) else {
                continue;
            };
            family.pairs.push(pair);
            if comparison.is_control {
                family.nulls.push(pair);
            }
            if comparison.is_same_program {
                let name = comparison.candidate.clone();
                family.same_programs.push((pair, name));
            }
        }
        family
    }

    /// By how much things may seem to differ from themselves in a metric: the largest
    /// share that the 95 % interval of one of the nulls allows.
    #[must_use]
    pub fn noise(&self, benchmarks: &[Benchmark], metric: &Metric) -> Option<f64> {
        let rules = Rules {
            confidence: NOISE_CONFIDENCE,
            ..Rules::default()
        };
        let of_pair = |(one, again): &(usize, usize)| {
            let (one, again) = (benchmarks.get(*one)?, benchmarks.get(*again)?);
            let ratio = compare_interleaved(one, again, metric, &rules).ratio?;
            Some(ratio.high.max(1.0 / ratio.low) - 1.0)
        };
        self.nulls.iter().filter_map(of_pair).reduce(f64::max)
    }

    /// What to say of the noise of times where it widens the zone of the rules.
    #[must_use]
    pub fn noise_note(&self, benchmarks: &[Benchmark], rules: &Rules) -> Option<Note> {
        let noise = self.noise(benchmarks, &Metric::WALL_TIME)?;
        let share = Unit::Ratio.format(noise, 2);
        let message = if noise > rules.indifference {
            format!(
                "what was run against itself may differ by {share} on this machine: differences up to that are called the same"
            )
        } else {
            format!("what was run against itself differs by at most {share} on this machine")
        };
        Some(Note::info(NoteCode::NoiseOfTheMachine, message))
    }

    /// Adds the contestants and pairs of another family behind one's own.
    pub fn append(&mut self, other: &Self) {
        let before = self.names.len();
        self.names.extend(other.names.iter().cloned());
        let moved = other.pairs.iter();
        self.pairs
            .extend(moved.map(|(baseline, candidate)| (before + baseline, before + candidate)));
        let nulls = other.nulls.iter();
        self.nulls
            .extend(nulls.map(|(one, again)| (before + one, before + again)));
        let same = other.same_programs.iter();
        self.same_programs.extend(
            same.map(|((one, other), name)| ((before + one, before + other), name.clone())),
        );
    }
}

/// Compares the pairs of a family in each of the metrics.
///
/// Of all differences that are claimed in a metric, the share that is none is
/// kept at the error that the rules allow (Benjamini and Hochberg 1995), as is
/// that of the intervals of those that do not cover the truth (Benjamini and
/// Yekutieli 2005): where R of m comparisons are clear, each interval has R/m of
/// the error. Without any difference at all, the chance of claiming one is the
/// error itself.
///
/// What is known to be the same is, unless it clearly differs.
///
/// Where things were run against themselves, the zone in which differences count
/// as none is at least as wide as their noise in the metric.
#[must_use]
pub fn compare_family(
    benchmarks: &[Benchmark],
    family: &Family,
    metrics: &[Metric],
    rules: &Rules,
) -> Vec<Comparison> {
    let of_metric = |metric: &Metric| {
        let compare = |rules: &Rules| -> Vec<Comparison> {
            let pairs = family.pairs.iter().filter_map(|(baseline, candidate)| {
                Some((benchmarks.get(*baseline)?, benchmarks.get(*candidate)?))
            });
            pairs
                .map(|(baseline, candidate)| {
                    compare_interleaved(baseline, candidate, metric, rules)
                })
                .collect()
        };
        let rules = rules.of_metric(metric);
        let noise = family.noise(benchmarks, metric).unwrap_or(0.0);
        let rules = Rules {
            indifference: rules.indifference.max(noise),
            ..rules
        };
        let mut clear = family.pairs.len();
        loop {
            let comparisons = compare(&rules.with_share(clear, family.pairs.len()));
            let found = comparisons.iter().filter(|c| is_difference(c)).count();
            if found >= clear || clear <= 1 {
                return comparisons;
            }
            // With a smaller share of the error no more than these are clear.
            clear = found.max(1);
        }
    };
    let by_metric: Vec<Vec<Comparison>> = metrics.iter().map(of_metric).collect();
    let of_pair = |(index, (baseline, candidate)): (usize, &(usize, usize))| {
        let has = |side: usize, metric: &Metric| {
            let benchmark = benchmarks.get(side);
            benchmark.is_some_and(|benchmark| benchmark.metrics.contains_key(metric))
        };
        let both = |c: &&Comparison| has(*baseline, &c.metric) && has(*candidate, &c.metric);
        let of_pair = by_metric.iter().filter_map(|all| all.get(index));
        let mut of_pair: Vec<Comparison> = of_pair.filter(both).cloned().collect();
        note_same_instructions(&mut of_pair);
        let pair = (*baseline, *candidate);
        let is_control = family.nulls.contains(&pair);
        of_pair.iter_mut().for_each(|c| c.is_control = is_control);
        let same = family.same_programs.iter();
        let same = same.filter(|(of, _)| *of == pair);
        same.for_each(|(_, program)| call_the_same(&mut of_pair, program));
        of_pair
    };
    family.pairs.iter().enumerate().flat_map(of_pair).collect()
}

/// Says of a pair whose times differ where that is not for more instructions.
fn note_same_instructions(of_pair: &mut [Comparison]) {
    let is_same = |c: &Comparison| c.metric == Metric::INSTRUCTIONS && c.verdict == Verdict::Same;
    if !of_pair.iter().any(is_same) {
        return;
    }
    let is_told = |c: &&mut Comparison| c.metric == Metric::WALL_TIME && is_difference(c);
    if let Some(time) = of_pair.iter_mut().find(is_told) {
        let message = format!(
            "{} executes as many instructions as {}: what differs is not how much is computed, but memory, branches, where code lies, waiting or the kernel",
            time.candidate, time.baseline
        );
        time.notes
            .push(Note::info(NoteCode::SameInstructions, message));
    }
}

/// Of two that are the same program, what is undecided is not for more rounds to decide.
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
    use crate::metric::MetricSummary;
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
    fn compare(factors: &[f64], rules: &Rules) -> Vec<Comparison> {
        let mut benchmarks = vec![benchmark("0", 1.0, 0.001, 0.0)];
        benchmarks.extend(
            factors
                .iter()
                .enumerate()
                .map(|(index, factor)| benchmark("c", *factor, 0.001, 1.0 + index as f64)),
        );
        let family = Family::against(0, names(benchmarks.len()));
        compare_family(&benchmarks, &family, &TIME, rules)
    }

    fn confidences(comparisons: &[Comparison]) -> Vec<f64> {
        let ratios = comparisons.iter().filter_map(|c| c.ratio);
        ratios.map(|ratio| ratio.confidence).collect()
    }

    #[test]
    fn all_are_compared_with_the_one() {
        let family = Family::against(1, names(4));
        assert_eq!(family.pairs, [(1, 0), (1, 2), (1, 3)]);
        assert!(Family::against(0, names(1)).pairs.is_empty());
        assert!(Family::against(0, Vec::new()).pairs.is_empty());
    }

    #[test]
    fn intervals_have_the_share_of_the_error_that_is_claimed() {
        let rules = Rules {
            confidence: 0.99,
            ..Rules::default()
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
        let verdicts: Vec<Verdict> = compare(&[1.5, 1.0, 0.5], &Rules::default())
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
        let family = Family::against(0, names(3));
        let metrics = [Metric::WALL_TIME, Metric::ALLOCATIONS];
        let comparisons = compare_family(&benchmarks, &family, &metrics, &Rules::default());
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
            let family = Family::against(0, names(2));
            let metrics = [Metric::WALL_TIME, Metric::INSTRUCTIONS];
            let compared = compare_family(&benchmarks, &family, &metrics, &Rules::default());
            let codes = compared[0].notes.iter().map(|note| note.code);
            codes.collect::<Vec<_>>()
        };
        assert_eq!(codes(1.5, 1e6), [NoteCode::SameInstructions]);
        assert!(codes(1.5, 1.5e6).is_empty());
        assert!(codes(1.0, 1e6).is_empty());
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
        let mut family = Family::against(0, names(2));
        family.add_null(0);
        let metrics = [Metric::WALL_TIME, Metric::CYCLES];
        let compared = compare_family(&benchmarks, &family, &metrics, &Rules::default());
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
            let mut family = Family::against(0, names(2));
            if is_one {
                family.mark_one_program("paths");
            }
            let mut all = Family::against(0, names(3));
            all.append(&family);
            assert_eq!(all.same_programs.len(), usize::from(is_one));
            let mut all_benchmarks = vec![benchmark("", 1.0, 0.001, 0.5); 3];
            all_benchmarks.extend(benchmarks);
            compare_family(&all_benchmarks, &all, &TIME, &Rules::default()).remove(2)
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
        let mut family = Family::against(0, vec![name(0), name(1)]);
        family.mark_one_program("paths");
        family.add_null(0);
        assert_eq!(family.names[2], "a (A/A control 2)");
        let names = family.names.iter().zip([0.0, 1.0, 2.0]);
        let benchmarks = names.map(|(name, phase)| benchmark(name, 1.0, 0.2, phase));
        report.benchmarks = benchmarks.collect();
        family.mark_controls(&mut report.benchmarks);
        report.comparisons = compare_family(&report.benchmarks, &family, &TIME, &Rules::default());
        let read = Family::of_report(&report);
        assert_eq!((&read.pairs, &read.nulls), (&family.pairs, &family.nulls));
        assert_eq!(read.nulls, [(0, 2)]);
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
        let family = Family {
            names: ["a", "a", "b", "b"].map(str::to_owned).into(),
            pairs: vec![(0, 1), (2, 3)],
            ..Family::default()
        };
        report.comparisons = compare_family(&report.benchmarks, &family, &TIME, &Rules::default());
        assert_eq!(Family::of_report(&report), family);
    }

    #[test]
    fn a_family_without_pairs_has_no_comparisons() {
        let alone = [benchmark("a", 1.0, 0.001, 0.0)];
        let family = Family::against(0, names(1));
        assert!(compare_family(&alone, &family, &TIME, &Rules::default()).is_empty());
    }
}

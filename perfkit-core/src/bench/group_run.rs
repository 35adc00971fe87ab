//! The functions of a group, measured by worker processes and compared: what `cargo bench`
//! and `perfkit` have in common.

use crate::clock::Clock;
use crate::compare::{ComparisonSet, add_diagnostics, compare_set, counters_unavailable};
use crate::metric::{Direction, Metric};
use crate::metric_summary::MetricSummary;
use crate::report::{
    Benchmark, Comparison, Note, NoteCode, Report, RunFailure, Sampling, StopReason,
};
use crate::side::Side;
use crate::unit::Unit;

use super::allocator::{lookup, thresholds_note};
use super::cpus::{cpu_count, usable_cpus};
use super::rounds::Rounds;
use super::sampling::{Experiment, Progress};
use super::stopping::FunctionSettings;
use super::suite::BenchmarkInfo;
use super::worker_process::{BenchTarget, Program, Timeouts, WorkerPool};

/// What functions are compared in.
pub const FUNCTION_METRICS: [Metric; 7] = [
    Metric::WALL_TIME,
    Metric::CPU_TIME,
    Metric::CYCLES,
    Metric::INSTRUCTIONS,
    Metric::ALLOCATIONS,
    Metric::ALLOCATED,
    Metric::PEAK_MEMORY,
];

/// Functions that are measured alternately.
#[derive(Clone, Debug)]
pub struct GroupRun {
    /// Their names, and what is compared with what.
    pub set: ComparisonSet,
    /// Where each is found, in the order of the names.
    pub targets: Vec<BenchTarget>,
    /// What the programs say of each.
    pub info: Vec<BenchmarkInfo>,
    /// The revision of the first, where the second is the same benchmark of the
    /// working tree.
    pub base_revision: Option<String>,
}

impl GroupRun {
    /// One for each group of a program, in which all are compared with the first, and one for
    /// each benchmark that is alone. With `has_control` the first is also compared with itself.
    #[must_use]
    pub fn of_groups(program: &Program, info: &[BenchmarkInfo], has_control: bool) -> Vec<Self> {
        let mut groups: Vec<Vec<&BenchmarkInfo>> = Vec::new();
        for benchmark in info {
            let same = |group: &&mut Vec<&BenchmarkInfo>| {
                !benchmark.is_alone && !group[0].is_alone && group[0].group == benchmark.group
            };
            match groups.iter_mut().find(same) {
                Some(group) => group.push(benchmark),
                None => groups.push(vec![benchmark]),
            }
        }
        let of_group = |group: Vec<&BenchmarkInfo>| {
            let implementations = group.iter().map(|info| {
                let name = info.name.clone();
                (name, program, *info)
            });
            let mut run = Self::against_the_first(implementations);
            if has_control {
                run.add_control();
            }
            run
        };
        groups.into_iter().map(of_group).collect()
    }

    /// All are compared with the first: each with the name that it has in the report.
    #[must_use]
    pub fn against_the_first<'a>(
        implementations: impl IntoIterator<Item = (String, &'a Program, &'a BenchmarkInfo)>,
    ) -> Self {
        let (mut names, mut targets, mut all) = (Vec::new(), Vec::new(), Vec::new());
        for (name, program, info) in implementations {
            names.push(name);
            targets.push(BenchTarget {
                program: program.clone(),
                benchmark: info.name.clone(),
                is_pinned: info.threads == 1,
            });
            all.push(info.clone());
        }
        Self {
            set: ComparisonSet::against(0, names),
            targets,
            info: all,
            base_revision: None,
        }
    }

    /// Marks which of the benchmarks are controls, and which side the others are of.
    fn mark(&self, benchmarks: &mut [Benchmark]) {
        self.set.mark_controls(benchmarks);
        if let (Some(revision), [baseline, candidate, ..]) = (&self.base_revision, benchmarks) {
            baseline.side = Some(Side::Baseline);
            baseline.revision = Some(revision.clone());
            candidate.side = Some(Side::Candidate);
        }
    }

    /// Says how the allocator of its workers is set up.
    fn allocator_note(&self) -> Option<Note> {
        let programs = self.targets.iter().map(|target| &target.program);
        let notes = programs.map(|program| thresholds_note(&lookup(&program.variables)));
        notes.flatten().next()
    }

    /// Adds an A/A control: the baseline once more, as if it were another function.
    pub fn add_control(&mut self) {
        if let (Some(target), Some(info)) = (self.targets.first(), self.info.first()) {
            self.targets.push(target.clone());
            self.info.push(info.clone());
            self.set.add_control(0);
        }
    }
}

/// What measuring a group yielded.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct GroupResult {
    /// What was measured of each function.
    pub benchmarks: Vec<Benchmark>,
    /// The comparisons within the group.
    pub comparisons: Vec<Comparison>,
    /// How it was sampled.
    pub sampling: Sampling,
    /// Notes on the group as a whole, but for its noise: [`ComparisonSet::noise_notes`] names
    /// benchmarks, which those of other groups may have to be told from.
    pub notes: Vec<Note>,
    /// The failure that ended it, and the name of the function.
    pub failure: Option<(String, RunFailure)>,
}

/// Measures groups one after the other.
#[derive(Debug)]
pub struct GroupRunner<'a> {
    /// How much is measured.
    pub settings: FunctionSettings,
    /// Decides orders and placements.
    pub seed: u64,
    /// When a worker that does not answer is ended.
    pub timeouts: Timeouts<'a>,
}

impl GroupRunner<'_> {
    /// Measures a group, and tells how far it has come before each round.
    pub fn run(&self, group: &GroupRun, progress: &mut dyn FnMut(&Progress<'_>)) -> GroupResult {
        let mut pool = WorkerPool {
            targets: group.targets.clone(),
            timeouts: self.timeouts,
            cpus: usable_cpus(),
            was_pinning_refused: false,
        };
        let (clock, set) = (Clock::os(), &group.set);
        let asked = group.info.iter().filter_map(|info| info.time).max();
        let settings = FunctionSettings {
            time: self.settings.time.or(asked),
            ..self.settings.clone()
        };
        let rule = settings.stopping_rule(set.names.len(), set.pairs.len());
        let experiment = Experiment {
            set,
            rule: &rule,
            seed: self.seed,
            clock: &clock,
        };
        let threads = group.info.iter().map(|info| info.threads).max();
        let cpus = cpu_count(&pool.cpus);
        let rounds = Rounds::of(&mut pool, &clock);
        let mut rounds = rounds.with_threads(threads.unwrap_or(1), cpus);
        let sampled = experiment.run(&mut rounds, progress);
        let mut benchmarks = sampled.benchmarks;
        group.mark(&mut benchmarks);
        for (benchmark, target) in benchmarks.iter_mut().zip(&group.targets) {
            benchmark.program = Some(target.program.full_name());
        }
        for (benchmark, info) in benchmarks.iter_mut().zip(&group.info) {
            benchmark.parameters = info.parameters.clone().into_iter().collect();
            benchmark.location.clone_from(&info.location);
            add_throughput(benchmark, info);
        }
        let mut notes = add_diagnostics(&mut benchmarks);
        let comparisons = compare_set(&benchmarks, set, &FUNCTION_METRICS, &sampled.rules);
        let with_threads = benchmarks.iter().zip(&group.info);
        let of_one_thread = with_threads.filter(|(_, info)| info.threads == 1);
        notes.extend(counters_unavailable(
            of_one_thread.map(|(benchmark, _)| benchmark),
        ));
        notes.extend(pool.was_pinning_refused.then(not_pinned));
        notes.extend(group.allocator_note());
        let name = |index: usize| set.names.get(index).cloned().unwrap_or_default();
        let named = |(index, failure)| (name(index), failure);
        GroupResult {
            benchmarks,
            comparisons,
            sampling: sampled.sampling,
            notes,
            failure: sampled.failure.map(named),
        }
    }
}

fn not_pinned() -> Note {
    Note::info(
        NoteCode::NotPinned,
        "the system does not keep processes on one CPU: the intervals are wider than they could be",
    )
}

/// Items and bytes per second, from the times.
fn add_throughput(benchmark: &mut Benchmark, info: &BenchmarkInfo) {
    let Some(time) = benchmark.metrics.get(&Metric::WALL_TIME) else {
        return;
    };
    let threads = info.threads as f64;
    let per_second = |each: u64, unit: Unit| {
        let rate = |ns: &f64| threads * each as f64 / (ns / 1e9);
        let mut summary =
            MetricSummary::from_samples(unit, time.samples.iter().map(rate).collect());
        summary.direction = Direction::HigherIsBetter;
        summary
    };
    let items = info
        .items
        .map(|n| (Metric::THROUGHPUT, per_second(n, Unit::PerSecond)));
    let data = info
        .bytes
        .map(|n| (Metric::DATA_THROUGHPUT, per_second(n, Unit::BytesPerSecond)));
    let both: Vec<_> = items.into_iter().chain(data).collect();
    benchmark.metrics.extend(both);
}

impl GroupResult {
    /// Adds what was measured to a report, which may hold other groups.
    pub fn add_to(self, report: &mut Report) {
        report.benchmarks.extend(self.benchmarks);
        report.comparisons.extend(self.comparisons);
        for note in self.notes {
            if !report.notes.contains(&note) {
                report.notes.push(note);
            }
        }
        match &mut report.sampling {
            None => report.sampling = Some(self.sampling),
            Some(all) => {
                all.blocks += self.sampling.blocks;
                all.rounds += self.sampling.rounds;
                all.stopped = graver(all.stopped, self.sampling.stopped);
            }
        }
    }
}

/// Of two reasons to stop, the one that a reader must know of.
fn graver(a: StopReason, b: StopReason) -> StopReason {
    let weight = |reason: StopReason| match reason {
        StopReason::Decided => 0,
        StopReason::RunsDone | StopReason::RunLimit => 1,
        StopReason::TimeUp => 2,
        StopReason::RunFailed => 3,
        StopReason::Interrupted => 4,
    };
    if weight(b) > weight(a) { b } else { a }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::VerdictRules;
    use crate::report::Verdict;

    fn info(group: &str, name: &str, threads: usize) -> BenchmarkInfo {
        BenchmarkInfo {
            name: format!("{group}/{name}"),
            group: group.to_owned(),
            threads,
            ..BenchmarkInfo::default()
        }
    }

    fn program() -> Program {
        Program {
            path: "/nowhere/program".into(),
            package: None,
            directory: None,
            variables: Vec::new(),
        }
    }

    /// Rounds of one block each, whose values swing by this share.
    fn benchmark(name: &str, factor: f64, swing: f64, phase: f64) -> Benchmark {
        let mut benchmark = Benchmark::new(name);
        let value =
            |round: u32| 1e3 * factor * (1.0 + swing * (2.3 * f64::from(round) + phase).sin());
        benchmark.blocks = (0..20).collect();
        let values = (0..20).map(value).collect();
        let summary = MetricSummary::from_samples(Unit::Nanoseconds, values);
        benchmark.metrics.insert(Metric::WALL_TIME, summary);
        benchmark
    }

    fn group(has_control: bool) -> GroupRun {
        let all = [info("sum", "loop", 1), info("sum", "fold", 1)];
        GroupRun::of_groups(&program(), &all, has_control).remove(0)
    }

    /// The verdict on a candidate that takes 2 % longer, and the indifference
    /// that it was judged by, where the second arm of the baseline swings so.
    fn judged(swing: f64) -> (Verdict, f64, Vec<Note>) {
        let benchmarks = [
            benchmark("sum/loop", 1.0, 0.0005, 0.0),
            benchmark("sum/fold", 1.02, 0.0005, 1.0),
            benchmark("sum/loop (A/A control)", 1.0, swing, 2.0),
        ];
        let (set, rules) = (group(true).set, VerdictRules::default());
        let notes = set.noise_notes(&benchmarks, &rules);
        let comparisons = compare_set(&benchmarks, &set, &FUNCTION_METRICS, &rules);
        let fold = comparisons.iter().find(|c| c.candidate == "sum/fold");
        let fold = fold.unwrap();
        (fold.verdict, fold.indifference, notes)
    }

    #[test]
    fn each_group_is_run_on_its_own() {
        let all = [
            info("sum", "loop", 1),
            info("sort", "std", 1),
            info("sum", "threads", 4),
        ];
        let runs = GroupRun::of_groups(&program(), &all, false);
        let names: Vec<&[String]> = runs.iter().map(|r| r.set.names.as_slice()).collect();
        assert_eq!(names[0], ["sum/loop", "sum/threads"]);
        assert_eq!(names[1], ["sort/std"]);
        assert_eq!(runs[0].set.pairs, [(0, 1)]);
        assert!(runs[1].set.pairs.is_empty());
        let pinned: Vec<bool> = runs[0].targets.iter().map(|e| e.is_pinned).collect();
        assert_eq!(pinned, [true, false], "several threads are not pinned");
        assert!(runs[0].set.controls.is_empty());
    }

    #[test]
    fn the_null_arm_is_the_baseline_once_more() {
        let group = group(true);
        assert_eq!(
            group.set.names,
            ["sum/loop", "sum/fold", "sum/loop (A/A control)"]
        );
        assert_eq!(group.set.controls, [(0, 2)]);
        assert_eq!(group.targets[2].benchmark, "sum/loop");
        assert_eq!(group.info[2], group.info[0]);
    }

    #[test]
    fn what_a_baseline_differs_by_from_itself_counts_as_the_same() {
        let (verdict, indifference, notes) = judged(0.0005);
        assert_eq!(verdict, Verdict::Slower);
        assert_eq!(indifference, VerdictRules::default().indifference);
        assert!(notes[0].message.contains("at most"), "{notes:?}");
        let (verdict, indifference, notes) = judged(0.2);
        assert_ne!(verdict, Verdict::Slower);
        assert!(indifference > 0.02, "{indifference}");
        assert!(notes[0].message.contains("is called the same"), "{notes:?}");
    }

    #[test]
    fn throughput_comes_from_the_times() {
        let mut sum = benchmark("sum", 1.0, 0.0, 0.0);
        let info = BenchmarkInfo {
            items: Some(10),
            bytes: Some(80),
            ..info("sum", "loop", 2)
        };
        add_throughput(&mut sum, &info);
        let rate = |metric: &Metric| sum.metrics[metric].median.unwrap();
        // Two threads do 10 items each in 1 µs.
        assert!((rate(&Metric::THROUGHPUT) / 2e7 - 1.0).abs() < 1e-12);
        assert!((rate(&Metric::DATA_THROUGHPUT) / 1.6e8 - 1.0).abs() < 1e-12);
        assert_eq!(
            sum.metrics[&Metric::THROUGHPUT].direction,
            Direction::HigherIsBetter
        );
    }

    #[test]
    fn a_report_of_several_groups_has_the_gravest_end() {
        let result = |stopped| GroupResult {
            benchmarks: vec![Benchmark::new("a")],
            comparisons: Vec::new(),
            sampling: Sampling {
                interleaved: true,
                seed: 1,
                warmup_blocks: 0,
                blocks: 4,
                rounds: 2,
                interim_analyses: 3,
                stopped,
            },
            notes: vec![Note::info(NoteCode::NotPinned, "once")],
            failure: None,
        };
        let mut report = Report::new(crate::report::Environment::detect("os"));
        for stopped in [
            StopReason::Decided,
            StopReason::RunFailed,
            StopReason::TimeUp,
        ] {
            result(stopped).add_to(&mut report);
        }
        let all = report.sampling.unwrap();
        assert_eq!((all.blocks, all.rounds), (12, 6));
        assert_eq!(all.stopped, StopReason::RunFailed);
        assert_eq!(report.benchmarks.len(), 3);
        assert_eq!(report.notes.len(), 1, "the same note is made once");
    }
}

//! A family of benchmarks, run by worker processes: what `cargo bench` and
//! `perfkit` have in common.

use crate::clock::Clock;
use crate::metric::{Direction, Metric, MetricSummary};
use crate::report::{
    Benchmark, Comparison, Note, NoteCode, Report, RunFailure, Sampling, StopReason,
};
use crate::side::Side;
use crate::unit::Unit;

use super::contest::contest;
use super::cpus::usable_cpus;
use super::definition::Listed;
use super::effort::Effort;
use super::family::{Family, compare_family};
use super::program::{Entrant, Program, Stable, Watch};
use super::remarks::{remark_on, uncounted};
use super::sampler::Observer;

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

/// A family and who runs for it.
#[derive(Clone, Debug)]
pub struct Race {
    /// Who is compared with whom.
    pub family: Family,
    /// Who runs, in the order of the names.
    pub entrants: Vec<Entrant>,
    /// What the programs say of each of them.
    pub listed: Vec<Listed>,
    /// The revision of the first, where the second is the same benchmark of the
    /// working tree.
    pub base_revision: Option<String>,
}

impl Race {
    /// One race for each group: all against the first of it. With `has_null`
    /// the first also runs against itself.
    #[must_use]
    pub fn of_groups(program: &Program, listed: &[Listed], has_null: bool) -> Vec<Self> {
        let mut groups: Vec<Vec<&Listed>> = Vec::new();
        for benchmark in listed {
            let same = |group: &&mut Vec<&Listed>| group[0].group == benchmark.group;
            match groups.iter_mut().find(same) {
                Some(group) => group.push(benchmark),
                None => groups.push(vec![benchmark]),
            }
        }
        let race = |group: Vec<&Listed>| {
            let contestants = group.iter().map(|listed| {
                let name = listed.name.clone();
                (name, program, *listed)
            });
            let mut race = Self::against_the_first(contestants);
            if has_null {
                race.add_null();
            }
            race
        };
        groups.into_iter().map(race).collect()
    }

    /// All against the first: each with the name that it has in the report.
    #[must_use]
    pub fn against_the_first<'a>(
        contestants: impl IntoIterator<Item = (String, &'a Program, &'a Listed)>,
    ) -> Self {
        let (mut names, mut entrants, mut all) = (Vec::new(), Vec::new(), Vec::new());
        for (name, program, listed) in contestants {
            names.push(name);
            entrants.push(Entrant {
                program: program.clone(),
                benchmark: listed.name.clone(),
                is_pinned: listed.threads == 1,
            });
            all.push(listed.clone());
        }
        Self {
            family: Family::against(0, names),
            entrants,
            listed: all,
            base_revision: None,
        }
    }

    /// Marks which of the benchmarks are controls, and which side the others are of.
    fn mark(&self, benchmarks: &mut [Benchmark]) {
        self.family.mark_controls(benchmarks);
        if let (Some(revision), [baseline, candidate, ..]) = (&self.base_revision, benchmarks) {
            baseline.side = Some(Side::Baseline);
            baseline.revision = Some(revision.clone());
            candidate.side = Some(Side::Candidate);
        }
    }

    /// Lets the baseline run a second time, as if it were another.
    pub fn add_null(&mut self) {
        if let (Some(entrant), Some(listed)) = (self.entrants.first(), self.listed.first()) {
            self.entrants.push(entrant.clone());
            self.listed.push(listed.clone());
            self.family.add_null(0);
        }
    }
}

/// What a race yielded.
#[derive(Clone, Debug)]
pub struct Raced {
    /// What was measured.
    pub benchmarks: Vec<Benchmark>,
    /// What it says.
    pub comparisons: Vec<Comparison>,
    /// How it was measured.
    pub sampling: Sampling,
    /// Remarks on all of it.
    pub notes: Vec<Note>,
    /// Who failed, and how.
    pub failure: Option<(String, RunFailure)>,
}

/// Runs races.
#[derive(Debug)]
pub struct Runner<'a> {
    /// How much is done.
    pub effort: Effort,
    /// How workers are watched over.
    pub watch: Watch<'a>,
}

impl Runner<'_> {
    /// Runs one race to its end.
    pub fn run(&self, race: &Race, observer: &mut impl Observer) -> Raced {
        let mut stable = Stable {
            entrants: race.entrants.clone(),
            watch: self.watch,
            cpus: usable_cpus(),
            was_pinning_refused: false,
        };
        let clock = Clock::os();
        let contested = contest(&race.family, &mut stable, &self.effort, &clock, observer);
        let mut benchmarks = contested.benchmarks;
        race.mark(&mut benchmarks);
        for (benchmark, listed) in benchmarks.iter_mut().zip(&race.listed) {
            benchmark.parameters.clone_from(&listed.parameters);
            add_throughput(benchmark, listed);
        }
        let rules = self.effort.rules_at_a_look(race.family.pairs.len());
        let mut notes = remark_on(&mut benchmarks);
        notes.extend(race.family.noise_note(&benchmarks, &rules));
        let comparisons = compare_family(&benchmarks, &race.family, &FUNCTION_METRICS, &rules);
        let with_threads = benchmarks.iter().zip(&race.listed);
        let of_one_thread = with_threads.filter(|(_, listed)| listed.threads == 1);
        notes.extend(uncounted(of_one_thread.map(|(benchmark, _)| benchmark)));
        if stable.was_pinning_refused {
            notes.push(Note::info(
                NoteCode::NotPinned,
                "the system does not keep processes on one CPU: the intervals are wider than they could be",
            ));
        }
        let name = |index: usize| race.family.names.get(index).cloned().unwrap_or_default();
        Raced {
            benchmarks,
            comparisons,
            sampling: contested.sampling,
            notes,
            failure: contested
                .failure
                .map(|(index, failure)| (name(index), failure)),
        }
    }
}

/// Items and bytes per second, from the times.
fn add_throughput(benchmark: &mut Benchmark, listed: &Listed) {
    let Some(time) = benchmark.metrics.get(&Metric::WALL_TIME) else {
        return;
    };
    let threads = listed.threads as f64;
    let per_second = |each: u64, unit: Unit| {
        let rate = |ns: &f64| threads * each as f64 / (ns / 1e9);
        let mut summary =
            MetricSummary::from_samples(unit, time.samples.iter().map(rate).collect());
        summary.direction = Direction::HigherIsBetter;
        summary
    };
    let items = listed
        .items
        .map(|n| (Metric::THROUGHPUT, per_second(n, Unit::PerSecond)));
    let data = listed
        .bytes
        .map(|n| (Metric::DATA_THROUGHPUT, per_second(n, Unit::BytesPerSecond)));
    let both: Vec<_> = items.into_iter().chain(data).collect();
    benchmark.metrics.extend(both);
}

impl Raced {
    /// Adds what was measured to a report, which may hold that of other races.
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
                all.stopped = later(all.stopped, self.sampling.stopped);
            }
        }
    }
}

/// Of two reasons to stop, that which a reader must know of.
fn later(a: StopReason, b: StopReason) -> StopReason {
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
    use super::super::comparison::Rules;
    use super::*;
    use crate::report::Verdict;

    fn listed(group: &str, name: &str, threads: usize) -> Listed {
        Listed {
            name: format!("{group}/{name}"),
            group: group.to_owned(),
            threads,
            ..Listed::default()
        }
    }

    fn program() -> Program {
        Program {
            path: "/nowhere/program".into(),
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

    fn race(has_null: bool) -> Race {
        let listed = [listed("sum", "loop", 1), listed("sum", "fold", 1)];
        Race::of_groups(&program(), &listed, has_null).remove(0)
    }

    /// The verdict on a candidate that takes 2 % longer, and the indifference
    /// that it was judged by, where the second arm of the baseline swings so.
    fn judged(swing: f64) -> (Verdict, f64, Vec<Note>) {
        let benchmarks = [
            benchmark("sum/loop", 1.0, 0.0005, 0.0),
            benchmark("sum/fold", 1.02, 0.0005, 1.0),
            benchmark("sum/loop (A/A control)", 1.0, swing, 2.0),
        ];
        let (family, rules) = (race(true).family, Rules::default());
        let notes = family.noise_note(&benchmarks, &rules).into_iter().collect();
        let comparisons = compare_family(&benchmarks, &family, &FUNCTION_METRICS, &rules);
        let fold = comparisons.iter().find(|c| c.candidate == "sum/fold");
        let fold = fold.unwrap();
        (fold.verdict, fold.indifference, notes)
    }

    #[test]
    fn each_group_is_a_race_of_its_own() {
        let listed = [
            listed("sum", "loop", 1),
            listed("sort", "std", 1),
            listed("sum", "threads", 4),
        ];
        let races = Race::of_groups(&program(), &listed, false);
        let names: Vec<&[String]> = races.iter().map(|r| r.family.names.as_slice()).collect();
        assert_eq!(names[0], ["sum/loop", "sum/threads"]);
        assert_eq!(names[1], ["sort/std"]);
        assert_eq!(races[0].family.pairs, [(0, 1)]);
        assert!(races[1].family.pairs.is_empty());
        let pinned: Vec<bool> = races[0].entrants.iter().map(|e| e.is_pinned).collect();
        assert_eq!(pinned, [true, false], "several threads are not pinned");
        assert!(races[0].family.nulls.is_empty());
    }

    #[test]
    fn the_null_arm_is_the_baseline_once_more() {
        let race = race(true);
        assert_eq!(
            race.family.names,
            ["sum/loop", "sum/fold", "sum/loop (A/A control)"]
        );
        assert_eq!(race.family.nulls, [(0, 2)]);
        assert_eq!(race.entrants[2].benchmark, "sum/loop");
        assert_eq!(race.listed[2], race.listed[0]);
    }

    #[test]
    fn what_a_baseline_differs_by_from_itself_counts_as_the_same() {
        let (verdict, indifference, notes) = judged(0.0005);
        assert_eq!(verdict, Verdict::Slower);
        assert_eq!(indifference, Rules::default().indifference);
        assert!(notes[0].message.contains("at most"), "{notes:?}");
        let (verdict, indifference, notes) = judged(0.2);
        assert_ne!(verdict, Verdict::Slower);
        assert!(indifference > 0.02, "{indifference}");
        assert!(
            notes[0].message.contains("are called the same"),
            "{notes:?}"
        );
    }

    #[test]
    fn throughput_comes_from_the_times() {
        let mut sum = benchmark("sum", 1.0, 0.0, 0.0);
        let listed = Listed {
            items: Some(10),
            bytes: Some(80),
            ..listed("sum", "loop", 2)
        };
        add_throughput(&mut sum, &listed);
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
    fn a_report_of_several_races_has_the_gravest_end() {
        let raced = |stopped| Raced {
            benchmarks: vec![Benchmark::new("a")],
            comparisons: Vec::new(),
            sampling: Sampling {
                interleaved: true,
                seed: 1,
                warmup_blocks: 0,
                blocks: 4,
                rounds: 2,
                looks: 3,
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
            raced(stopped).add_to(&mut report);
        }
        let all = report.sampling.unwrap();
        assert_eq!((all.blocks, all.rounds), (12, 6));
        assert_eq!(all.stopped, StopReason::RunFailed);
        assert_eq!(report.benchmarks.len(), 3);
        assert_eq!(report.notes.len(), 1, "the same remark is made once");
    }
}

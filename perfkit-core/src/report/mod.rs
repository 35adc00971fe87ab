//! Reports: snapshots and benchmark results with the environment they came
//! from, as one file format for every part of perfkit.

mod benchmark;
mod capacity;
mod environment;
mod file;
mod git;
mod json;
mod load_lines;
mod load_notes;
mod location;
mod lost;
mod lost_counts;
mod note;
mod number_lines;
mod one_sided;
mod program;
mod recorded;
mod shard;
mod summary;
mod text;
mod upgrade;

pub use crate::load_run::{Arrivals, LoadModel, LoadRun, LoadShard, RatePhase, UnfitGenerator};
pub use crate::side::Side;
pub use benchmark::{
    Benchmark, Comparison, ExactValues, FailureKind, Gate, GateFinding, GateOutcome, Ratio,
    RunFailure, Sampling, SessionCounts, StopReason, Verdict,
};
pub use capacity::{Capacity, CapacityEnd, CapacityTrial, TrialOutcome};
pub use environment::{ClockInfo, Environment};
pub(crate) use file::is_replaced;
pub use file::{ReportError, save_atomically};
pub use git::Git;
pub use location::SourceLocation;
pub use lost::{Lost, lost};
pub use note::{Note, NoteCode, Severity};
pub use one_sided::OneSided;
pub use shard::Shard;
pub use summary::{OperationTime, Summary};

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::probe_overhead::ProbeOverhead;
use crate::snapshot::{CounterSnapshot, GaugeSnapshot, OperationSnapshot, RatioSnapshot, Snapshot};

/// The format that this version writes.
pub const SCHEMA: &str = "perfkit/2";

/// One report: what was measured, and where.
///
/// Its JSON form is described by `schema/perfkit-2.schema.json` in this crate.
///
/// ```
/// use perfkit::Report;
///
/// perfkit::measure("work", || ());
/// let report = Report::from_snapshot(perfkit::snapshot());
/// let json = report.to_json().unwrap();
/// let back = Report::from_json(json.as_bytes()).unwrap();
/// assert_eq!(back.operations, report.operations);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// When the report was made, in UTC.
    #[serde(with = "timestamp")]
    pub created: SystemTime,
    /// Where it was made.
    pub environment: Environment,
    /// The command line of perfkit that measured it, without the program's name; empty where
    /// it is not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arguments: Vec<String>,
    /// The operations of an instrumented program.
    #[serde(default)]
    pub operations: Vec<OperationSnapshot>,
    /// What something under load can take, where that was looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<Capacity>,
    /// The counters of an instrumented program.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counters: Vec<CounterSnapshot>,
    /// Its gauges.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gauges: Vec<GaugeSnapshot>,
    /// The ratios of its counters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ratios: Vec<RatioSnapshot>,
    /// The revision that the working tree is compared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Git>,
    /// Which share of the benchmarks it has, where several jobs share them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// The implementations of a comparison, or the results of benchmarks.
    #[serde(default)]
    pub benchmarks: Vec<Benchmark>,
    /// The tool whose results these are; absent where they are perfkit's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported_from: Option<String>,
    /// How the benchmarks were sampled; absent where they were not run by
    /// perfkit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampling: Option<Sampling>,
    /// Pairs of benchmarks or operations, compared.
    #[serde(default)]
    pub comparisons: Vec<Comparison>,
    /// Benchmarks that the baseline has and the candidate lacks, where two states of a
    /// program are compared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only_in_baseline: Vec<OneSided>,
    /// Benchmarks that the candidate has and the baseline lacks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only_in_candidate: Vec<OneSided>,
    /// The result of a gate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<Gate>,
    /// Warnings and remarks on the whole report.
    #[serde(default)]
    pub notes: Vec<Note>,
}

impl Report {
    /// A report without results.
    #[must_use]
    pub fn new(environment: Environment) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            created: SystemTime::now(),
            environment,
            arguments: Vec::new(),
            operations: Vec::new(),
            capacity: None,
            counters: Vec::new(),
            gauges: Vec::new(),
            ratios: Vec::new(),
            base: None,
            shard: None,
            benchmarks: Vec::new(),
            imported_from: None,
            sampling: None,
            comparisons: Vec::new(),
            only_in_baseline: Vec::new(),
            only_in_candidate: Vec::new(),
            gate: None,
            notes: Vec::new(),
        }
    }

    /// The benchmark that a comparison is against, where it is in this report.
    #[must_use]
    pub fn baseline_of(&self, comparison: &Comparison) -> Option<&Benchmark> {
        let of_one_name = comparison.is_of_one_name();
        self.benchmarks.iter().find(|benchmark| {
            let is_it = match of_one_name {
                true => benchmark.side == Some(Side::Baseline),
                false => benchmark.side != Some(Side::Candidate),
            };
            benchmark.name == comparison.baseline && is_it && is_of_program(benchmark, comparison)
        })
    }

    /// The benchmark that a comparison's verdict speaks of, where it is in this report.
    #[must_use]
    pub fn candidate_of(&self, comparison: &Comparison) -> Option<&Benchmark> {
        self.benchmarks.iter().find(|benchmark| {
            benchmark.name == comparison.candidate
                && benchmark.side != Some(Side::Baseline)
                && is_of_program(benchmark, comparison)
        })
    }

    /// The benchmarks of its own state: of a comparison those that are not the baseline's,
    /// and no A/A control, which measures another once more.
    pub fn own_benchmarks(&self) -> impl Iterator<Item = &Benchmark> {
        let is_baseline = |benchmark: &Benchmark| benchmark.side == Some(Side::Baseline);
        let benchmarks = self.benchmarks.iter();
        benchmarks.filter(move |b| !is_baseline(b) && b.control_of.is_none())
    }

    /// A report of the operations of a snapshot.
    #[must_use]
    pub fn from_snapshot(snapshot: Snapshot) -> Self {
        let mut report = Self::new(Environment::detect(snapshot.clock));
        report.created = snapshot.taken_at;
        report.operations = snapshot.operations;
        report.counters = snapshot.counters;
        report.gauges = snapshot.gauges;
        report.ratios = snapshot.ratios;
        report.environment.clock.probe =
            ProbeOverhead::on_clock(snapshot.clock, &report.operations);
        if !report.environment.is_optimized() {
            report.notes.push(Note::warning(
                NoteCode::NotOptimized,
                "the program was built without optimisation: its times say little about a release build",
            ));
        }
        let notes = recorded::notes(&report.operations, &report.environment.clock);
        report.notes.extend(notes);
        let lost = report.beyond_limits();
        report.notes.extend(lost);
        report
    }

    /// A report of operations that were under load, as load generators of several machines
    /// or of several targets measured them.
    #[must_use]
    pub fn of_load(operations: Vec<OperationSnapshot>) -> Self {
        let mut report = Self::new(Environment::detect("os_monotonic"));
        let notes = operations.iter().flat_map(load_notes::notes);
        report.notes = notes.collect();
        report.operations = operations;
        report
    }

    /// Adds what another process of the program recorded.
    pub fn merge_recorded(&mut self, other: Self) {
        let outdated = self.notes_of_sums();
        merge(
            &mut self.operations,
            other.operations,
            |known, operation| (known.name == operation.name).then(|| known.merge(operation)),
        );
        merge(&mut self.counters, other.counters, |known, counter| {
            (known.name == counter.name).then(|| known.merge(counter))
        });
        merge(&mut self.gauges, other.gauges, |known, gauge| {
            (known.name == gauge.name).then(|| known.merge(gauge))
        });
        merge(&mut self.ratios, other.ratios, |known, ratio| {
            (known.name == ratio.name).then(|| known.merge(ratio))
        });
        self.notes.retain(|note| !outdated.contains(note));
        let notes = self.notes_of_sums();
        self.notes.extend(notes);
    }
}

impl Report {
    /// Those that are of all that was recorded, and so are others when more is added.
    fn notes_of_sums(&self) -> Vec<Note> {
        let of_load = self.operations.iter().flat_map(load_notes::notes);
        let mut notes = self.beyond_limits();
        notes.extend(of_load);
        notes
    }

    fn beyond_limits(&self) -> Vec<Note> {
        recorded::beyond_limits(&self.operations, &self.counters, &self.gauges)
    }
}

/// Adds each of some to the one of its name, or as a new one.
fn merge<T>(known: &mut Vec<T>, others: Vec<T>, merge: impl Fn(&mut T, &T) -> Option<()>) {
    for other in others {
        if known
            .iter_mut()
            .find_map(|known| merge(known, &other))
            .is_none()
        {
            known.push(other);
        }
    }
}

fn is_of_program(benchmark: &Benchmark, comparison: &Comparison) -> bool {
    benchmark.may_be_of(comparison.program.as_deref())
}

/// RFC 3339 in UTC, to the millisecond.
mod timestamp {
    use std::time::{Duration, SystemTime};

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        time: &SystemTime,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        // Beyond these years the format has no form, and formatting panics.
        let last = SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_799);
        let time = (*time).clamp(SystemTime::UNIX_EPOCH, last);
        serializer.collect_str(&humantime::format_rfc3339_millis(time))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<SystemTime, D::Error> {
        let text = String::deserialize(deserializer)?;
        humantime::parse_rfc3339_weak(&text).map_err(|_| {
            serde::de::Error::custom("`created` is not a time such as 2026-01-31T12:00:00Z")
        })
    }
}

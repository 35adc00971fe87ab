//! Results of benchmarks, their comparison, and the gate's verdict on them.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::load_run::LoadModel;
use crate::metric::{Direction, Metric};
use crate::metric_summary::MetricSummary;
use crate::number;
use crate::side::{Side, label};
use crate::small_map::SmallMap;

use super::location::SourceLocation;
use super::note::Note;

/// The runs of one implementation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Benchmark {
    /// The implementation's name, as the user gave it. Two benchmarks of a report may share
    /// a name where each is of one side.
    pub name: String,
    /// Which side of a comparison it is of, where both have this name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<Side>,
    /// The revision that it was built from, where that is not the working tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// The name of the benchmark that it runs once more, to show how much a thing
    /// differs from itself: an A/A control.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control_of: Option<String>,
    /// The bench program that it is of, as `package/program`, or its name alone where the
    /// package is not known: what another has under the same name is another benchmark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// Where a program adds it to its benchmarks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<SourceLocation>,
    /// The command that was run, as it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The parameters that were put into the command.
    #[serde(default, skip_serializing_if = "SmallMap::is_empty")]
    pub parameters: SmallMap<String, String>,
    /// The environment variables that it was run with, beside those of everything.
    #[serde(default, skip_serializing_if = "SmallMap::is_empty")]
    pub environment: SmallMap<String, String>,
    /// How many counted runs succeeded.
    #[serde(default)]
    pub successes: u64,
    /// How many counted runs failed. Values of those in `failed_blocks` are in `metrics`, of
    /// others there are none.
    #[serde(default)]
    pub failures: u64,
    /// The first runs that failed, at most 10.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed_runs: Vec<RunFailure>,
    /// The block of each value in `samples`: values of two implementations that
    /// share a block were measured next to each other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<u64>,
    /// The blocks of which the values are those of a run that failed, as the user ignores
    /// failures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed_blocks: Vec<u64>,
    /// The round of each value in `samples`: values of one round come from the
    /// same process. Empty where every value is of a process of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rounds: Vec<u64>,
    /// What was measured of its runs.
    #[serde(default)]
    pub metrics: SmallMap<Metric, MetricSummary>,
    /// Whether its peak memory is at most what was measured, because a process inherits
    /// as much from the one that starts it.
    #[serde(default, skip_serializing_if = "number::is_default")]
    pub is_peak_memory_inherited: bool,
    /// When its requests were sent, where a load generator measured it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<LoadModel>,
    /// Warnings and remarks on this implementation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
}

impl Benchmark {
    /// An implementation without runs.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// What tells it from all others of its report, for people: its name, to which the
    /// baseline's revision or side is added where both sides have it.
    #[must_use]
    pub fn label(&self) -> String {
        label(&self.name, self.revision.as_deref(), self.side)
    }

    /// The share of counted runs that succeeded; `None` without a run.
    #[must_use]
    pub fn success_rate(&self) -> Option<f64> {
        let runs = self.successes + self.failures;
        (runs > 0).then(|| self.successes as f64 / runs as f64)
    }
}

/// A run that failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RunFailure {
    /// The run's number, from 1; `None` for a warm-up run.
    #[serde(default)]
    pub run: Option<u64>,
    /// What kind of failure it is.
    #[serde(default)]
    pub kind: FailureKind,
    /// What happened: `exit status 3`, `signal 9 (SIGKILL)`, `timed out after 2 s`.
    pub reason: String,
    /// The last lines that the command wrote to standard error.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stderr: String,
}

impl RunFailure {
    /// A failure, with the reason in words for people.
    #[must_use]
    pub fn new(kind: FailureKind, reason: impl Into<String>) -> Self {
        Self {
            kind,
            reason: reason.into(),
            ..Self::default()
        }
    }

    /// The failure of the counted run of this number, from 1; `None` for a warm-up run.
    #[must_use]
    pub fn of_run(mut self, run: Option<u64>) -> Self {
        self.run = run;
        self
    }

    /// With the last lines of what was written to standard error.
    #[must_use]
    pub fn with_stderr(mut self, stderr: impl Into<String>) -> Self {
        self.stderr = stderr.into();
        self
    }
}

/// What kind of failure a run had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FailureKind {
    /// It could not be started.
    NotStarted,
    /// It ended with a status other than 0.
    ExitStatus,
    /// A signal ended it.
    Signal,
    /// It took longer than it may.
    TimedOut,
    /// A command around it failed: setup, prepare, conclude or cleanup.
    Hook,
    /// The process of a benchmark ended, or did not do what it was told.
    Worker,
    /// A measured value was no finite number.
    NotANumber,
    /// Nobody said.
    #[default]
    #[serde(other)]
    Unknown,
}

/// How the benchmarks of a report were sampled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sampling {
    /// Whether the implementations were measured alternately, in blocks of random order.
    pub interleaved: bool,
    /// The seed of the order.
    pub seed: u64,
    /// How many blocks of warm-up runs came first; they are not counted.
    pub warmup_blocks: u64,
    /// How many blocks were measured.
    pub blocks: u64,
    /// How many rounds of fresh processes they were measured in; 0 where every
    /// run is a process.
    #[serde(default, skip_serializing_if = "number::is_default")]
    pub rounds: u64,
    /// How many analyses were planned before that at the end, each of which may have ended
    /// it: all of them share the error.
    #[serde(default, skip_serializing_if = "number::is_default")]
    pub interim_analyses: u64,
    /// Why sampling ended.
    pub stopped: StopReason,
}

/// Why sampling ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// Every verdict was clear in a planned analysis.
    Decided,
    /// The number of runs that was asked for is done.
    RunsDone,
    /// So many runs were done that more would tell nothing more.
    RunLimit,
    /// The time budget is used up.
    TimeUp,
    /// A run failed.
    RunFailed,
    /// The user interrupted it.
    Interrupted,
}

/// Two implementations, compared in one metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Comparison {
    /// The name of what is compared against.
    pub baseline: String,
    /// The revision that the baseline was built from, where it is not the working tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline_revision: Option<String>,
    /// The name of what is compared, and what the verdict speaks of.
    pub candidate: String,
    /// The bench program that both are of: others may have the same names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// Whether this is a thing compared with itself, to see how much it differs from
    /// itself: an A/A control.
    #[serde(default, skip_serializing_if = "number::is_default")]
    pub is_control: bool,
    /// Whether both sides are the same program, which makes what is undecided the same.
    #[serde(default, skip_serializing_if = "number::is_default")]
    pub is_same_program: bool,
    /// The metric that is compared.
    pub metric: Metric,
    /// Which values of it are the good ones.
    #[serde(default, rename = "better", skip_serializing_if = "number::is_default")]
    pub direction: Direction,
    /// Whether both were measured in turn, in the same session.
    pub interleaved: bool,
    /// How many sessions each side was measured in, where they did not take turns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sessions: Option<SessionCounts>,
    /// Whether the sides were measured on different machines, so that there is no ratio.
    #[serde(default, skip_serializing_if = "number::is_default")]
    pub is_across_machines: bool,
    /// How many pairs of values the interval is from; 0 where the values were
    /// not paired.
    #[serde(default)]
    pub pairs: u64,
    /// Candidate over baseline; `None` where it could not be computed.
    pub ratio: Option<Ratio>,
    /// The values of both sides, where neither ever varies and no ratio can be taken of
    /// them, as of zero allocations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exact: Option<ExactValues>,
    /// The half-width δ of the indifference zone: ratios between 1/(1+δ) and
    /// 1+δ count as the same.
    #[serde(serialize_with = "number::serialize")]
    pub indifference: f64,
    /// What the interval says.
    pub verdict: Verdict,
    /// Warnings and remarks on this comparison.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
}

impl Comparison {
    /// A comparison of these two in a metric, of which nothing is known yet.
    #[must_use]
    pub fn new(baseline: impl Into<String>, candidate: impl Into<String>, metric: Metric) -> Self {
        Self {
            baseline: baseline.into(),
            baseline_revision: None,
            candidate: candidate.into(),
            program: None,
            is_control: false,
            is_same_program: false,
            metric,
            direction: Direction::default(),
            interleaved: false,
            sessions: None,
            is_across_machines: false,
            pairs: 0,
            ratio: None,
            exact: None,
            indifference: 0.0,
            verdict: Verdict::Inconclusive,
            notes: Vec::new(),
        }
    }

    /// The baseline's name, and its revision where it has one.
    #[must_use]
    pub fn baseline_label(&self) -> String {
        label(&self.baseline, self.baseline_revision.as_deref(), None)
    }

    /// Whether baseline and candidate are two states of what has one name.
    #[must_use]
    pub fn is_of_one_name(&self) -> bool {
        self.baseline == self.candidate
    }
}

/// How many sessions each side of a comparison was measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionCounts {
    /// Those of the baseline.
    pub baseline: u64,
    /// Those of the candidate.
    pub candidate: u64,
}

/// The values of both sides of a comparison, which never vary.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExactValues {
    /// That of the baseline, in every run.
    #[serde(serialize_with = "number::serialize")]
    pub baseline: f64,
    /// That of the candidate, in every run.
    #[serde(serialize_with = "number::serialize")]
    pub candidate: f64,
}

/// `was 0 and is 5, in every run`
impl fmt::Display for ExactValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            baseline,
            candidate,
        } = self;
        write!(f, "was {baseline} and is {candidate}, in every run")
    }
}

/// A ratio with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ratio {
    /// The best single value.
    #[serde(serialize_with = "number::serialize")]
    pub estimate: f64,
    /// The lower end of the interval.
    #[serde(serialize_with = "number::serialize")]
    pub low: f64,
    /// The upper end of the interval.
    #[serde(serialize_with = "number::serialize")]
    pub high: f64,
    /// The two-sided confidence level of the interval, such as 0.95.
    #[serde(serialize_with = "number::serialize")]
    pub confidence: f64,
}

impl Ratio {
    /// The ratio of baseline to candidate.
    #[must_use]
    pub fn inverse(self) -> Self {
        Self {
            estimate: 1.0 / self.estimate,
            low: 1.0 / self.high,
            high: 1.0 / self.low,
            confidence: self.confidence,
        }
    }
}

/// What a comparison says of the candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The whole interval is beyond the indifference zone on the good side: below
    /// it, or above it where higher values are better.
    Faster,
    /// The whole interval is beyond the indifference zone on the bad side.
    Slower,
    /// The whole interval is within the indifference zone.
    Same,
    /// The interval reaches across a border of the zone, or there is none.
    Inconclusive,
}

impl Verdict {
    /// As a report's file has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Faster => "faster",
            Self::Slower => "slower",
            Self::Same => "same",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// The result of a gate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    /// Whether it passed.
    pub outcome: GateOutcome,
    /// Every rule that was applied to every match, violations first.
    pub findings: Vec<GateFinding>,
}

/// What a rule, or the whole gate, came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateOutcome {
    /// The rule is broken.
    Fail,
    /// The rule could not be checked, and the mistake is in the rule: nothing has such a
    /// name or such a metric.
    RuleAtFault,
    /// The rule could not be checked, because the report has nothing that it could be
    /// held against.
    DataAtFault,
    /// The sample does not support a decision.
    Inconclusive,
    /// The rule holds, and the value is close to its bound.
    Warn,
    /// The rule is broken, and a waiver allows it for now.
    Waived,
    /// The rule holds.
    Pass,
}

impl GateOutcome {
    /// As a report's file has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::RuleAtFault => "rule_at_fault",
            Self::DataAtFault => "data_at_fault",
            Self::Inconclusive => "inconclusive",
            Self::Warn => "warn",
            Self::Waived => "waived",
            Self::Pass => "pass",
        }
    }
}

/// One rule applied to one operation or benchmark.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GateFinding {
    /// The operation or benchmark; the rule's pattern where nothing matched.
    pub subject: String,
    /// The bench program that the benchmark is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// The rule, in words: `p95 < 100 ms`.
    pub rule: String,
    /// What was measured, in words: `p95 is 112 ms (at least 104 ms)`.
    pub measured: String,
    /// What the rule came to.
    pub outcome: GateOutcome,
    /// About how many runs or calls more would decide what is inconclusive; `None` where
    /// that is not known, or where no number of them would.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more_runs_needed: Option<u64>,
    /// How many times as bad as its rule allows the value is, where the rule is broken and
    /// that can be said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excess: Option<f64>,
    /// Where its subject stands in the source, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<SourceLocation>,
}

impl GateFinding {
    /// The same with how many times as bad as allowed the value is, if that is a number.
    #[must_use]
    pub fn with_excess(mut self, excess: f64) -> Self {
        self.excess = excess.is_finite().then_some(excess);
        self
    }

    /// The same of a benchmark of this program.
    #[must_use]
    pub fn of_program(mut self, program: Option<&str>) -> Self {
        self.program = program.map(str::to_owned);
        self
    }

    /// Which of two findings comes first: the worse outcome, then what exceeds its rule
    /// more. What has no such number cannot be ranked, and stands before what has.
    #[must_use]
    pub fn worst_first(&self, other: &Self) -> Ordering {
        let rank = |finding: &Self| finding.excess.unwrap_or(f64::INFINITY);
        let by_excess = rank(other).total_cmp(&rank(self));
        self.outcome.cmp(&other.outcome).then(by_excess)
    }

    /// A rule and what it came to, in words.
    #[must_use]
    pub fn new(
        subject: impl Into<String>,
        rule: impl Into<String>,
        measured: impl Into<String>,
        outcome: GateOutcome,
    ) -> Self {
        Self {
            subject: subject.into(),
            program: None,
            rule: rule.into(),
            measured: measured.into(),
            outcome,
            more_runs_needed: None,
            excess: None,
            location: None,
        }
    }
}

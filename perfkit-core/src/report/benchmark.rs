//! Results of benchmarks, their comparison, and the gate's verdict on them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::metric::{Direction, Metric, MetricSummary, number};

use super::note::Note;

/// The runs of one contestant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Benchmark {
    /// The contestant's name.
    pub name: String,
    /// The command that was run, as it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The parameters that were put into the command.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// How many counted runs succeeded.
    #[serde(default)]
    pub successes: u64,
    /// How many counted runs failed. Their values are not in `metrics`.
    #[serde(default)]
    pub failures: u64,
    /// The first runs that failed, at most 10.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed_runs: Vec<RunFailure>,
    /// The block of each value in `samples`: values of two contestants that
    /// share a block were measured next to each other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<u64>,
    /// The round of each value in `samples`: values of one round come from the
    /// same process. Empty where every value is of a process of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rounds: Vec<u64>,
    /// What was measured of the successful runs.
    #[serde(default)]
    pub metrics: BTreeMap<Metric, MetricSummary>,
    /// Warnings and remarks on this contestant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
}

impl Benchmark {
    /// A contestant without runs.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            command: None,
            parameters: BTreeMap::new(),
            successes: 0,
            failures: 0,
            failed_runs: Vec::new(),
            blocks: Vec::new(),
            rounds: Vec::new(),
            metrics: BTreeMap::new(),
            notes: Vec::new(),
        }
    }

    /// The share of counted runs that succeeded; `None` without a run.
    #[must_use]
    pub fn success_rate(&self) -> Option<f64> {
        let runs = self.successes + self.failures;
        (runs > 0).then(|| self.successes as f64 / runs as f64)
    }
}

/// A run that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFailure {
    /// The run's number, from 1; `None` for a warm-up run.
    #[serde(default)]
    pub run: Option<u64>,
    /// What happened: `exit status 3`, `signal 9 (SIGKILL)`, `timed out after 2 s`.
    pub reason: String,
    /// The last lines that the command wrote to standard error.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stderr: String,
}

/// How the benchmarks of a report were sampled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sampling {
    /// Whether the contestants took turns, in blocks of random order.
    pub interleaved: bool,
    /// The seed of the order.
    pub seed: u64,
    /// How many blocks of warm-up runs came first; they are not counted.
    pub warmup_blocks: u64,
    /// How many blocks were measured.
    pub blocks: u64,
    /// How many rounds of fresh processes they were measured in; 0 where every
    /// run is a process.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rounds: u64,
    /// How often the numbers may have been looked at: the looks share the error.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub looks: u64,
    /// Why sampling ended.
    pub stopped: StopReason,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn one() -> u64 {
    1
}

fn is_one(number: &u64) -> bool {
    *number == 1
}

/// Why sampling ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// Every verdict was clear at a planned look.
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

/// Two contestants, compared in one metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// What is compared against.
    pub baseline: String,
    /// What is compared, and what the verdict speaks of.
    pub candidate: String,
    /// The metric that is compared.
    pub metric: Metric,
    /// Which values of it are the good ones.
    #[serde(
        default,
        rename = "better",
        skip_serializing_if = "Direction::is_default"
    )]
    pub direction: Direction,
    /// Whether both were measured in turn, in the same session.
    pub interleaved: bool,
    /// How many pairs of values the interval is from; 0 where the values were
    /// not paired.
    #[serde(default)]
    pub pairs: u64,
    /// Candidate over baseline; `None` where it could not be computed.
    pub ratio: Option<Ratio>,
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
    /// The sample does not support a decision.
    Inconclusive,
    /// The rule holds, and the value is close to its bound.
    Warn,
    /// The rule holds.
    Pass,
}

/// One rule applied to one operation or benchmark.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GateFinding {
    /// The operation or benchmark; the rule's pattern where nothing matched.
    pub subject: String,
    /// The rule, in words: `p95 < 100 ms`.
    pub rule: String,
    /// What was measured, in words: `p95 is 112 ms (at least 104 ms)`.
    pub measured: String,
    /// What the rule came to.
    pub outcome: GateOutcome,
}

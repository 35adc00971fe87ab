//! How load was put on what was measured, and whether its generator kept up.

use serde::{Deserialize, Serialize};

use crate::metric_summary::MetricSummary;
use crate::number;
use crate::unit::Unit;

/// When a load generator sends its requests, which decides what percentiles of their
/// times mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LoadModel {
    /// At times of its own, whether or not earlier requests have been answered: waiting is
    /// in the times.
    Open,
    /// On each connection when the request before has been answered: what a slow moment
    /// holds back is in no time (coordinated omission).
    Closed,
}

/// How the starts of an open load follow each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Arrivals {
    /// As users come that know nothing of each other: the gaps are exponential.
    #[default]
    Poisson,
    /// All gaps are alike.
    Constant,
}

/// A part of a run, within which the rate goes evenly from one to another.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RatePhase {
    /// Starts per second at its beginning.
    pub from: f64,
    /// Starts per second at its end.
    pub to: f64,
    /// How long it is planned to be, in nanoseconds.
    pub duration_ns: u64,
}

impl RatePhase {
    /// A phase of so many starts per second.
    #[must_use]
    pub fn new(from: f64, to: f64, duration_ns: u64) -> Self {
        Self {
            from,
            to,
            duration_ns,
        }
    }
}

/// One of several shares of a schedule, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LoadShard {
    /// Which share it is.
    pub number: u32,
    /// How many shares there are.
    pub of: u32,
}

impl LoadShard {
    /// The share of this number, from 1, among so many; `None` where there is no such share.
    #[must_use]
    pub fn new(number: u32, of: u32) -> Option<Self> {
        (1..=of).contains(&number).then_some(Self { number, of })
    }
}

/// A run of a load generator, as it stands with the operation that it called.
///
/// `execution_time` and `failure_time` of that operation are response times: in an open run
/// each is counted from the moment at which the operation was due, and so has in it what it
/// waited. `service_time` is counted from the moment at which it began, and `schedule_lag` is
/// what lies between both.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LoadRun {
    /// When operations were started.
    pub model: LoadModel,
    /// How starts followed each other, in an open run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrivals: Option<Arrivals>,
    /// How many clients there were, in a closed run.
    #[serde(default, skip_serializing_if = "number::is_default")]
    pub clients: u64,
    /// The rates as planned, of all shares together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phases: Vec<RatePhase>,
    /// What the schedule was drawn from, in an open run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// The shares of the schedule that these are; empty where it is all of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shards: Vec<LoadShard>,
    /// How many runs these are, of so many generators or one after the other.
    pub runs: u64,
    /// Operations that were run before the counting began, and are counted nowhere else.
    #[serde(default, skip_serializing_if = "number::is_default")]
    pub warm_up_calls: u64,
    /// Operations that were due.
    pub offered: u64,
    /// Operations that were due and not started, as too many were in flight. They are
    /// failures.
    pub shed: u64,
    /// Operations that were in flight at the end and did not finish within the time that was
    /// given them. They are cancelled.
    pub cut_off: u64,
    /// The most operations that were in flight together; of several runs the sum, which may be
    /// more than ever was.
    pub most_in_flight: u64,
    /// Whether it was ended before its time.
    #[serde(default, skip_serializing_if = "number::is_default")]
    pub is_interrupted: bool,
}

impl LoadRun {
    /// A run in which nothing was due.
    #[must_use]
    pub fn new(model: LoadModel) -> Self {
        Self {
            model,
            arrivals: None,
            clients: 0,
            phases: Vec::new(),
            seed: None,
            shards: Vec::new(),
            runs: 1,
            warm_up_calls: 0,
            offered: 0,
            shed: 0,
            cut_off: 0,
            most_in_flight: 0,
            is_interrupted: false,
        }
    }

    /// Whether both are shares of one schedule.
    #[must_use]
    pub fn is_of_same_schedule(&self, other: &Self) -> bool {
        (self.model, self.arrivals, self.seed, &self.phases)
            == (other.model, other.arrivals, other.seed, &other.phases)
    }

    /// Adds another run. What both do not share is left open.
    pub(crate) fn merge(&mut self, other: &Self) {
        if self.is_of_same_schedule(other) {
            self.shards.extend(&other.shards);
            self.shards.sort_unstable();
        } else {
            self.arrivals = self.arrivals.filter(|_| self.arrivals == other.arrivals);
            self.seed = None;
            self.phases.clear();
            self.shards.clear();
        }
        if other.model == LoadModel::Closed {
            self.model = LoadModel::Closed;
        }
        self.clients = self.clients.saturating_add(other.clients);
        self.runs = self.runs.saturating_add(other.runs);
        self.warm_up_calls = self.warm_up_calls.saturating_add(other.warm_up_calls);
        self.offered = self.offered.saturating_add(other.offered);
        self.shed = self.shed.saturating_add(other.shed);
        self.cut_off = self.cut_off.saturating_add(other.cut_off);
        self.most_in_flight = self.most_in_flight.saturating_add(other.most_in_flight);
        self.is_interrupted |= other.is_interrupted;
    }
}

/// The longest lag that 99 of 100 starts may have, in nanoseconds.
const LONGEST_LAG_NS: f64 = 1e6;

/// The largest share of the median response time that it may be.
const LARGEST_SHARE: f64 = 0.05;

/// What makes a generator unfit for what it was asked for: its own lag is within the times.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct UnfitGenerator {
    /// The 99th percentile of the lag between the moment at which an operation was due and its
    /// start, in nanoseconds.
    pub lag_p99_ns: f64,
    /// The median response time, in nanoseconds.
    pub median_ns: f64,
}

impl UnfitGenerator {
    /// `None` where the lag is short: at most 1 ms, and at most 5 % of the median response
    /// time.
    pub(crate) fn of(
        lag: Option<&MetricSummary>,
        response: Option<&MetricSummary>,
    ) -> Option<Self> {
        let lag_p99_ns = lag?.percentile(0.99)?;
        let median_ns = response.and_then(|time| time.percentile(0.5))?;
        let is_fit = lag_p99_ns <= LONGEST_LAG_NS && lag_p99_ns <= LARGEST_SHARE * median_ns;
        (!is_fit).then_some(Self {
            lag_p99_ns,
            median_ns,
        })
    }

    /// Why it is unfit, in words.
    #[must_use]
    pub fn reason(&self) -> String {
        let time = |ns| Unit::Nanoseconds.format(ns, 3);
        let limit = LONGEST_LAG_NS.min(LARGEST_SHARE * self.median_ns);
        format!(
            "1 of 100 operations began {} late or later, where {} would do (1 ms, or 5 % of the median response time of {})",
            time(self.lag_p99_ns),
            time(limit),
            time(self.median_ns),
        )
    }
}

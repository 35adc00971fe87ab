//! Budgets: absolute bounds on what was measured, decided as `perfkit gate` decides them.
//!
//! In a test:
//!
//! ```
//! use std::time::Duration;
//! use perfkit::{Monitor, assert_budget};
//!
//! let monitor = Monitor::new();
//! for _ in 0..100 {
//!     monitor.measure("checkout::pay", || std::hint::black_box(1 + 1));
//! }
//! assert_budget!(
//!     monitor.snapshot(),
//!     "checkout::*",
//!     p95: Duration::from_millis(100),
//!     panics: 0,
//! );
//! ```

mod amount;
mod bound;
mod judge;
mod known;
mod lost;
mod more_runs;
mod statistic;
mod subject;

use std::error::Error;
use std::fmt;
use std::time::Duration;

use wildmatch::WildMatch;

use crate::metric::Metric;
use crate::report::{GateFinding, GateOutcome};
use crate::snapshot::Snapshot;
use crate::text::printable;
use crate::unit::Unit;

use amount::Amount;
use bound::Bound;
use judge::{judge_bound, never_measured};
use lost::{lost_calls, lost_text};
use statistic::Statistic;
use subject::Subject;

/// No public interface: it is for the command line, and changes without notice.
#[doc(hidden)]
pub mod engine {
    pub use super::amount::Amount;
    pub use super::bound::{Bound, DIGITS};
    pub use super::judge::{judge_bound, never_measured, other_unit, used_share};
    pub use super::lost::{lost_calls, lost_of_name, lost_of_pattern};
    pub use super::more_runs::more_pairs;
    pub use super::statistic::{BoundKind, Statistic};
    pub use super::subject::Subject;
}

/// Absolute bounds on the operations whose names match a pattern.
///
/// A bound is kept, or broken, when the whole range that the calls support says so, at
/// the confidence of the budget on each side. Percentiles are bounded by order statistics
/// (Conover 1999), shares by Clopper and Pearson 1934, the mean by Student's t. So a
/// percentile needs calls enough: at 99 % p95 takes 90 of them and p99 459. What too few
/// calls leave open is no pass; see [`Budget::allow_undecided`].
///
/// The same as a `[[budget]]` of `perfkit.toml`. Bounds include their limit.
///
/// ```
/// use std::time::Duration;
/// use perfkit::Monitor;
/// use perfkit::budget::Budget;
///
/// let monitor = Monitor::new();
/// let budget = Budget::of("parse").max(Duration::from_secs(1)).panics(0);
/// // Nothing was called: a check that cannot be made is no pass.
/// assert!(budget.check(&monitor.snapshot()).is_err());
/// monitor.measure("parse", || ());
/// budget.check(&monitor.snapshot()).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct Budget {
    pattern: WildMatch,
    confidence: f64,
    counts_cancelled: bool,
    allows_undecided: bool,
    metric: Option<Metric>,
    limits: Vec<(Statistic, Amount)>,
}

impl Budget {
    /// A budget without bounds for all operations whose whole name matches: `*` stands for
    /// any text, `?` for any one character.
    #[must_use]
    pub fn of(pattern: &str) -> Self {
        Self {
            pattern: WildMatch::new(pattern),
            confidence: 0.99,
            counts_cancelled: true,
            allows_undecided: false,
            metric: None,
            limits: Vec::new(),
        }
    }

    fn limit(mut self, statistic: Statistic, value: f64, unit: Unit) -> Self {
        self.limits.push((statistic, Amount { value, unit }));
        self
    }

    fn time(self, statistic: Statistic, limit: Duration) -> Self {
        self.limit(statistic, limit.as_nanos() as f64, Unit::Nanoseconds)
    }

    /// The mean execution time is at most this.
    #[must_use]
    pub fn mean(self, limit: Duration) -> Self {
        self.time(Statistic::Mean, limit)
    }

    /// The median execution time is at most this.
    #[must_use]
    pub fn median(self, limit: Duration) -> Self {
        self.time(Statistic::Percentile(0.5), limit)
    }

    /// The 95th percentile of the execution time is at most this.
    #[must_use]
    pub fn p95(self, limit: Duration) -> Self {
        self.time(Statistic::Percentile(0.95), limit)
    }

    /// The 99th percentile of the execution time is at most this.
    #[must_use]
    pub fn p99(self, limit: Duration) -> Self {
        self.time(Statistic::Percentile(0.99), limit)
    }

    /// No call that succeeded took longer.
    #[must_use]
    pub fn max(self, limit: Duration) -> Self {
        self.time(Statistic::Max, limit)
    }

    /// At least this share of all calls succeeds, from 0 to 1. Calls that were cancelled
    /// count as calls that did not. No number of calls shows a share of 1.
    #[must_use]
    pub fn success_rate(self, least: f64) -> Self {
        self.limit(Statistic::SuccessRate, least, Unit::Ratio)
    }

    /// At most this share of all calls does not succeed, from 0 to 1. No number of calls
    /// shows a share of 0.
    #[must_use]
    pub fn error_rate(self, most: f64) -> Self {
        self.limit(Statistic::ErrorRate, most, Unit::Ratio)
    }

    /// At most so many calls panic.
    #[must_use]
    pub fn panics(self, most: u64) -> Self {
        self.limit(Statistic::Panics, most as f64, Unit::Count)
    }

    /// At most so many calls are cancelled.
    #[must_use]
    pub fn cancellations(self, most: u64) -> Self {
        self.limit(Statistic::Cancellations, most as f64, Unit::Count)
    }

    /// At least so many calls succeed, or declared items are processed, in a second.
    #[must_use]
    pub fn throughput(self, per_second: f64) -> Self {
        self.limit(Statistic::Throughput, per_second, Unit::PerSecond)
    }

    /// Within a call memory grows by at most so many bytes; for operations that measure it.
    #[must_use]
    pub fn peak_memory(self, bytes: u64) -> Self {
        self.limit(Statistic::PeakMemory, bytes as f64, Unit::Bytes)
    }

    /// How sure a decision is on each side, from 0.5 to 0.9999; 0.99 by default. What lies
    /// beyond is taken as the nearest of these.
    #[must_use]
    pub fn confidence(mut self, confidence: f64) -> Self {
        self.confidence = confidence.clamp(0.5, 0.9999);
        self
    }

    /// Mean, percentiles and maximum are of this metric of time, in place of the execution
    /// time, which is that of successful calls: [`Metric::CALL_TIME`] is of all calls,
    /// however they ended, and so also of those that ran into a time-out.
    #[must_use]
    pub fn metric(mut self, metric: Metric) -> Self {
        self.metric = Some(metric);
        self
    }

    /// Leaves calls that were cancelled out of the rates.
    #[must_use]
    pub fn without_cancelled(mut self) -> Self {
        self.counts_cancelled = false;
        self
    }

    /// Lets pass what the calls do not decide: only what is shown to be broken breaks it, and
    /// a bound on what was measured of none of its operations.
    #[must_use]
    pub fn allow_undecided(mut self) -> Self {
        self.allows_undecided = true;
        self
    }

    /// Holds every operation that matches against every bound.
    ///
    /// # Errors
    /// A bound that is broken, or undecided, or that nothing was measured for; a share that
    /// is not from 0 to 1; a pattern that matches nothing, or that calls whose names were
    /// lost beyond a limit may match; and a budget without bounds.
    pub fn check(&self, snapshot: &Snapshot) -> Result<(), BrokenBudget> {
        let pattern = self.pattern.to_string();
        let is_meant = |name: &str| self.pattern.matches(name);
        let ended = snapshot.operations.iter().filter(|o| o.is_any_ended());
        let subjects = ended.filter(|o| is_meant(&o.name));
        let subjects: Vec<Subject<'_>> = subjects.map(Subject::Operation).collect();
        let not_checked = |rule: &str, why: String| {
            let finding = GateFinding::new(&pattern, rule, why, GateOutcome::RuleAtFault);
            Err(BrokenBudget {
                findings: vec![finding],
            })
        };
        if self.limits.is_empty() {
            return not_checked("no bound", "the budget has none".to_owned());
        }
        let bounds: Vec<Bound> = self.limits.iter().map(|limit| self.bound(limit)).collect();
        if subjects.is_empty() {
            return not_checked(&bounds[0].to_string(), nothing_matched(snapshot));
        }
        let judged = bounds.iter().flat_map(|bound| self.judge(bound, &subjects));
        let lost = lost_calls(snapshot.operations.iter(), &pattern, is_meant);
        let lost = lost.filter(|_| !self.allows_undecided);
        let mut findings: Vec<GateFinding> = judged.chain(lost).collect();
        findings.sort_by(GateFinding::worst_first);
        if findings.is_empty() {
            Ok(())
        } else {
            Err(BrokenBudget { findings })
        }
    }

    /// What does not keep a bound.
    fn judge(&self, bound: &Bound, subjects: &[Subject<'_>]) -> Vec<GateFinding> {
        let pattern = self.pattern.to_string();
        let is_share = bound.limit.unit == Unit::Ratio;
        if is_share && !(0.0..=1.0).contains(&bound.limit.value) {
            let why = "a share is from 0 to 1".to_owned();
            let finding =
                GateFinding::new(pattern, bound.to_string(), why, GateOutcome::RuleAtFault);
            return vec![finding];
        }
        let metric = bound.metric.as_ref();
        let subjects = subjects.iter().filter(|s| s.is_asked_for(metric));
        if let Some(finding) = never_measured(&pattern, bound, subjects.clone()) {
            return vec![finding];
        }
        let is_broken = |finding: &GateFinding| match finding.outcome {
            GateOutcome::Pass | GateOutcome::Warn | GateOutcome::Waived => false,
            GateOutcome::Inconclusive => !self.allows_undecided,
            _ => true,
        };
        let judged = subjects.map(|subject| judge_bound(subject, bound, self.confidence));
        judged.filter(is_broken).collect()
    }

    fn bound(&self, (statistic, limit): &(Statistic, Amount)) -> Bound {
        Bound {
            statistic: *statistic,
            metric: self.metric.clone().filter(|_| statistic.is_of_any_metric()),
            counts_cancelled: self.counts_cancelled,
            kind: statistic.kind(),
            is_inclusive: true,
            limit: *limit,
            warn: None,
            critical: None,
        }
    }
}

/// How many names are listed where none of them matches.
const MOST_NAMES: usize = 5;

fn nothing_matched(snapshot: &Snapshot) -> String {
    let ended = snapshot.operations.iter().filter(|o| o.is_any_ended());
    let names = ended.take(MOST_NAMES);
    let names: Vec<String> = names.map(|o| format!("`{}`", printable(&o.name))).collect();
    if names.is_empty() {
        return "no operation was called".to_owned();
    }
    let lost = lost_text(snapshot.operations.iter());
    let lost = lost.map_or_else(String::new, |lost| format!("; {lost}"));
    format!(
        "no operation that was called matches; there are {}{lost}",
        names.join(", ")
    )
}

/// What a [`Budget`] has against a snapshot.
#[derive(Clone, Debug, PartialEq)]
pub struct BrokenBudget {
    findings: Vec<GateFinding>,
}

impl BrokenBudget {
    /// Every bound that does not hold, those first that are broken, and of these what exceeds
    /// its bound most.
    #[must_use]
    pub fn findings(&self) -> &[GateFinding] {
        &self.findings
    }
}

/// A line for each finding.
impl fmt::Display for BrokenBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a performance budget does not hold:")?;
        for finding in &self.findings {
            let word = match finding.outcome {
                GateOutcome::Inconclusive => "undecided",
                GateOutcome::Fail => "broken",
                _ => "not checked",
            };
            let (subject, rule) = (printable(&finding.subject), &finding.rule);
            write!(f, "\n  {subject}: {rule}: {word}: {}", finding.measured)?;
            if let Some(more) = finding.more_runs_needed {
                write!(f, " (about {more} more calls would decide it)")?;
            }
        }
        Ok(())
    }
}

impl Error for BrokenBudget {}

/// Panics unless what a snapshot holds keeps a [`Budget`]: a snapshot, the pattern of
/// operations, and bounds by the names of the methods of `Budget`.
///
/// ```
/// use std::time::Duration;
/// use perfkit::{Monitor, assert_budget};
///
/// let monitor = Monitor::new();
/// monitor.measure("parse", || ());
/// assert_budget!(monitor.snapshot(), "parse", max: Duration::from_secs(1), panics: 0);
/// ```
#[macro_export]
macro_rules! assert_budget {
    ($snapshot:expr, $pattern:expr, $($bound:ident: $limit:expr),+ $(,)?) => {
        if let ::std::result::Result::Err(broken) =
            $crate::budget::Budget::of($pattern)$(.$bound($limit))+.check(&$snapshot)
        {
            ::std::panic!("{broken}");
        }
    };
}

//! What response times and failures are to keep.

use std::error::Error;
use std::fmt;

use crate::budget::engine::{
    Amount, Bound, BoundKind, Statistic, Subject, judge_bound, used_share,
};
use crate::metric::Metric;
use crate::report::{GateOutcome, TrialOutcome};
use crate::snapshot::OperationSnapshot;
use crate::text::printable;
use crate::unit::Unit;

/// How sure it has to be that a limit is kept, or broken.
const CONFIDENCE: f64 = 0.95;

/// Limits that response times and failures are to keep, as budgets are written:
/// `p99 < 100ms, success > 99.9%`.
///
/// There are `mean`, `median`, percentiles such as `p95` and `p99.9`, and `max`, of the response
/// times of all operations however they ended; and `success` and `errors`, shares of those that
/// were due. `<`, `<=`, `>` and `>=` are known.
#[derive(Clone, Debug)]
pub struct Limits {
    bounds: Vec<Bound>,
}

/// Why a text is no limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitsError {
    message: String,
}

impl fmt::Display for LimitsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for LimitsError {}

impl Limits {
    /// Reads limits, with commas between them.
    ///
    /// # Errors
    /// A text that is none, or has a limit that could not be kept or broken.
    pub fn parse(text: &str) -> Result<Self, LimitsError> {
        let bounds: Result<Vec<Bound>, String> = text.split(',').map(bound).collect();
        match bounds {
            Ok(bounds) => Ok(Self { bounds }),
            Err(message) => Err(LimitsError { message }),
        }
    }

    /// The limits, in words.
    pub(super) fn in_words(&self) -> Vec<String> {
        self.bounds.iter().map(ToString::to_string).collect()
    }

    /// Whether all are kept. Where a limit is broken and the generator was late itself, nobody
    /// knows by whom; what is kept in spite of that is kept.
    pub(super) fn judge(&self, operation: &OperationSnapshot) -> TrialOutcome {
        let subject = Subject::Operation(operation);
        let outcomes = self.bounds.iter().map(|bound| {
            let finding = judge_bound(&subject, bound, CONFIDENCE);
            // As far as the value itself goes, however sure it is.
            let is_used_up = used_share(&subject, bound).is_none_or(|used| used > 1.0);
            match finding.outcome {
                GateOutcome::Pass | GateOutcome::Warn | GateOutcome::Waived => TrialOutcome::Kept,
                GateOutcome::Fail => TrialOutcome::Broken,
                _ if is_used_up && is_blurred(operation, bound) => TrialOutcome::GeneratorUnfit,
                _ => TrialOutcome::TooFewCalls,
            }
        });
        let rank = |outcome: &TrialOutcome| match outcome {
            TrialOutcome::Kept => 0,
            TrialOutcome::TooFewCalls => 1,
            TrialOutcome::GeneratorUnfit => 2,
            TrialOutcome::Broken => 3,
        };
        let worst = outcomes.max_by_key(rank);
        worst.unwrap_or(TrialOutcome::TooFewCalls)
    }
}

/// Whether a time may be too long by the generator's own lag.
fn is_blurred(operation: &OperationSnapshot, bound: &Bound) -> bool {
    bound.statistic.is_of_any_metric() && operation.unfit_generator().is_some()
}

fn bound(text: &str) -> Result<Bound, String> {
    let shown = printable(text.trim());
    let wrong = |why: &str| format!("`{shown}` is no limit: {why}");
    let at = text
        .find(['<', '>'])
        .ok_or_else(|| wrong("write it as p99 < 100ms"))?;
    let (name, rest) = text.split_at(at);
    let statistic = statistic(name.trim()).ok_or_else(|| {
        wrong("there are mean, median, p95, p99 and the like, max, success and errors")
    })?;
    let (sign, value) = match rest.get(..2) {
        Some(sign @ ("<=" | ">=")) => (sign, &rest[2..]),
        _ => rest.split_at(1),
    };
    let kind = match sign.starts_with('<') {
        true => BoundKind::Max,
        false => BoundKind::Min,
    };
    if kind != statistic.kind() {
        return Err(wrong(match statistic.kind() {
            BoundKind::Max => "lower is better, so write <",
            BoundKind::Min => "higher is better, so write >",
        }));
    }
    let unit = statistic.units().first().copied().unwrap_or_default();
    let limit = unit
        .parse(value.trim())
        .map_err(|error| wrong(&error.to_string()))?;
    if unit == Unit::Ratio && !(0.0..=1.0).contains(&limit) {
        return Err(wrong("a share is from 0 to 100 %"));
    }
    if !(limit >= 0.0 && limit.is_finite()) {
        return Err(wrong("it is out of range"));
    }
    Ok(Bound {
        statistic,
        metric: statistic.is_of_any_metric().then_some(Metric::CALL_TIME),
        counts_cancelled: true,
        kind,
        is_inclusive: sign.len() == 2,
        limit: Amount { value: limit, unit },
        warn: None,
        critical: None,
    })
}

fn statistic(name: &str) -> Option<Statistic> {
    Some(match name {
        "mean" => Statistic::Mean,
        "median" => Statistic::Percentile(0.5),
        "max" => Statistic::Max,
        "success" | "success_rate" => Statistic::SuccessRate,
        "errors" | "error_rate" => Statistic::ErrorRate,
        percentile => {
            let percent: f64 = percentile.strip_prefix('p')?.parse().ok()?;
            let is_known = percent > 0.0 && percent < 100.0;
            is_known.then_some(Statistic::Percentile(percent / 100.0))?
        }
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::meter::Meter;
    use super::super::result::LoadResult;
    use super::*;
    use crate::load_run::{LoadModel, LoadRun};
    use crate::outcome::Outcome;

    #[test]
    fn limits_are_written_as_budgets_are() {
        let limits = Limits::parse("p99 < 100ms, success >= 99.9%,p99.9<=1s").unwrap();
        let words = limits.in_words();
        assert_eq!(
            words,
            [
                "call_time: p99 < 100.0 ms",
                "success_rate >= 99.90 %",
                "call_time: p99.9 <= 1.000 s"
            ]
        );
    }

    /// An operation of 1000 that take 100 ms each, of a generator that is late by so much.
    fn late_by(lag_ns: u64) -> OperationSnapshot {
        let clock = crate::MockClock::new();
        let meter = std::sync::Arc::new(Meter::new("work", clock.clone().into(), 0, 1));
        for _ in 0..1000 {
            let due_ns = meter.now_ns();
            let mut operation = meter.admit(due_ns).unwrap();
            clock.advance(Duration::from_nanos(lag_ns));
            operation.begin();
            clock.advance(Duration::from_nanos(100_000_000 - lag_ns));
            operation.end(&Outcome::Success);
        }
        meter.close(LoadRun::new(LoadModel::Open), 1_000_000_000)
    }

    #[test]
    fn what_is_kept_in_spite_of_lag_is_kept_and_what_is_broken_by_it_is_undecided() {
        let judge = |limits: &str, lag_ns| Limits::parse(limits).unwrap().judge(&late_by(lag_ns));
        assert_eq!(judge("p99 < 200ms", 1000), TrialOutcome::Kept);
        assert_eq!(judge("p99 < 50ms", 1000), TrialOutcome::Broken);
        assert_eq!(judge("p99 < 200ms", 2_000_000), TrialOutcome::Kept);
        assert_eq!(judge("p99 < 50ms", 2_000_000), TrialOutcome::GeneratorUnfit);
        assert_eq!(judge("success > 99.99%", 1000), TrialOutcome::TooFewCalls);
        assert_eq!(
            judge("success > 99.99%", 2_000_000),
            TrialOutcome::TooFewCalls
        );
        assert_eq!(judge("p99.9 < 200ms", 2_000_000), TrialOutcome::TooFewCalls);
    }

    /// The rules of perfkit.toml and budgets in tests do as well.
    #[test]
    fn budgets_are_not_broken_by_a_late_generator() {
        for (lag_ns, word) in [(1000, "broken"), (2_000_000, "undecided")] {
            let snapshot = LoadResult::new(late_by(lag_ns)).snapshot();
            let budget = crate::budget::Budget::of("work").p99(Duration::from_millis(50));
            let broken = budget.check(&snapshot).unwrap_err().to_string();
            assert!(broken.contains(word), "{broken}");
        }
    }

    #[test]
    fn what_is_no_limit_is_refused_with_the_reason() {
        for (text, why) in [
            ("", "write it as"),
            ("p99", "write it as"),
            ("p99 > 100ms", "lower is better"),
            ("success < 99%", "higher is better"),
            ("p100 < 1s", "there are mean"),
            ("speed < 1s", "there are mean"),
            ("p99 < 100", "p99 < 100"),
            ("success > 101%", "a share"),
            ("p99 < 1s,", "write it as"),
            ("p99 < -1s", "out of range"),
            ("é<", "there are mean"),
        ] {
            let error = Limits::parse(text).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}

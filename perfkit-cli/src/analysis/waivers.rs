//! Waivers: rules that may be broken for a while, and whether anything needs them.

use perfkit::Metric;
use perfkit::budget::engine::{Bound, DIGITS, Statistic};
use perfkit::report::{GateFinding, GateOutcome};
use toml::value::Date;

use crate::input::{Budget, Ceiling, OnMissing, Regression, Scope, Waiver};
use crate::text::printable;

use super::finding::{limit_text, outcome_of};

/// A rule on one thing, which a waiver may be for.
pub(super) struct Waivable<'a> {
    scope: &'a Scope,
    subject: &'a str,
    metric: Option<&'a Metric>,
    /// What the bound of a budget is on; `None` of a regression rule.
    statistic: Option<Statistic>,
}

impl<'a> Waivable<'a> {
    pub(super) fn of_regression(rule: &'a Regression, subject: &'a str) -> Self {
        Self {
            scope: &rule.scope,
            subject,
            metric: rule.metric.as_ref(),
            statistic: None,
        }
    }

    pub(super) fn of_budget(budget: &'a Budget, bound: &'a Bound, subject: &'a str) -> Self {
        Self {
            scope: &budget.scope,
            subject,
            metric: bound.metric.as_ref(),
            statistic: Some(bound.statistic),
        }
    }

    fn is_meant_by(&self, waiver: &Waiver) -> bool {
        let statistic = match waiver.ceiling {
            Ceiling::Bound(statistic, _) => Some(statistic),
            Ceiling::Regression(_) => None,
        };
        waiver.scope.is_of_one_kind(self.scope)
            && waiver.scope.matches(self.subject)
            && waiver.metric.as_ref() == self.metric
            && statistic == self.statistic
    }
}

/// Whether anything needs a waiver.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Need {
    /// No rule was held against anything that it is for.
    NoRule,
    /// All that it is for keeps its rules.
    None,
    Some,
}

/// All waivers of a configuration, on a day.
pub(super) struct Waivers<'a> {
    all: Vec<(&'a Waiver, Need)>,
    today: Date,
}

impl<'a> Waivers<'a> {
    pub(super) fn new(waivers: &'a [Waiver], today: Date) -> Self {
        let all = waivers.iter().map(|waiver| (waiver, Need::NoRule));
        let all = all.collect();
        Self { all, today }
    }

    /// What a rule came to where a waiver is for it: it is judged again by the ceiling.
    pub(super) fn apply(
        &mut self,
        rule: &Waivable<'_>,
        mut finding: GateFinding,
        again: impl Fn(&Ceiling) -> Option<GateFinding>,
    ) -> GateFinding {
        let need = match finding.outcome {
            GateOutcome::Fail | GateOutcome::Inconclusive => Need::Some,
            _ => Need::None,
        };
        for (waiver, needed) in &mut self.all {
            if !rule.is_meant_by(waiver) {
                continue;
            }
            *needed = need.max(*needed);
            if finding.outcome != GateOutcome::Fail {
                continue;
            }
            if waiver.until < self.today {
                let expired = format!("; the waiver of it expired on {}", waiver.until);
                finding.measured.push_str(&expired);
            } else if let Some(by_ceiling) = again(&waiver.ceiling) {
                waive(&mut finding, waiver, by_ceiling.outcome);
            }
        }
        finding
    }

    /// Those that have expired, or that nothing needs.
    pub(super) fn stale(&self, stale: OnMissing) -> Vec<GateFinding> {
        let told = self.all.iter().filter_map(|(waiver, need)| {
            let measured = match need {
                _ if waiver.until < self.today => {
                    "it has expired: mend what it is for, or decide anew"
                }
                Need::NoRule => "no rule was held against anything that it is for",
                Need::None => "it is no longer needed: what it is for keeps its rule",
                Need::Some => return None,
            };
            let rule = format!("waiver until {}", waiver.until);
            let subject = waiver.scope.to_string();
            Some(GateFinding::new(subject, rule, measured, outcome_of(stale)))
        });
        told.collect()
    }
}

/// What is broken and within the ceiling is waived; what may be beyond it is undecided.
fn waive(finding: &mut GateFinding, waiver: &Waiver, by_ceiling: GateOutcome) {
    let ceiling = match &waiver.ceiling {
        Ceiling::Bound(_, limit) => limit.unit.format(limit.value, DIGITS),
        Ceiling::Regression(limit) => limit_text(limit),
    };
    let (until, reason) = (waiver.until, printable(&waiver.reason));
    let (outcome, told) = match by_ceiling {
        GateOutcome::Fail => (
            GateOutcome::Fail,
            format!("beyond the {ceiling} that a waiver allows"),
        ),
        GateOutcome::Inconclusive => (
            GateOutcome::Inconclusive,
            format!("a waiver allows {ceiling}, and whether it is within is not decided"),
        ),
        _ => (
            GateOutcome::Waived,
            format!("waived up to {ceiling} until {until}: {reason}"),
        ),
    };
    finding.outcome = outcome;
    finding.measured.push_str("; ");
    finding.measured.push_str(&told);
}

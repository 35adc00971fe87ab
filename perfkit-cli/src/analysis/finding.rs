//! What budgets and regression rules have in common.

use perfkit::Metric;
use perfkit::budget::engine::DIGITS;
use perfkit::report::{GateFinding, GateOutcome};
use perfkit::unit::Unit;

use crate::args::most_similar;
use crate::input::{Limit, OnMissing, Scope};
use crate::text::{printable, shorten};

/// How many names are listed where none of them matches, and how long each may be.
const MOST_NAMES: usize = 5;
const LONGEST_NAME: usize = 60;

/// A rule that is for nothing of what there is. Where there is nothing at all, the data
/// is at fault, and otherwise the rule.
pub(super) fn nothing_matched(scope: &Scope, rule: &str, names: &[&str]) -> GateFinding {
    let (kind, pattern) = (scope.word(), scope.to_string());
    let (measured, outcome) = if names.is_empty() {
        let measured = format!("the report has no {kind}s");
        (measured, GateOutcome::DataAtFault)
    } else {
        let near = nearest(&pattern, names);
        let measured = format!("no {kind} matches; {near}");
        (measured, GateOutcome::RuleAtFault)
    };
    GateFinding::new(pattern, rule, measured, outcome)
}

/// A rule on a metric that nothing has which the rule is for.
pub(super) fn not_measured(
    scope: &Scope,
    rule: &str,
    metric: &Metric,
    known: &[&str],
) -> GateFinding {
    let near = nearest(metric.name(), known);
    let measured = format!("nobody measured {metric}; {near}");
    GateFinding::new(scope.to_string(), rule, measured, GateOutcome::RuleAtFault)
}

/// By how much something may be worse: `5 %`, `+2 ms`.
pub(super) fn limit_text(limit: &Limit) -> String {
    match limit {
        Limit::Share(share) => Unit::Ratio.format(*share, DIGITS),
        Limit::Amount(amount) => format!("+{}", amount.unit.format(amount.value, DIGITS)),
    }
}

/// What is gone, or stale, does to the gate.
pub(super) fn outcome_of(missing: OnMissing) -> GateOutcome {
    match missing {
        OnMissing::Pass => GateOutcome::Pass,
        OnMissing::Warn => GateOutcome::Warn,
        OnMissing::Fail => GateOutcome::Fail,
    }
}

/// `did you mean …?`, or the names that there are.
pub(super) fn nearest(wanted: &str, names: &[&str]) -> String {
    match most_similar(wanted, names.iter().copied()) {
        Some(name) => format!("did you mean {}?", listed(&[name])),
        None => format!("there are {}", listed(names)),
    }
}

/// The first of some names.
pub(super) fn listed(names: &[&str]) -> String {
    let shown = |name: &str| format!("`{}`", shorten(&printable(name), LONGEST_NAME));
    let first = names.iter().take(MOST_NAMES).map(|name| shown(name));
    let first: Vec<String> = first.collect();
    let more = match names.len().saturating_sub(MOST_NAMES) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    first.join(", ") + &more
}

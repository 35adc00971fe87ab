//! What budgets and regression rules have in common.

use perfkit::report::{GateFinding, GateOutcome};

use crate::input::Scope;

/// Significant digits of values in findings.
pub(super) const DIGITS: usize = 4;

/// A rule that is for nothing that was measured: perhaps its pattern is wrong.
pub(super) fn nothing_matched(scope: &Scope, rule: &str) -> GateFinding {
    let (kind, pattern) = match scope {
        Scope::Operation(pattern) => ("operation", pattern),
        Scope::Benchmark(pattern) => ("benchmark", pattern),
    };
    GateFinding {
        subject: pattern.to_string(),
        rule: rule.to_owned(),
        measured: format!("no {kind} matches"),
        outcome: GateOutcome::Inconclusive,
    }
}

//! What is seen is held against: a baseline, and budgets.

use std::collections::HashMap;

use perfkit::budget::engine::{Subject, used_share};
use perfkit::{OperationSnapshot, Report};

use crate::input::{Budget, Scope};

/// What operations are held against.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reference {
    /// Medians in nanoseconds, by the operation's name.
    medians: HashMap<String, f64>,
    budgets: Vec<Budget>,
}

impl Reference {
    /// Of a saved report, and of the budgets that are for operations.
    pub(crate) fn new(baseline: Option<&Report>, budgets: Vec<Budget>) -> Self {
        let operations = baseline.iter().flat_map(|report| &report.operations);
        let median = |operation: &OperationSnapshot| {
            let median = operation.lifetime.median()?;
            Some((operation.name.clone(), median))
        };
        let is_of_operations = |budget: &Budget| matches!(budget.scope, Scope::Operation(_));
        Self {
            medians: operations.filter_map(median).collect(),
            budgets: budgets.into_iter().filter(is_of_operations).collect(),
        }
    }

    pub(crate) fn has_baseline(&self) -> bool {
        !self.medians.is_empty()
    }

    pub(crate) fn has_budgets(&self) -> bool {
        !self.budgets.is_empty()
    }

    /// The median against that of the baseline: 1 where they are the same.
    pub(super) fn change(&self, name: &str, median: Option<f64>) -> Option<f64> {
        let before = self.medians.get(name).filter(|before| **before > 0.0)?;
        Some(median? / before)
    }

    /// How much is used of the budget of which most is.
    pub(super) fn used(&self, operation: &OperationSnapshot) -> Option<f64> {
        let subject = Subject::Operation(operation);
        let budgets = self.budgets.iter();
        let budgets = budgets.filter(|budget| budget.scope.matches(&operation.name));
        let bounds = budgets.flat_map(|budget| &budget.bounds);
        let asked = bounds.filter(|bound| subject.is_asked_for(bound.metric.as_ref()));
        let used = asked.filter_map(|bound| used_share(&subject, bound));
        used.max_by(f64::total_cmp)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use perfkit::{MockClock, Monitor};

    use super::*;
    use crate::input::ConfigFile;

    fn report(milliseconds: u64, failures: u64) -> Report {
        let clock = MockClock::new();
        let monitor = Monitor::with_clock(clock.clone());
        for call in 0..100 {
            let _ = monitor.try_measure("pay", || {
                clock.advance(Duration::from_millis(milliseconds));
                if call < failures { Err("no") } else { Ok(()) }
            });
        }
        Report::from_snapshot(monitor.snapshot())
    }

    fn used(budget: &str, report: &Report) -> Option<f64> {
        let text = format!("[[budget]]\noperation = \"p*\"\n{budget}\n");
        let rules = ConfigFile::of_text(text).rules().unwrap();
        let used = Reference::new(None, rules.budgets).used(&report.operations[0]);
        used.map(|used| (used * 100.0).round() / 100.0)
    }

    #[test]
    fn of_a_budget_the_bound_counts_of_which_most_is_used() {
        let (good, bad) = (report(80, 0), report(80, 5));
        assert_eq!(used("p95 = \"< 100ms\"", &good), Some(0.8));
        assert_eq!(
            used("p95 = \"< 100ms\"\nmax = \"< 90ms\"", &good),
            Some(0.89)
        );
        assert_eq!(used("success_rate = \">= 90%\"", &good), Some(0.0));
        assert_eq!(used("success_rate = \">= 90%\"", &bad), Some(0.5));
        assert_eq!(used("success_rate = \">= 96%\"", &bad), Some(1.25));
        assert_eq!(used("panics = \"<= 0\"", &bad), Some(0.0));
        assert_eq!(used("peak_memory = \"< 1MB\"", &good), None);
    }

    #[test]
    fn a_change_is_that_of_the_median() {
        let (before, now) = (report(10, 0), report(15, 0));
        let reference = Reference::new(Some(&before), Vec::new());
        let median = now.operations[0].lifetime.median();
        let change = reference.change("pay", median).unwrap();
        assert!((change - 1.5).abs() < 0.02, "{change}");
        assert_eq!(reference.change("other", median), None);
        assert_eq!(reference.change("pay", None), None);
    }
}

//! Calls beyond the limits of a monitor, which are counted together.

use std::cmp::Reverse;
use std::fmt;

use crate::snapshot::OperationSnapshot;
use crate::text::printable;
use crate::unit::Unit;

/// As many operations are named.
const NAMED: usize = 5;

/// Calls are whole numbers, and told with all digits.
const DIGITS: usize = 20;

/// How more names are kept.
pub(super) const KEEP_NAMES: &str =
    "keep more with MonitorBuilder::max_operations or PERFKIT_MAX_OPERATIONS";

/// How more labels are kept.
pub(super) const KEEP_LABELS: &str = "give them fewer values, or keep more with MonitorBuilder::max_label_sets or PERFKIT_MAX_LABEL_SETS";

/// What calls beyond a limit have lost.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lost {
    /// Of which calls what is lost: `2 calls have lost their names`.
    pub what: String,
    /// How more is kept.
    pub remedy: &'static str,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.remedy)
    }
}

/// What calls of these operations have lost, each limit by itself.
pub fn lost<'a>(operations: impl Iterator<Item = &'a OperationSnapshot>) -> Vec<Lost> {
    let is_lost = |o: &&OperationSnapshot| o.is_overflow && o.lifetime.calls.total() > 0;
    let (labels, names): (Vec<_>, Vec<_>) = operations
        .filter(is_lost)
        .partition(|operation| operation.labelled.is_some());
    [lost_names(&names), lost_labels(labels)]
        .into_iter()
        .flatten()
        .collect()
}

fn lost_names(operations: &[&OperationSnapshot]) -> Option<Lost> {
    let what = match all_calls(operations) {
        0 => return None,
        1 => "1 call has lost its name".to_owned(),
        calls => format!("{} calls have lost their names", number(calls)),
    };
    Some(Lost {
        what,
        remedy: KEEP_NAMES,
    })
}

fn lost_labels(mut operations: Vec<&OperationSnapshot>) -> Option<Lost> {
    operations.sort_by_key(|operation| Reverse(operation.lifetime.calls.total()));
    let of = names(&operations);
    let what = match all_calls(&operations) {
        0 => return None,
        1 => format!("1 call of {of} has lost its labels"),
        calls => format!("{} calls of {of} have lost their labels", number(calls)),
    };
    Some(Lost {
        what,
        remedy: KEEP_LABELS,
    })
}

fn names(operations: &[&OperationSnapshot]) -> String {
    let name = |operation: &&OperationSnapshot| {
        let labelled = operation.labelled.as_ref();
        let name = labelled.map_or(&operation.name, |labelled| &labelled.name);
        printable(name)
    };
    let named: Vec<String> = operations.iter().take(NAMED).map(name).collect();
    let named = named.join(", ");
    match operations.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

fn all_calls(operations: &[&OperationSnapshot]) -> u64 {
    let calls = operations.iter().map(|o| o.lifetime.calls.total());
    calls.fold(0, u64::saturating_add)
}

fn number(calls: u64) -> String {
    Unit::Count.format(calls as f64, DIGITS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::Monitor;
    use crate::outcome::Outcome;

    fn told(monitor: &Monitor) -> Vec<String> {
        let operations = monitor.snapshot().operations;
        lost(operations.iter())
            .iter()
            .map(Lost::to_string)
            .collect()
    }

    fn call(monitor: &Monitor, name: &str, value: u32) {
        let operation = monitor.operation(name);
        operation.measure_labelled(|| (), |()| Outcome::Success.label("k", value));
    }

    #[test]
    fn what_is_beyond_a_limit_is_told_with_the_limit_that_keeps_it() {
        let builder = || Monitor::builder().max_operations(2).max_label_sets(1);
        let monitor = builder().build();
        call(&monitor, "a", 0);
        call(&monitor, "b", 0);
        assert!(told(&monitor).is_empty());
        call(&monitor, "a", 1);
        call(&monitor, "c", 0);
        assert_eq!(
            told(&monitor),
            [
                "1 call has lost its name: keep more with MonitorBuilder::max_operations or PERFKIT_MAX_OPERATIONS",
                "1 call of a has lost its labels: give them fewer values, or keep more with MonitorBuilder::max_label_sets or PERFKIT_MAX_LABEL_SETS"
            ]
        );
        for value in 0..2000 {
            call(&monitor, "a", value);
            call(&monitor, "b", value);
            call(&monitor, "d", value);
        }
        let told = told(&monitor);
        assert!(
            told[0].starts_with("2,001 calls have lost their names:"),
            "{told:?}"
        );
        let of_labels = "3,999 calls of a, b have lost their labels:";
        assert!(told[1].starts_with(of_labels), "{told:?}");
    }

    #[test]
    fn a_few_names_are_told_and_they_are_text() {
        let monitor = Monitor::builder().max_label_sets(1).build();
        for name in 0..7 {
            for value in 0..2 {
                call(&monitor, &format!("\u{1b}[31m{name}"), value);
            }
        }
        let told = told(&monitor).concat();
        assert!(
            told.contains(" and 2 more have lost") && !told.contains('\u{1b}'),
            "{told}"
        );
    }
}

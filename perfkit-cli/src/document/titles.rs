//! What a report is of, in a few words.

use std::collections::BTreeSet;

use perfkit::Report;
use perfkit::report::Comparison;

use crate::text::{label, shorten, utc};

/// So many names stand in a title; of more, the first two, and how many more there are.
const MOST_NAMES: usize = 3;

/// The longest name in a title, in columns.
const LONGEST_NAME: usize = 40;

/// What kind of report it is, in a word.
pub(crate) fn kind(report: &Report) -> &'static str {
    if report.gate.is_some() {
        "Gate"
    } else if report.capacity.is_some() {
        "Capacity"
    } else if !report.comparisons.is_empty() {
        "Comparison"
    } else if !report.benchmarks.is_empty() {
        "Benchmarks"
    } else if report.operations.is_empty() && !report.counters.is_empty() {
        "Counters"
    } else {
        "Operations"
    }
}

/// What was compared or measured: `Comparison: old and new`.
pub(crate) fn title(report: &Report) -> String {
    let kind = kind(report);
    let names = names(report);
    if names.is_empty() {
        return kind.to_owned();
    }
    format!("{kind}: {}{}", listed(&names), against(&report.comparisons))
}

/// The same, and when.
pub(crate) fn title_and_time(report: &Report) -> String {
    format!("{}, {}", title(report), utc(report.created))
}

/// The names of what the report is about, each once, in its order.
fn names(report: &Report) -> Vec<String> {
    let mut names: Vec<&str> = Vec::new();
    if let (None, Some(capacity)) = (&report.gate, &report.capacity) {
        return vec![label(&capacity.name)];
    }
    match (&report.gate, report.benchmarks.is_empty()) {
        (Some(gate), _) => names.extend(gate.findings.iter().map(|f| f.subject.as_str())),
        (None, false) => {
            let measured = report.benchmarks.iter().filter(|b| b.control_of.is_none());
            names.extend(measured.map(|b| b.name.as_str()));
        }
        (None, true) if report.comparisons.is_empty() => {
            let mut operations: Vec<_> = report.operations.iter().collect();
            let total = |time: Option<&perfkit::MetricSummary>| time.map_or(0.0, |time| time.sum);
            operations.sort_by(|a, b| {
                let [a, b] = [a, b].map(|operation| total(operation.lifetime.execution_time()));
                b.total_cmp(&a)
            });
            names.extend(operations.iter().map(|o| o.name.as_str()));
            if names.is_empty() {
                names.extend(report.counters.iter().map(|c| c.name.as_str()));
            }
        }
        (None, true) => {
            let compared = report.comparisons.iter();
            names.extend(compared.flat_map(|c| [c.baseline.as_str(), c.candidate.as_str()]));
        }
    }
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(*name));
    names.into_iter().map(label).collect()
}

/// Names in a row, of which many are counted.
pub(crate) fn listed(names: &[String]) -> String {
    let short = |name: &String| shorten(name, LONGEST_NAME);
    match names {
        [] => String::new(),
        [only] => short(only),
        several if several.len() <= MOST_NAMES => {
            let mut short: Vec<String> = several.iter().map(short).collect();
            let last = short.pop().unwrap_or_default();
            format!("{} and {last}", short.join(", "))
        }
        [first, second, others @ ..] => {
            let (first, second) = (short(first), short(second));
            format!("{first}, {second} and {} more", others.len())
        }
    }
}

/// What two states of the same are compared with.
fn against(comparisons: &[Comparison]) -> String {
    let Some(first) = comparisons.first() else {
        return String::new();
    };
    let is_of_states = comparisons.iter().all(|comparison| {
        comparison.is_of_one_name() && comparison.baseline_revision == first.baseline_revision
    });
    match &first.baseline_revision {
        _ if !is_of_states => String::new(),
        Some(revision) => format!(" against {}", shorten(&label(revision), LONGEST_NAME)),
        None => " against the baseline".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use perfkit::Metric;
    use perfkit::report::{Benchmark, Environment};

    use super::*;

    #[test]
    fn a_title_says_what_was_compared() {
        let mut report = Report::new(Environment::detect("mock"));
        assert_eq!(title(&report), "Operations");
        let mut titled = |names: &[&str]| {
            report.benchmarks = names.iter().map(|name| Benchmark::new(*name)).collect();
            title(&report)
        };
        assert_eq!(titled(&["a"]), "Benchmarks: a");
        assert_eq!(titled(&["a", "b", "c"]), "Benchmarks: a, b and c");
        assert_eq!(titled(&["a", "b", "c", "d"]), "Benchmarks: a, b and 2 more");
        let long = titled(&[&"x".repeat(999), "b"]);
        assert!(long.len() < 80, "{long}");
        report.comparisons = vec![Comparison::new("b", "b", Metric::WALL_TIME)];
        report.benchmarks = vec![Benchmark::new("b"), Benchmark::new("b")];
        assert_eq!(title(&report), "Comparison: b against the baseline");
        report.comparisons[0].baseline_revision = Some("main".to_owned());
        assert_eq!(title(&report), "Comparison: b against main");
    }
}

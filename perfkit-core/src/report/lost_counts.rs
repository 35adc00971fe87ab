//! What was counted beyond the limits of a monitor, and values that gauges refused.

use crate::snapshot::{CounterSnapshot, GaugeSnapshot};
use crate::text::printable;
use crate::unit::Unit;

use super::lost::{KEEP_LABELS, KEEP_NAMES};
use super::{Note, NoteCode};

/// Digits enough for any whole number.
const DIGITS: usize = 20;

/// What counters and gauges have lost.
pub(super) fn notes(counters: &[CounterSnapshot], gauges: &[GaugeSnapshot]) -> Vec<Note> {
    let lost = |message| Note::warning(NoteCode::CardinalityLimit, message);
    let of_counters = counters
        .iter()
        .filter(|c| c.is_overflow && c.lifetime.total > 0);
    let of_counters = of_counters.map(|counter| {
        let total = counter.unit.format(counter.lifetime.total as f64, DIGITS);
        lost(match &counter.labelled {
            Some(labelled) => format!(
                "{total} of the counter {} has lost its labels: {KEEP_LABELS}",
                printable(&labelled.name)
            ),
            None => format!("{total} of further counters has lost its names: {KEEP_NAMES}"),
        })
    });
    let of_gauges = gauges.iter().filter(|gauge| gauge.is_overflow);
    let of_gauges = of_gauges.map(|gauge| {
        let updates = times(gauge.updates);
        lost(match &gauge.labelled {
            Some(labelled) => format!(
                "the gauge {} with further labels was set or changed {updates}, and its values are lost: {KEEP_LABELS}",
                printable(&labelled.name)
            ),
            None => format!(
                "further gauges were set or changed {updates}, and their values are lost: {KEEP_NAMES}"
            ),
        })
    });
    let refused = gauges.iter().filter(|gauge| gauge.rejected_updates > 0);
    let refused = refused.map(|gauge| {
        let message = format!(
            "the gauge {} was given what is no finite number {}, and kept its value",
            printable(&gauge.name),
            times(gauge.rejected_updates)
        );
        Note::warning(NoteCode::UnusableValues, message)
    });
    of_counters.chain(of_gauges).chain(refused).collect()
}

fn times(count: u64) -> String {
    match count {
        1 => "once".to_owned(),
        _ => format!("{} times", Unit::Count.format(count as f64, DIGITS)),
    }
}

#[cfg(all(test, feature = "record"))]
mod tests {
    use crate::{Monitor, Report};

    #[test]
    fn what_is_beyond_a_limit_is_counted_and_told_with_the_limit_that_keeps_it() {
        let monitor = Monitor::builder().max_operations(1).max_label_sets(1);
        let monitor = monitor.build();
        for label in ["a", "b", "c"] {
            monitor.counter_labelled("hits", &[("k", label)]).add(2);
            monitor.gauge_labelled("size", &[("k", label)]).set(2.0);
        }
        for name in ["further", "more"] {
            monitor.counter(name).add(500);
            monitor.gauge(name).set(1.0);
        }
        monitor.gauge_labelled("size", &[("k", "a")]).set(f64::NAN);
        let mut report = Report::from_snapshot(monitor.snapshot());
        let expected = [
            "4 of the counter hits has lost its labels: give them fewer values, or keep more with MonitorBuilder::max_label_sets or PERFKIT_MAX_LABEL_SETS",
            "1,000 of further counters has lost its names: keep more with MonitorBuilder::max_operations or PERFKIT_MAX_OPERATIONS",
            "further gauges were set or changed 2 times, and their values are lost: keep more with MonitorBuilder::max_operations or PERFKIT_MAX_OPERATIONS",
            "the gauge size with further labels was set or changed 2 times, and its values are lost: give them fewer values, or keep more with MonitorBuilder::max_label_sets or PERFKIT_MAX_LABEL_SETS",
            "the gauge size{k=\"a\"} was given what is no finite number once, and kept its value",
        ]
        .map(str::to_owned);
        let told = |report: &Report| {
            let mut told: Vec<_> = report.notes.iter().map(|n| n.message.clone()).collect();
            told.retain(|message| expected.contains(message));
            told.sort();
            told
        };
        let mut sorted = expected.to_vec();
        sorted.sort();
        assert_eq!(told(&report), sorted, "{:#?}", report.notes);
        // The values of what is beyond a limit are nobody's.
        let gauge = report
            .gauges
            .iter()
            .find(|gauge| gauge.is_overflow)
            .unwrap();
        assert_eq!((gauge.value, gauge.lifetime.max), (None, None));
        let other = report.clone();
        report.merge_recorded(other);
        let notes = &report.notes;
        let lost = "2,000 of further counters has lost its names";
        assert!(
            notes.iter().any(|n| n.message.starts_with(lost)),
            "{notes:#?}"
        );
        assert!(told(&report).is_empty(), "{notes:#?}");
    }
}

//! What recording did to the program that was recorded.

use std::time::Duration;

use perfkit::Report;
use perfkit::report::{Lost, lost};
use serde::Serialize;

/// What a program recorded, and what that cost it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Recording {
    pub(crate) seconds: f64,
    pub(crate) calls: u64,
    /// What a measured call cost on that clock, where it was probed.
    pub(crate) call_ns: Option<f64>,
    /// The cost of all calls together, as a share of one CPU's time while the program ran:
    /// calls on several threads may take more than there is of that.
    pub(crate) cost_share: Option<f64>,
    /// The calls beyond a limit, of names or of labels of one name, which share an operation.
    pub(crate) calls_beyond_the_limit: u64,
    /// What they have lost, and what keeps it.
    pub(crate) lost: Vec<String>,
    /// What was recorded, the most calls first.
    pub(crate) operations: Vec<RecordedOperation>,
}

/// One operation of a program.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct RecordedOperation {
    pub(crate) name: String,
    pub(crate) calls: u64,
    /// What recording them cost.
    pub(crate) cost_ns: Option<f64>,
    /// What recording a call costs, as a share of the median call.
    pub(crate) share_of_call: Option<f64>,
}

impl Recording {
    /// Of a program that ran for so long.
    pub(crate) fn of(report: &Report, elapsed: Duration) -> Self {
        let call_ns = report.environment.clock.probe.map(|probe| probe.call_ns);
        let operation = |snapshot: &perfkit::OperationSnapshot| {
            let calls = snapshot.lifetime.calls.total();
            let median = snapshot.lifetime.median().filter(|median| *median > 0.0);
            RecordedOperation {
                name: snapshot.name.clone(),
                calls,
                cost_ns: call_ns.map(|ns| ns * calls as f64),
                share_of_call: call_ns.zip(median).map(|(cost, median)| cost / median),
            }
        };
        let mut operations: Vec<_> = report.operations.iter().map(operation).collect();
        operations.sort_by(|a, b| b.calls.cmp(&a.calls).then_with(|| a.name.cmp(&b.name)));
        let sum = |sum: u64, calls: u64| sum.saturating_add(calls);
        let calls = operations.iter().map(|of| of.calls).fold(0, sum);
        let beyond = report.operations.iter().filter(|of| of.is_overflow);
        let seconds = elapsed.as_secs_f64();
        let share = call_ns.map(|ns| ns * calls as f64 / 1e9 / seconds);
        Self {
            seconds,
            calls,
            call_ns,
            cost_share: share.filter(|share| share.is_finite()),
            calls_beyond_the_limit: beyond.map(|of| of.lifetime.calls.total()).fold(0, sum),
            lost: lost(report.operations.iter())
                .iter()
                .map(Lost::to_string)
                .collect(),
            operations,
        }
    }
}

#[cfg(test)]
mod tests {
    use perfkit::{MockClock, Monitor, ProbeOverhead};

    use super::*;

    fn report(max_operations: usize) -> Report {
        let clock = MockClock::new();
        let monitor = Monitor::builder()
            .clock(clock.clone())
            .max_operations(max_operations)
            .build();
        for (name, calls) in [("parse", 10), ("load", 90), ("store", 100)] {
            for _ in 0..calls {
                monitor.measure(name, || clock.advance(Duration::from_nanos(400)));
            }
        }
        let mut report = Report::from_snapshot(monitor.snapshot());
        let probe: ProbeOverhead =
            serde_json::from_str(r#"{"call_ns": 20.0, "inside_ns": 10.0}"#).unwrap();
        report.environment.clock.probe = Some(probe);
        report
    }

    #[test]
    fn the_cost_is_that_of_a_call_times_the_calls() {
        let recording = Recording::of(&report(10), Duration::from_micros(100));
        assert_eq!(recording.calls, 200);
        assert_eq!(recording.call_ns, Some(20.0));
        assert!((recording.cost_share.unwrap() - 0.04).abs() < 1e-12);
        assert_eq!(recording.calls_beyond_the_limit, 0);
        let [store, load, parse] = &recording.operations[..] else {
            panic!("{recording:?}");
        };
        assert_eq!(
            (&*store.name, &*load.name, parse.calls),
            ("store", "load", 10)
        );
        assert_eq!(parse.cost_ns, Some(200.0));
        assert!((parse.share_of_call.unwrap() - 0.05).abs() < 1e-3);
    }

    /// Eight threads have eight times as many calls as one in the same time.
    #[test]
    fn the_cost_of_many_threads_may_be_more_than_one_cpu_has() {
        let recording = Recording::of(&report(10), Duration::from_micros(2));
        assert!((recording.cost_share.unwrap() - 2.0).abs() < 1e-12);
    }

    #[test]
    fn calls_of_names_beyond_the_limit_are_told_apart() {
        let recording = Recording::of(&report(2), Duration::from_secs(1));
        assert_eq!(
            (recording.calls, recording.calls_beyond_the_limit),
            (200, 100)
        );
    }

    #[test]
    fn without_a_probe_or_time_there_is_no_share() {
        let mut report = report(10);
        assert_eq!(Recording::of(&report, Duration::ZERO).cost_share, None);
        report.environment.clock.probe = None;
        let recording = Recording::of(&report, Duration::from_secs(1));
        assert_eq!(
            (recording.cost_share, recording.operations[0].cost_ns),
            (None, None)
        );
    }
}

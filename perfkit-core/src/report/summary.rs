//! A report in five numbers.

use crate::recorder::Calls;
use crate::snapshot::OperationSnapshot;

use super::Report;

/// All operations of a report, summed up.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// How many operations were called.
    pub operations: usize,
    /// How their calls ended, all together.
    pub ended: Calls,
    /// The mean execution time of all successful calls, in nanoseconds.
    pub average_ns: Option<f64>,
    /// The operation with the longest mean execution time.
    pub slowest: Option<OperationTime>,
    /// The operation with the shortest mean execution time.
    pub fastest: Option<OperationTime>,
}

/// An operation and its mean execution time.
#[derive(Clone, Debug, PartialEq)]
pub struct OperationTime {
    /// The operation's name.
    pub name: String,
    /// Its mean execution time, in nanoseconds.
    pub average_ns: f64,
}

impl Report {
    /// Total calls, average response time, overall success rate, slowest and
    /// fastest operation. Values that the program handed over are no calls.
    ///
    /// ```
    /// use std::time::Duration;
    /// use perfkit::{MockClock, Monitor, Report};
    ///
    /// let clock = MockClock::new();
    /// let monitor = Monitor::with_clock(clock.clone());
    /// monitor.measure("quick", || clock.advance(Duration::from_millis(1)));
    /// monitor.measure("slow", || clock.advance(Duration::from_millis(9)));
    /// let summary = Report::from_snapshot(monitor.snapshot()).summary();
    /// assert_eq!((summary.operations, summary.ended.total()), (2, 2));
    /// assert_eq!(summary.average_ns, Some(5e6));
    /// assert_eq!(summary.ended.success_rate(), Some(1.0));
    /// assert_eq!(summary.slowest.unwrap().name, "slow");
    /// assert_eq!(summary.fastest.unwrap().name, "quick");
    /// ```
    #[must_use]
    pub fn summary(&self) -> Summary {
        let mut ended = Calls::NONE;
        let (mut timed, mut total_ns, mut operations) = (0_u64, 0.0, 0);
        for operation in self.operations.iter().filter(|found| !found.is_of_values) {
            operations += 1;
            ended.merge(operation.lifetime.calls);
            if let Some(time) = operation.lifetime.execution_time() {
                timed = timed.saturating_add(time.count);
                total_ns += time.sum;
            }
        }
        let times = || self.operations.iter().filter_map(mean_time);
        let by_time = |a: &OperationTime, b: &OperationTime| a.average_ns.total_cmp(&b.average_ns);
        Summary {
            operations,
            ended,
            average_ns: (timed > 0).then(|| total_ns / timed as f64),
            slowest: times().max_by(by_time),
            fastest: times().min_by(by_time),
        }
    }
}

fn mean_time(operation: &OperationSnapshot) -> Option<OperationTime> {
    Some(OperationTime {
        name: operation.name.clone(),
        average_ns: operation.lifetime.average()?,
    })
}

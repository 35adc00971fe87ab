//! What operations under load came to: counts, and four distributions.

use crate::histogram::{Histogram, bucket};
use crate::load_run::LoadRun;
use crate::metric::Metric;
use crate::metric_summary::MetricSummary;
use crate::outcome::{Ending, Failure, Outcome};
use crate::recorder::{Calls, ErrorSnapshot, merge_errors};
use crate::small_map::SmallMap;
use crate::snapshot::{OperationSnapshot, WindowSnapshot};
use crate::unit::Unit;
use crate::window::Window;

/// When something was due, began and ended, in nanoseconds since the start of the run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub(super) due: u64,
    /// `None` where it never began.
    pub(super) began: Option<u64>,
    pub(super) ended: u64,
}

/// Operations that ended. It takes 170 KiB, however many these are.
#[derive(Debug, Default)]
pub(super) struct Account {
    calls: Calls,
    succeeded: Buckets,
    failed: Buckets,
    service: Buckets,
    lag: Buckets,
    errors: Vec<ErrorSnapshot>,
}

impl Account {
    pub(super) fn record(&mut self, times: Times, outcome: &Outcome) {
        let ending = outcome.ending();
        self.calls.add(ending, 1);
        let response = times.ended.saturating_sub(times.due);
        match ending {
            Ending::Success => self.succeeded.record(response),
            _ => self.failed.record(response),
        }
        if let Some(began) = times.began {
            self.service.record(times.ended.saturating_sub(began));
            self.lag.record(began.saturating_sub(times.due));
        }
        if let Outcome::Failure(failure) = outcome {
            self.count_failures(failure, 1);
        }
    }

    /// Failures that took no time, as nothing was started.
    pub(super) fn record_unstarted(&mut self, failure: &Failure, count: u64) {
        self.calls.add(Ending::Failure, count);
        self.count_failures(failure, count);
    }

    /// What never ended, and so has no time.
    pub(super) fn record_lost(&mut self, count: u64) {
        self.calls.add(Ending::Cancelled, count);
    }

    fn count_failures(&mut self, failure: &Failure, count: u64) {
        if count == 0 {
            return;
        }
        let known = self
            .errors
            .iter_mut()
            .find(|known| known.kind == failure.kind());
        match known {
            Some(known) if !known.is_overflow => {
                known.count = known.count.saturating_add(count);
                failure.text().clone_into(&mut known.last_text);
            }
            _ => {
                let error = ErrorSnapshot::with_text(failure.kind(), count, failure.text());
                merge_errors(&mut self.errors, vec![error]);
            }
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.calls.merge(other.calls);
        self.succeeded.merge(&other.succeeded);
        self.failed.merge(&other.failed);
        self.service.merge(&other.service);
        self.lag.merge(&other.lag);
        merge_errors(&mut self.errors, other.errors.clone());
    }

    /// How many ended.
    pub(super) fn ended(&self) -> u64 {
        self.calls.total()
    }

    /// The operation that these are, which was under load for so long.
    pub(super) fn operation(&self, name: &str, run: LoadRun, span_ns: u64) -> OperationSnapshot {
        let series = [
            (Metric::EXECUTION_TIME, &self.succeeded),
            (Metric::FAILURE_TIME, &self.failed),
            (Metric::SERVICE_TIME, &self.service),
            (Metric::SCHEDULE_LAG, &self.lag),
        ];
        let metrics: SmallMap<Metric, MetricSummary> = series
            .into_iter()
            .filter(|(_, buckets)| buckets.count() > 0)
            .map(|(metric, buckets)| {
                let histogram = buckets.histogram();
                (
                    metric,
                    MetricSummary::from_histogram(Unit::Nanoseconds, histogram),
                )
            })
            .collect();
        let lifetime = WindowSnapshot::new(Window::Lifetime, span_ns, self.calls, metrics);
        OperationSnapshot::of_load(name.to_owned(), run, lifetime, self.errors.clone())
    }
}

/// A distribution that is written often: a place for each bucket, found without looking.
#[derive(Debug, Default)]
struct Buckets {
    /// Empty until there is a value.
    counts: Vec<u64>,
    sum: u128,
    min: u64,
    max: u64,
}

impl Buckets {
    fn record(&mut self, value: u64) {
        self.make_room();
        if let Some(count) = self.counts.get_mut(usize::from(bucket::index(value))) {
            *count += 1;
        }
        self.sum += u128::from(value);
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }

    fn make_room(&mut self) {
        if self.counts.is_empty() {
            self.counts = vec![0; bucket::COUNT];
            self.min = u64::MAX;
        }
    }

    fn merge(&mut self, other: &Self) {
        if other.counts.is_empty() {
            return;
        }
        self.make_room();
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    fn histogram(&self) -> Histogram {
        let mut histogram = Histogram::new();
        for (index, count) in self.counts.iter().enumerate() {
            if let (true, Ok(index)) = (*count > 0, u16::try_from(index)) {
                histogram.add_to_bucket(index, *count);
            }
        }
        histogram.set_exact(self.sum, self.min, self.max);
        histogram
    }
}

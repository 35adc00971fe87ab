//! One operation at one instant.

use serde::{Deserialize, Serialize};

use crate::load_run::{LoadRun, UnfitGenerator};
use crate::metric::Metric;
use crate::monitor::{Entry, Labelled, Monitor};
use crate::number;
use crate::recorder::{ErrorSnapshot, Exemplar, merge_errors};
use crate::side::{Side, label};
use crate::window::Window;

use super::window::WindowSnapshot;

/// One operation at one instant: everything since the start, the last calls and
/// the last period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OperationSnapshot {
    /// The operation's name, with its labels if it has any: `get{status="200"}`.
    pub name: String,
    /// Which side of a comparison it is of, where both have this name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<Side>,
    /// Name and labels apart, where the operation has labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labelled: Option<Labelled>,
    /// Whether these are the calls of all names beyond the monitor's limit
    /// ([`crate::MonitorBuilder::max_operations`]) or, where it is labelled, those of one
    /// name with all labels beyond theirs ([`crate::MonitorBuilder::max_label_sets`]).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_overflow: bool,
    /// Whether it is of values that the program handed over, not of calls that were timed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_of_values: bool,
    /// The run of a load generator that called it; its times are then response times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<Box<LoadRun>>,
    /// All calls since the monitor's start or last reset.
    #[serde(flatten)]
    pub lifetime: WindowSnapshot,
    /// Successful calls that ran within another call of the same operation on
    /// the same thread or task. They are in `calls` and in self time; their
    /// execution time is part of the outermost call's.
    #[serde(default)]
    pub recursive_calls: u64,
    /// Successful calls that were counted and not timed, because the operation
    /// times one call of so many (`#[measure(sample = N)]`). They are in `calls`
    /// and in no metric.
    #[serde(default, skip_serializing_if = "number::is_default")]
    pub untimed_calls: u64,
    /// Calls that had begun and not ended at that instant, those that waited included. One
    /// whose result tells labels is with the name that has none of them until then.
    #[serde(default, skip_serializing_if = "number::is_default")]
    pub calls_in_flight: u64,
    /// The failures by kind, at most 16 kinds and `other`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ErrorSnapshot>,
    /// Single calls with the trace that they were part of, at most 128; see
    /// [`crate::Monitor::collect_exemplars`]. They are in no saved report.
    #[serde(skip)]
    pub exemplars: Vec<Exemplar>,
    /// The last 1000 calls, exactly; see [`crate::MonitorBuilder::last_calls`].
    #[serde(default)]
    pub last_calls: WindowSnapshot,
    /// The last 60 seconds; see [`crate::MonitorBuilder::last_period`].
    #[serde(default)]
    pub last_period: WindowSnapshot,
}

impl OperationSnapshot {
    /// Without its last calls, unless these are wanted: to order them takes longest.
    pub(super) fn of_entry(
        monitor: &Monitor,
        entry: &Entry,
        now: u64,
        has_last_calls: bool,
    ) -> Self {
        let wanted_calls = if has_last_calls {
            monitor.limits().last_calls
        } else {
            0
        };
        let recorded = entry.recorder.read(now, wanted_calls);
        let (scale, started) = (recorded.scale, monitor.started());
        let since = |moment: u64| scale.ns(now.saturating_sub(moment));
        let limits = monitor.limits();
        let last_calls = recorded.last_calls.iter();
        Self {
            name: entry.name.to_string(),
            side: None,
            labelled: entry.labelled.as_deref().cloned(),
            is_overflow: entry.is_overflow(),
            is_of_values: false,
            load: None,
            recursive_calls: recorded.lifetime.nested,
            untimed_calls: recorded.lifetime.untimed,
            calls_in_flight: recorded.calls_in_flight,
            lifetime: WindowSnapshot::of_tally(
                Window::Lifetime,
                since(started),
                &recorded.lifetime,
            ),
            errors: recorded.errors,
            exemplars: recorded.exemplars,
            last_calls: match has_last_calls {
                true => WindowSnapshot::of_samples(
                    Window::LastCalls(limits.last_calls as u64),
                    scale.ns(now),
                    last_calls.map(|call| call.sample().in_ns(scale)),
                ),
                false => WindowSnapshot::default(),
            },
            last_period: WindowSnapshot::of_tally(
                monitor.last_period(),
                since(recorded.last_period_start.max(started)),
                &recorded.last_period,
            ),
        }
    }
}

impl OperationSnapshot {
    /// Of the calls that values of a monitor are recorded as.
    pub(super) fn of_values(values: &Monitor, entry: &Entry, now: u64) -> Self {
        let mut found = Self::of_entry(values, entry, now, true);
        let kind = entry.kind.get();
        // Times that were handed over are as good as those of calls.
        found.is_of_values = kind.is_none_or(|kind| kind.metric != Metric::EXECUTION_TIME);
        for window in [
            &mut found.lifetime,
            &mut found.last_calls,
            &mut found.last_period,
        ] {
            *window = std::mem::take(window).of_values(kind);
        }
        found
    }

    /// What load was put on, in so long and with these results.
    #[cfg(feature = "load")]
    pub(crate) fn of_load(
        name: String,
        load: LoadRun,
        lifetime: WindowSnapshot,
        errors: Vec<ErrorSnapshot>,
    ) -> Self {
        Self {
            name,
            side: None,
            labelled: None,
            is_overflow: false,
            is_of_values: false,
            load: Some(Box::new(load)),
            lifetime,
            recursive_calls: 0,
            untimed_calls: 0,
            calls_in_flight: 0,
            errors,
            exemplars: Vec::new(),
            last_calls: WindowSnapshot::default(),
            last_period: WindowSnapshot::default(),
        }
    }

    /// Why its response times say little of what was under load: the generator was late itself.
    /// `None` where it kept up, where that is not known, and of what was under no load.
    #[must_use]
    pub fn unfit_generator(&self) -> Option<UnfitGenerator> {
        self.load.as_ref()?;
        let calls = &self.lifetime;
        UnfitGenerator::of(calls.summary(&Metric::SCHEDULE_LAG), calls.call_time())
    }

    /// Whether anything is known of it: of one whose first calls are in flight nothing is.
    #[must_use]
    pub fn is_any_ended(&self) -> bool {
        self.lifetime.count() > 0 || !self.lifetime.metrics.is_empty()
    }

    /// What tells it from all others of its report, for people: its name, and of the
    /// baseline its side where both sides of a comparison have it.
    #[must_use]
    pub fn label(&self) -> String {
        label(&self.name, None, self.side)
    }

    /// Adds the calls of the same operation in another process. Percentiles of
    /// the lifetime and the last period come from the merged histograms; the
    /// last calls of several processes have totals only.
    pub fn merge(&mut self, other: &Self) {
        self.is_overflow |= other.is_overflow;
        self.is_of_values &= other.is_of_values;
        self.lifetime.merge(&other.lifetime);
        self.last_calls.merge(&other.last_calls);
        self.last_period.merge(&other.last_period);
        self.recursive_calls = self.recursive_calls.saturating_add(other.recursive_calls);
        self.untimed_calls = self.untimed_calls.saturating_add(other.untimed_calls);
        self.calls_in_flight = self.calls_in_flight.saturating_add(other.calls_in_flight);
        merge_errors(&mut self.errors, other.errors.clone());
        self.exemplars.extend(&other.exemplars);
        match (&mut self.load, &other.load) {
            (Some(load), Some(other)) => load.merge(other),
            // Calls of which some were under no load are those of no load.
            (load, _) => *load = None,
        }
    }
}

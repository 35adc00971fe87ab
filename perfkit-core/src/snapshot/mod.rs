//! The state of a monitor at one instant.

mod counter;
mod gauge;
mod load;
mod operation;
mod ratio;
mod window;

pub use crate::recorder::{ErrorSnapshot, Exemplar};
pub use counter::{CounterSnapshot, CounterWindow};
pub use gauge::{GaugeSnapshot, GaugeWindow};
pub use operation::OperationSnapshot;
pub use ratio::{RatioSnapshot, RatioWindow};
pub use window::WindowSnapshot;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::monitor::{Entry, Monitor};
use crate::window::Window;

/// All operations of a monitor at one instant; it never changes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Snapshot {
    /// When it was taken.
    pub taken_at: SystemTime,
    /// How long the monitor had been recording, since its start or last reset.
    pub uptime: Duration,
    /// The name of the clock that was used; see [`crate::Clock::name`].
    pub clock: &'static str,
    /// The operations that were called, by name.
    pub operations: Vec<OperationSnapshot>,
    /// The counters, by name, those that are 0 too.
    pub counters: Vec<CounterSnapshot>,
    /// The gauges that were set, by name.
    pub gauges: Vec<GaugeSnapshot>,
    /// The ratios of counters, by name.
    pub ratios: Vec<RatioSnapshot>,
}

impl Snapshot {
    /// The operation of the given name; `None` if it was never called.
    #[must_use]
    pub fn operation(&self, name: &str) -> Option<&OperationSnapshot> {
        self.operations.iter().find(|found| found.name == name)
    }

    /// The counter of the given name; `None` if there is none.
    #[must_use]
    pub fn counter(&self, name: &str) -> Option<&CounterSnapshot> {
        self.counters.iter().find(|found| found.name == name)
    }

    /// The gauge of the given name; `None` if it was never set.
    #[must_use]
    pub fn gauge(&self, name: &str) -> Option<&GaugeSnapshot> {
        self.gauges.iter().find(|found| found.name == name)
    }

    /// The ratio of the given name; `None` if there is none.
    #[must_use]
    pub fn ratio(&self, name: &str) -> Option<&RatioSnapshot> {
        self.ratios.iter().find(|found| found.name == name)
    }
}

impl Monitor {
    /// The state of all operations that were called.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.snapshot_with_last_calls_of(|_| true)
    }

    /// The same, with the last calls of some operations alone.
    pub(crate) fn snapshot_with_last_calls_of(&self, is_wanted: impl Fn(&str) -> bool) -> Snapshot {
        let now = self.clock().ticks();
        let entries = self.entries();
        let of_entry = |entry: &Arc<Entry>| {
            let operation = OperationSnapshot::of_entry(self, entry, now, is_wanted(&entry.name));
            let is_known = operation.lifetime.count() > 0 || entry.recorder.was_in_flight();
            is_known.then_some(operation)
        };
        let mut operations: Vec<_> = entries.iter().filter_map(of_entry).collect();
        let values = self.values_beside(|name| {
            let place = operations.binary_search_by(|known| (*known.name).cmp(name));
            place.is_ok()
        });
        if !values.is_empty() {
            operations.extend(values);
            operations.sort_by(|a, b| a.name.cmp(&b.name));
        }
        let counters = self.counters();
        let counters: Vec<_> = counters
            .iter()
            .map(|counter| CounterSnapshot::new(self, counter, now))
            .collect();
        let ratios = self.ratios();
        let ratios = ratios.iter().filter_map(|(name, parts)| {
            RatioSnapshot::new(name, &parts.numerator, &parts.denominator, &counters)
        });
        let ratios = ratios.collect();
        let gauges = self.gauges();
        let gauges = gauges
            .iter()
            .filter_map(|gauge| GaugeSnapshot::new(self, gauge, now));
        Snapshot {
            taken_at: SystemTime::now(),
            uptime: Duration::from_nanos(
                self.clock().scale().ns(now.saturating_sub(self.started())),
            ),
            clock: self.clock().name(),
            operations,
            gauges: gauges.collect(),
            counters,
            ratios,
        }
    }

    /// The window of the last period.
    fn last_period(&self) -> Window {
        let period_ns = self.limits().last_period.as_nanos();
        Window::LastPeriod(u64::try_from(period_ns).unwrap_or(u64::MAX))
    }

    /// What there is of values that were handed over, each under a name that no operation has.
    pub(crate) fn values_beside(&self, is_taken: impl Fn(&str) -> bool) -> Vec<OperationSnapshot> {
        let Some(values) = self.known_values() else {
            return Vec::new();
        };
        let now = values.clock().ticks();
        let entries = values.entries();
        let found = entries
            .iter()
            .map(|entry| OperationSnapshot::of_values(values, entry, now));
        let called = found.filter(|found| found.lifetime.count() > 0);
        let apart = called.map(|mut found| {
            if is_taken(&found.name) {
                set_apart(&mut found);
            }
            found
        });
        apart.collect()
    }

    /// One operation whole, by its name.
    pub(crate) fn snapshot_of(&self, name: &str) -> Option<OperationSnapshot> {
        let now = self.clock().ticks();
        let entries = self.entries();
        let entry = entries.iter().find(|entry| *entry.name == *name)?;
        Some(OperationSnapshot::of_entry(self, entry, now, true))
    }
}

/// Gives values a name that they have for themselves, before their labels if they have any.
fn set_apart(values: &mut OperationSnapshot) {
    const APART: &str = " (values)";
    let OperationSnapshot { name, labelled, .. } = values;
    let bare = labelled.as_mut().map(|labelled| &mut labelled.name);
    let end = bare.as_ref().map_or(name.len(), |bare| bare.len());
    if let Some(bare) = bare {
        bare.push_str(APART);
    }
    // A long name is cut, maybe before its labels.
    let end = if name.is_char_boundary(end) {
        end
    } else {
        name.len()
    };
    name.insert_str(end, APART);
}

#[cfg(all(test, feature = "record", not(perfkit_loom)))]
mod tests;

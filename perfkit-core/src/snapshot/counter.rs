//! One counter at one instant.

use serde::{Deserialize, Serialize};

use crate::monitor::{Instrument, Labelled, Monitor};
use crate::number;
use crate::recorder::CounterCell;
use crate::unit::{NS_PER_SECOND, Unit};
use crate::window::Window;

/// One counter at one instant: what was counted since the start, and in the last period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CounterSnapshot {
    /// The counter's name, with its labels if it has any: `hits{layer="memory"}`.
    pub name: String,
    /// Name and labels apart, where the counter has labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labelled: Option<Labelled>,
    /// Whether this was added to counters of all names beyond the monitor's limit
    /// ([`crate::MonitorBuilder::max_operations`]) or, where it is labelled, to those of one
    /// name with all labels beyond theirs ([`crate::MonitorBuilder::max_label_sets`]).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_overflow: bool,
    /// What is counted.
    pub unit: Unit,
    /// All that was counted since the monitor's start or last reset.
    #[serde(flatten)]
    pub lifetime: CounterWindow,
    /// What was counted in the last 60 seconds; see [`crate::MonitorBuilder::last_period`].
    pub last_period: CounterWindow,
}

/// What was counted within one window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CounterWindow {
    /// Which one.
    pub window: Window,
    /// How long the window is, in nanoseconds: from its start to the snapshot.
    pub span_ns: u64,
    /// What was counted, in the counter's unit.
    pub total: u64,
    /// The same in a second; `None` for a window without length.
    #[serde(default, serialize_with = "number::serialize_option")]
    pub per_second: Option<f64>,
}

impl CounterSnapshot {
    pub(super) fn new(monitor: &Monitor, entry: &Instrument<CounterCell>, now: u64) -> Self {
        let read = entry.cell.read(now, monitor.common());
        let scale = monitor.clock().scale();
        let since = |moment: u64| scale.ns(now.saturating_sub(moment));
        let started = monitor.started();
        Self {
            name: entry.name.to_string(),
            labelled: entry.labelled.as_deref().cloned(),
            is_overflow: entry.is_overflow(),
            unit: entry.unit(),
            lifetime: CounterWindow::new(Window::Lifetime, since(started), read.total),
            last_period: CounterWindow::new(
                monitor.last_period(),
                since(read.last_period_start.max(started)),
                read.last_period,
            ),
        }
    }

    /// Whether what it says of a second is of its totals.
    pub(crate) fn is_what_was_counted(&self) -> bool {
        [&self.lifetime, &self.last_period].iter().all(|window| {
            let counted = CounterWindow::new(window.window, window.span_ns, window.total);
            number::is_stated(window.per_second, counted.per_second)
        })
    }

    /// Adds what the same counter has in another process.
    pub fn merge(&mut self, other: &Self) {
        self.is_overflow |= other.is_overflow;
        self.lifetime.merge(&other.lifetime);
        self.last_period.merge(&other.last_period);
    }
}

impl CounterWindow {
    fn new(window: Window, span_ns: u64, total: u64) -> Self {
        Self {
            window,
            span_ns,
            total,
            per_second: (span_ns > 0).then(|| total as f64 * NS_PER_SECOND / span_ns as f64),
        }
    }

    fn merge(&mut self, other: &Self) {
        let total = self.total.saturating_add(other.total);
        *self = Self::new(self.window, self.span_ns.max(other.span_ns), total);
    }
}

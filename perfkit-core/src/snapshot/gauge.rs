//! One gauge at one instant.

use serde::{Deserialize, Serialize};

use crate::monitor::{Instrument, Labelled, Monitor};
use crate::number;
use crate::recorder::{GaugeCell, Held};
use crate::unit::Unit;
use crate::window::Window;

/// One gauge at one instant: its value, and what it was since the start and in the last
/// period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GaugeSnapshot {
    /// The gauge's name, with its labels if it has any: `queue_length{queue="mail"}`.
    pub name: String,
    /// Name and labels apart, where the gauge has labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labelled: Option<Labelled>,
    /// Whether these are the updates of gauges of all names beyond the monitor's limit
    /// ([`crate::MonitorBuilder::max_operations`]) or, where it is labelled, of those of one
    /// name with all labels beyond theirs ([`crate::MonitorBuilder::max_label_sets`]). No
    /// values are kept of them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_overflow: bool,
    /// What the values are in.
    pub unit: Unit,
    /// The value. Of several processes it is that of the one whose report was merged last.
    #[serde(default, serialize_with = "number::serialize_option")]
    pub value: Option<f64>,
    /// How often it was set or changed.
    pub updates: u64,
    /// How often it was not, as it would have been no finite number.
    #[serde(default, skip_serializing_if = "number::is_default")]
    pub rejected_updates: u64,
    /// How many processes had this gauge.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub processes: u64,
    /// Since the monitor's start or last reset.
    #[serde(flatten)]
    pub lifetime: GaugeWindow,
    /// In the last 60 seconds; see [`crate::MonitorBuilder::last_period`].
    pub last_period: GaugeWindow,
}

/// The values of a gauge within one window, that at its start among them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GaugeWindow {
    /// Which one.
    pub window: Window,
    /// How long the gauge had a value in the window, in nanoseconds; of several processes
    /// all together.
    pub span_ns: u64,
    /// The smallest value, however short it was held.
    #[serde(default, serialize_with = "number::serialize_option")]
    pub min: Option<f64>,
    /// The mean over time: each value counts for as long as it was held. `None` for a window
    /// without length.
    #[serde(default, serialize_with = "number::serialize_option")]
    pub mean: Option<f64>,
    /// The largest value, however short it was held.
    #[serde(default, serialize_with = "number::serialize_option")]
    pub max: Option<f64>,
}

fn one() -> u64 {
    1
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_one(count: &u64) -> bool {
    *count == 1
}

impl GaugeSnapshot {
    /// `None` where it was never set or changed.
    pub(super) fn new(monitor: &Monitor, entry: &Instrument<GaugeCell>, now: u64) -> Option<Self> {
        let read = entry.cell.read(now, monitor.common());
        let is_overflow = entry.is_overflow();
        let of_window = |window, held: Held| match is_overflow {
            true => GaugeWindow::new(window, 0, &Held::default()),
            false => GaugeWindow::new(window, monitor.clock().scale().ns(held.ticks), &held),
        };
        let is_known = read.latest.is_some() || read.rejected > 0;
        is_known.then(|| Self {
            name: entry.name.to_string(),
            labelled: entry.labelled.as_deref().cloned(),
            is_overflow,
            unit: entry.unit(),
            value: read.latest.filter(|_| !is_overflow),
            updates: read.updates,
            rejected_updates: read.rejected,
            processes: 1,
            lifetime: of_window(Window::Lifetime, read.lifetime),
            last_period: of_window(monitor.last_period(), read.last_period),
        })
    }

    /// Adds what the same gauge was in another process, whose value it has from here on:
    /// extremes are those of all, and means are over the time of all.
    pub fn merge(&mut self, other: &Self) {
        self.is_overflow |= other.is_overflow;
        self.value = other.value.or(self.value);
        self.updates = self.updates.saturating_add(other.updates);
        self.rejected_updates = self.rejected_updates.saturating_add(other.rejected_updates);
        self.processes = self.processes.saturating_add(other.processes);
        self.lifetime.merge(&other.lifetime);
        self.last_period.merge(&other.last_period);
    }
}

impl GaugeWindow {
    fn new(window: Window, span_ns: u64, held: &Held) -> Self {
        let extremes = held.extremes();
        Self {
            window,
            span_ns,
            min: extremes.map(|(min, _)| min),
            mean: held.mean(),
            max: extremes.map(|(_, max)| max),
        }
    }

    /// Whether no value is smaller than the smallest one or larger than the largest.
    pub(crate) fn is_in_order(&self) -> bool {
        [self.min, self.mean, self.max].iter().flatten().is_sorted()
    }

    fn merge(&mut self, other: &Self) {
        let of_both = |own: Option<f64>, other: Option<f64>, pick: fn(f64, f64) -> f64| {
            own.zip(other)
                .map_or(own.or(other), |(own, other)| Some(pick(own, other)))
        };
        let [own_ns, other_ns] = [&*self, other].map(|window| window.span_ns as f64);
        let mean = match self.mean.zip(other.mean) {
            // Of less than a nanosecond together there is nothing to weigh them by.
            Some((own, other)) if own_ns + other_ns > 0.0 => {
                // Shares of the time, as the largest values times nanoseconds are no numbers.
                let share = |ns: f64| ns / (own_ns + other_ns);
                Some(own * share(own_ns) + other * share(other_ns))
            }
            _ => self.mean.or(other.mean),
        };
        self.min = of_both(self.min, other.min, f64::min);
        self.max = of_both(self.max, other.max, f64::max);
        // What is rounded does not leave the values' range.
        let within = |mean: f64| {
            let above = self.min.map_or(mean, |min| mean.max(min));
            self.max.map_or(above, |max| above.min(max))
        };
        self.mean = mean.map(within);
        self.span_ns = self.span_ns.saturating_add(other.span_ns);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(span_ns: u64, value: f64) -> GaugeWindow {
        GaugeWindow {
            window: Window::Lifetime,
            span_ns,
            min: Some(value - 1.0),
            mean: Some(value),
            max: Some(value + 1.0),
        }
    }

    #[test]
    fn the_mean_of_two_is_over_the_time_of_both() {
        let mut both = window(300, 10.0);
        both.merge(&window(100, 2.0));
        assert_eq!((both.span_ns, both.mean), (400, Some(8.0)));
        assert_eq!((both.min, both.max), (Some(1.0), Some(11.0)));
    }

    #[test]
    fn two_without_a_length_have_the_mean_of_one() {
        let mut both = window(0, 10.0);
        both.merge(&window(0, 2.0));
        assert_eq!(both.mean, Some(10.0));
        assert!(both.is_in_order());
    }

    #[test]
    fn a_value_that_never_changed_stays_what_it_is_of_any_lengths() {
        for value in [0.1, 0.3, 1.0 / 3.0, -0.7, f64::MAX, f64::MIN, 1e308] {
            for (own, other) in (1..40).flat_map(|own| [3, 7, 11, 1 << 50].map(|ns| (own, ns))) {
                let held = |span_ns| GaugeWindow {
                    min: Some(value),
                    max: Some(value),
                    ..window(span_ns, value)
                };
                let mut both = held(own);
                both.merge(&held(other));
                assert_eq!(both.mean, Some(value), "{own} ns and {other} ns");
                assert!(both.is_in_order());
            }
        }
    }
}

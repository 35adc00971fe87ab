//! One ratio at one instant.

use serde::{Deserialize, Serialize};

use crate::number;
use crate::window::Window;

use super::counter::{CounterSnapshot, CounterWindow};

/// One counter over the sum of some, since the start and in the last period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RatioSnapshot {
    /// The ratio's name.
    pub name: String,
    /// The name of the counter that is counted.
    pub numerator: String,
    /// The names of those that it is counted of.
    pub denominator: Vec<String>,
    /// Since the monitor's start or last reset.
    #[serde(flatten)]
    pub lifetime: RatioWindow,
    /// In the last 60 seconds; see [`crate::MonitorBuilder::last_period`].
    pub last_period: RatioWindow,
}

/// A ratio within one window.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RatioWindow {
    /// Which one.
    pub window: Window,
    /// What the numerator has counted.
    pub counted: u64,
    /// What the denominator has counted.
    pub of: u64,
    /// One over the other; `None` where the denominator is 0.
    #[serde(default, serialize_with = "number::serialize_option")]
    pub value: Option<f64>,
}

impl RatioSnapshot {
    /// Of these counters; `None` where one is not among them.
    pub(crate) fn new(
        name: &str,
        numerator: &str,
        denominator: &[String],
        counters: &[CounterSnapshot],
    ) -> Option<Self> {
        let find = |name: &str| counters.iter().find(|counter| counter.name == name);
        let above = find(numerator)?;
        let below = denominator.iter().map(|name| find(name));
        let below: Vec<_> = below.collect::<Option<_>>()?;
        let of = |window: fn(&CounterSnapshot) -> &CounterWindow| {
            let below = below.iter().map(|counter| window(counter).total);
            let below = below.fold(0, u64::saturating_add);
            let above = window(above);
            RatioWindow::new(above.window, above.total, below)
        };
        Some(Self {
            name: name.to_owned(),
            numerator: numerator.to_owned(),
            denominator: denominator.to_vec(),
            lifetime: of(|counter| &counter.lifetime),
            last_period: of(|counter| &counter.last_period),
        })
    }

    /// Whether its values are those of its counts.
    pub(crate) fn is_what_was_counted(&self) -> bool {
        [self.lifetime, self.last_period].iter().all(|window| {
            let counted = RatioWindow::new(window.window, window.counted, window.of);
            number::is_stated(window.value, counted.value)
        })
    }

    /// Adds what the same ratio has in another process.
    pub fn merge(&mut self, other: &Self) {
        let sum = |own: RatioWindow, other: RatioWindow| {
            let counted = own.counted.saturating_add(other.counted);
            RatioWindow::new(own.window, counted, own.of.saturating_add(other.of))
        };
        self.lifetime = sum(self.lifetime, other.lifetime);
        self.last_period = sum(self.last_period, other.last_period);
    }
}

impl RatioWindow {
    fn new(window: Window, counted: u64, of: u64) -> Self {
        let value = (of > 0).then(|| counted as f64 / of as f64);
        Self {
            window,
            counted,
            of,
            value,
        }
    }
}

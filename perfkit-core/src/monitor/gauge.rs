//! Gauges: numbers that rise and fall.

use std::fmt::Display;
use std::sync::Arc;

use crate::recorder::GaugeCell;
use crate::unit::Unit;

use super::instrument::Instrument;
use super::{Labelled, Monitor};

/// A number that rises and falls: waiting items of a queue, open connections, the size of a
/// heap. Made by [`crate::gauge`] and [`Monitor::gauge`]; cheap to clone and to keep, and all
/// of one name and labels are one.
///
/// Reports have its value and, since the start and of the last 60 seconds
/// ([`crate::MonitorBuilder::last_period`]), the smallest, the largest and the mean over
/// time: each value counts for as long as it was held. A gauge that never had a value is in
/// no report. What is not finite is refused and counted.
///
/// While recording is switched off, changes are not followed: [`Gauge::set`] it afterwards.
///
/// ```
/// use std::time::Duration;
/// use perfkit::{MockClock, Monitor};
///
/// let clock = MockClock::new();
/// let monitor = Monitor::with_clock(clock.clone());
/// let waiting = monitor.gauge("queue_length");
/// waiting.set(8.0);
/// clock.advance(Duration::from_secs(30));
/// waiting.subtract(8.0);
/// clock.advance(Duration::from_secs(10));
/// let snapshot = monitor.snapshot();
/// let waiting = snapshot.gauge("queue_length").unwrap();
/// assert_eq!((waiting.value, waiting.lifetime.max), (Some(0.0), Some(8.0)));
/// assert_eq!(waiting.lifetime.mean, Some(6.0));
/// ```
#[derive(Clone, Debug)]
#[must_use = "a gauge has no value until it is set"]
pub struct Gauge {
    monitor: Monitor,
    /// `None` without the feature `record`.
    to: Option<Arc<Instrument<GaugeCell>>>,
}

impl Monitor {
    /// The gauge of the given name.
    ///
    /// Beyond 2000 names ([`crate::MonitorBuilder::max_operations`]) the values of new ones
    /// are not kept; how often they were set or changed is, as that of a gauge `overflow`.
    pub fn gauge(&self, name: &str) -> Gauge {
        self.gauge_labelled::<&str>(name, &[])
    }

    /// The gauge of a name and labels, each a key and a value of at most 100 characters.
    ///
    /// Beyond 200 sets of labels of one name ([`crate::MonitorBuilder::max_label_sets`]) the
    /// values of new ones are not kept; see [`Monitor::gauge`].
    ///
    /// ```
    /// let monitor = perfkit::Monitor::new();
    /// monitor.gauge_labelled("queue_length", &[("queue", "mail")]).add(3.0);
    /// let snapshot = monitor.snapshot();
    /// assert_eq!(snapshot.gauge(r#"queue_length{queue="mail"}"#).unwrap().value, Some(3.0));
    /// ```
    pub fn gauge_labelled<V: Display>(&self, name: &str, labels: &[(&str, V)]) -> Gauge {
        self.gauge_of(&Labelled::new(name, labels))
    }

    /// The gauge of a name and labels.
    pub(crate) fn gauge_of(&self, labelled: &Labelled) -> Gauge {
        Gauge {
            to: self.inner.gauges.instrument(labelled),
            monitor: self.clone(),
        }
    }
}

impl Gauge {
    /// Says what its values are, in base units: bytes, nanoseconds, shares of 1, or things,
    /// which is the default. Of two units of one gauge the first one counts.
    pub fn unit(self, unit: Unit) -> Self {
        if let Some(gauge) = &self.to {
            gauge.set_unit(unit);
        }
        self
    }

    /// Gives it a value.
    #[inline]
    pub fn set(&self, value: f64) {
        if let Some(cell) = self.cell() {
            let common = &self.monitor.inner.common;
            cell.set(value, common.clock.ticks(), common);
        }
    }

    /// Adds to its value, or to 0 where it has none yet.
    #[inline]
    pub fn add(&self, amount: f64) {
        if let Some(cell) = self.cell() {
            let common = &self.monitor.inner.common;
            cell.add(amount, common.clock.ticks(), common);
        }
    }

    /// Subtracts from its value, or from 0 where it has none yet.
    #[inline]
    pub fn subtract(&self, amount: f64) {
        self.add(-amount);
    }

    /// Its name, with its labels if it has any; empty without the feature `record`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.to.as_ref().map_or("", |gauge| &gauge.name)
    }

    #[inline]
    fn cell(&self) -> Option<&GaugeCell> {
        if !self.monitor.is_enabled() {
            return None;
        }
        self.to.as_ref().map(|gauge| &gauge.cell)
    }
}

//! Counters: numbers that only grow.

use std::fmt::Display;
use std::sync::Arc;

use crate::alloc;
use crate::recorder::CounterCell;
use crate::unit::Unit;

use super::instrument::Instrument;
use super::ratio::RatioParts;
use super::{Labelled, Monitor};

/// A number that only grows: hits of a cache, refetches, bytes sent. Made by
/// [`crate::counter`] and [`Monitor::counter`]; cheap to clone and to keep, and all of one
/// name and labels count together.
///
/// Reports have its total, from 0 to 2⁶⁴ − 1 where it stays, and what was added in the last
/// 60 seconds ([`crate::MonitorBuilder::last_period`]), both with the number in a second.
/// One that was never added to is there too, with 0.
///
/// ```
/// use std::time::Duration;
/// use perfkit::{MockClock, Monitor};
///
/// let clock = MockClock::new();
/// let monitor = Monitor::with_clock(clock.clone());
/// let hits = monitor.counter("cache_hits");
/// hits.add(90);
/// clock.advance(Duration::from_secs(100));
/// hits.increment();
/// let snapshot = monitor.snapshot();
/// let hits = snapshot.counter("cache_hits").unwrap();
/// assert_eq!(hits.lifetime.total, 91);
/// assert_eq!(hits.lifetime.per_second, Some(0.91));
/// assert_eq!(hits.last_period.total, 1);
/// ```
///
/// To find one by its name takes longer than to count: keep it, for instance in a
/// `static HITS: LazyLock<Counter> = LazyLock::new(|| perfkit::counter("cache_hits"));`.
#[derive(Clone, Debug)]
#[must_use = "a counter counts nothing until it is added to"]
pub struct Counter {
    monitor: Monitor,
    /// `None` without the feature `record`.
    to: Option<Arc<Instrument<CounterCell>>>,
}

impl Monitor {
    /// The counter of the given name.
    ///
    /// Beyond 2000 names ([`crate::MonitorBuilder::max_operations`]) new ones share a counter
    /// named `overflow`, which reports tell.
    pub fn counter(&self, name: &str) -> Counter {
        self.counter_labelled::<&str>(name, &[])
    }

    /// The counter of a name and labels, each a key and a value of at most 100 characters.
    ///
    /// Beyond 200 sets of labels of one name ([`crate::MonitorBuilder::max_label_sets`]) new
    /// ones share the counter with the label `otel.metric.overflow="true"`.
    ///
    /// ```
    /// let monitor = perfkit::Monitor::new();
    /// monitor.counter_labelled("cache_hits", &[("layer", "memory")]).increment();
    /// let snapshot = monitor.snapshot();
    /// assert_eq!(snapshot.counter(r#"cache_hits{layer="memory"}"#).unwrap().lifetime.total, 1);
    /// ```
    pub fn counter_labelled<V: Display>(&self, name: &str, labels: &[(&str, V)]) -> Counter {
        self.counter_of(&Labelled::new(name, labels))
    }

    /// The counter of a name and labels.
    pub(crate) fn counter_of(&self, labelled: &Labelled) -> Counter {
        Counter {
            to: self.inner.counters.instrument(labelled),
            monitor: self.clone(),
        }
    }
}

impl Monitor {
    /// Names a ratio: one counter over the sum of some, of which it may be one itself.
    ///
    /// Reports show it beside its denominator, and budgets hold it to a limit. While the
    /// denominator is 0 it has no value. Of two ratios of one name the first one counts; at
    /// most 2000 are kept ([`crate::MonitorBuilder::max_operations`]). A ratio of a counter
    /// that is beyond a limit, or another monitor's, is in no report.
    ///
    /// ```
    /// let monitor = perfkit::Monitor::new();
    /// let (hits, misses) = (monitor.counter("cache_hits"), monitor.counter("cache_misses"));
    /// monitor.ratio("cache_hit_rate", &hits, &[&hits, &misses]);
    /// hits.add(97);
    /// misses.add(3);
    /// let snapshot = monitor.snapshot();
    /// let rate = &snapshot.ratio("cache_hit_rate").unwrap().lifetime;
    /// assert_eq!((rate.value, rate.of), (Some(0.97), 100));
    /// ```
    pub fn ratio(&self, name: &str, numerator: &Counter, denominator: &[&Counter]) {
        let mut all = denominator.iter().copied().chain([numerator]);
        if !all.all(Counter::is_kept_apart) || denominator.is_empty() {
            return;
        }
        alloc::uncounted(|| {
            let parts = RatioParts {
                numerator: numerator.name().to_owned(),
                denominator: denominator.iter().map(|c| c.name().to_owned()).collect(),
            };
            let most = self.inner.registry.cardinality.max_operations;
            self.inner.ratios.add(name, parts, most);
        });
    }
}

impl Counter {
    /// Says what is counted, in base units: bytes, nanoseconds, or things, which is the
    /// default. Of two units of one counter the first one counts.
    pub fn unit(self, unit: Unit) -> Self {
        if let Some(counter) = &self.to {
            counter.set_unit(unit);
        }
        self
    }

    /// Adds a number.
    #[inline]
    pub fn add(&self, amount: u64) {
        if !self.monitor.is_enabled() {
            return;
        }
        if let Some(counter) = &self.to {
            let common = &self.monitor.inner.common;
            counter.cell.add(amount, common.clock.ticks(), common);
        }
    }

    /// Adds one.
    #[inline]
    pub fn increment(&self) {
        self.add(1);
    }

    /// Its name, with its labels if it has any; empty without the feature `record`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.to.as_ref().map_or("", |counter| &counter.name)
    }

    /// Whether it is one of its own, and not what all beyond a limit share.
    fn is_kept_apart(&self) -> bool {
        self.to
            .as_ref()
            .is_some_and(|counter| !counter.is_overflow())
    }
}

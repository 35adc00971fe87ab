//! What a counter and a gauge are in a monitor.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use crate::alloc;
use crate::recorder::{Common, CounterCell, GaugeCell, watch_forks};
use crate::unit::Unit;

use super::labels::Labelled;
use super::registry::{Named, Registry};

/// A number with a name, and where it is kept.
#[derive(Debug)]
pub(crate) struct Instrument<C> {
    pub(crate) name: Arc<str>,
    pub(crate) labelled: Option<Box<Labelled>>,
    takes_overflow: AtomicBool,
    unit: OnceLock<Unit>,
    pub(crate) cell: C,
}

/// The counters of a monitor.
pub(crate) type Counters = Registry<Instrument<CounterCell>>;

/// The gauges of a monitor.
pub(crate) type Gauges = Registry<Instrument<GaugeCell>>;

impl<C> Instrument<C> {
    /// Whether it takes what is beyond a limit.
    pub(crate) fn is_overflow(&self) -> bool {
        self.takes_overflow.load(Ordering::Relaxed)
    }

    /// What it counts in; things, unless it was said.
    pub(crate) fn unit(&self) -> Unit {
        self.unit.get().copied().unwrap_or_default()
    }

    /// Says what it counts in, unless that was said before. What takes all names beyond the
    /// limit has no unit.
    pub(super) fn set_unit(&self, unit: Unit) {
        if !self.is_overflow() || self.labelled.is_some() {
            let _ = self.unit.set(unit);
        }
    }
}

impl<C: Default> Named for Instrument<C> {
    fn new(name: &Arc<str>, labelled: Option<&Labelled>, _: &Arc<Common>) -> Self {
        watch_forks();
        Self {
            name: Arc::clone(name),
            labelled: labelled.cloned().map(Box::new),
            takes_overflow: AtomicBool::new(false),
            unit: OnceLock::new(),
            cell: C::default(),
        }
    }

    fn name(&self) -> &Arc<str> {
        &self.name
    }

    fn take_overflow(&self) {
        self.takes_overflow.store(true, Ordering::Relaxed);
    }
}

impl<C: Default> Registry<Instrument<C>> {
    /// The one of a name and labels, made when it is new; `None` where nothing is recorded.
    pub(super) fn instrument(&self, labelled: &Labelled) -> Option<Arc<Instrument<C>>> {
        let is_recorded = cfg!(feature = "record");
        is_recorded.then(|| alloc::uncounted(|| self.entry(&labelled.to_string(), Some(labelled))))
    }
}

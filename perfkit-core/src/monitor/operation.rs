//! A handle on one operation.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::{Arc, PoisonError, RwLock};

use crate::alloc;
use crate::label::Label;
use crate::outcome::Outcome;
use crate::recorder::{Sample, Section, Work};

use super::{Entry, Labelled, Monitor};

/// A named operation of a monitor, with what its next calls measure beside
/// time. Made by [`Monitor::operation`]; cheap to clone and to keep.
///
/// ```
/// let monitor = perfkit::Monitor::new();
/// let parse = monitor.operation("parse").cpu();
/// for line in ["1", "2", "x"] {
///     let _ = parse.clone().bytes(line.len() as u64).try_measure(|| line.parse::<u32>());
/// }
/// let calls = monitor.snapshot().operation("parse").unwrap().lifetime.calls;
/// assert_eq!((calls.success, calls.failure), (2, 1));
/// ```
#[derive(Clone, Debug)]
#[must_use = "an operation measures nothing until one of its measure methods is called"]
pub struct Operation {
    pub(crate) destination: Handle,
    pub(crate) options: Options,
}

impl Monitor {
    /// The operation of the given name, to measure calls of.
    ///
    /// Beyond 2000 names (see [`MonitorBuilder::max_operations`](crate::MonitorBuilder::max_operations)) new
    /// names share one operation named `overflow`, so that no call is lost.
    pub fn operation(&self, name: &str) -> Operation {
        self.shared_operation(name, None)
    }

    /// The operation of a name and labels.
    pub(crate) fn operation_labelled(&self, labelled: &Labelled) -> Operation {
        self.shared_operation(&labelled.to_string(), Some(labelled))
    }

    fn shared_operation(&self, name: &str, labelled: Option<&Labelled>) -> Operation {
        let handle = || {
            let destination = self.destination(name, labelled);
            match self.is_global() {
                true => Handle::Static(destination.kept()),
                false => Handle::Shared(Arc::new(destination)),
            }
        };
        Operation::new(alloc::uncounted(handle))
    }

    pub(crate) fn destination(&self, name: &str, labelled: Option<&Labelled>) -> Destination {
        Destination {
            monitor: self.clone(),
            entry: self.inner.registry.entry(name, labelled),
        }
    }
}

/// What the calls of an operation are recorded to.
#[derive(Debug)]
pub(crate) struct Destination {
    pub(crate) monitor: Monitor,
    pub(crate) entry: Arc<Entry>,
}

/// The targets of the program's own monitor, by the numbers of their operations: as many as
/// it keeps apart, and for as long as the program runs.
static KEPT: RwLock<BTreeMap<u64, &'static Destination>> = RwLock::new(BTreeMap::new());

impl Destination {
    /// One for good, which threads share without counting who has it. For the program's own
    /// monitor alone, of which nothing is ever given up.
    fn kept(self) -> &'static Self {
        let _section = Section::enter();
        let id = self.entry.recorder.id;
        let known = KEPT
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&id)
            .copied();
        known.unwrap_or_else(|| {
            let mut kept = KEPT.write().unwrap_or_else(PoisonError::into_inner);
            kept.entry(id).or_insert_with(|| Box::leak(Box::new(self)))
        })
    }

    /// The same with further labels. Calls beyond a limit have none.
    pub(crate) fn labelled(&self, labels: Vec<Label>) -> Self {
        let Self { monitor, entry } = self;
        if entry.is_overflow() {
            return Self {
                monitor: monitor.clone(),
                entry: Arc::clone(entry),
            };
        }
        let known = entry.labelled.as_deref().cloned();
        let known = known.unwrap_or_else(|| Labelled::new::<&str>(&entry.name, &[]));
        let labelled = known.with(labels);
        monitor.destination(&labelled.to_string(), Some(&labelled))
    }

    /// Counts the time to the first item of a stream, in an operation of its own with the
    /// same labels.
    #[cfg(feature = "stream")]
    pub(crate) fn record_first_item(&self, sample: Sample) {
        alloc::uncounted(|| {
            let known = self.entry.first_item.get();
            let found = known.is_none().then(|| self.find_first_item());
            if let Some(entry) = known.or(found.as_ref()) {
                self.monitor.record(entry, &sample, Outcome::Success);
            }
        });
    }

    /// Looks the operation of first items up. One beyond the limit of names is not kept: it
    /// takes calls of any name, and may lead back here.
    #[cfg(feature = "stream")]
    fn find_first_item(&self) -> Arc<Entry> {
        let Self { monitor, entry } = self;
        let first_item = |name: &str| format!("{name} (first item)");
        let found = match entry.labelled.as_deref().cloned() {
            Some(mut labelled) => {
                labelled.name = first_item(&labelled.name);
                monitor.destination(&labelled.to_string(), Some(&labelled))
            }
            None => monitor.destination(&first_item(&entry.name), None),
        };
        if !found.entry.is_overflow() {
            let _section = Section::enter();
            let _ = entry.first_item.set(Arc::clone(&found.entry));
        }
        found.entry
    }

    /// Counts a finished call.
    pub(crate) fn record(&self, sample: Sample, outcome: Outcome) {
        let sample = Sample {
            ending: outcome.ending(),
            ..sample
        };
        alloc::uncounted(|| self.monitor.record(&self.entry, &sample, outcome));
    }
}

/// A target that call sites keep for good, or one that handles keep. Cloning the
/// former writes to no memory that threads share.
#[derive(Clone, Debug)]
pub(crate) enum Handle {
    Static(&'static Destination),
    Shared(Arc<Destination>),
}

impl Deref for Handle {
    type Target = Destination;

    #[inline]
    fn deref(&self) -> &Destination {
        match self {
            Self::Static(destination) => destination,
            Self::Shared(destination) => destination,
        }
    }
}

/// What a call measures beside time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    pub(crate) memory: bool,
    pub(crate) cpu: bool,
    pub(crate) work: Option<Work>,
}

impl Options {
    /// Whether anything is measured beside time.
    #[inline(always)]
    pub(crate) fn has_any(self) -> bool {
        self.memory || self.cpu || self.work.is_some()
    }
}

impl Operation {
    pub(crate) fn new(destination: Handle) -> Self {
        Self {
            destination,
            options: Options::default(),
        }
    }

    /// The operation's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.destination.entry.name
    }

    /// Measures allocations too: bytes, number, net and peak growth. Needs
    /// [`crate::CountingAllocator`] as the global allocator; without it nothing
    /// is recorded of memory.
    #[inline]
    pub fn memory(mut self) -> Self {
        self.options.memory = true;
        self
    }

    /// Measures the thread's CPU time too, at the price of two system calls;
    /// on Unix only.
    #[inline]
    pub fn cpu(mut self) -> Self {
        self.options.cpu = true;
        self
    }

    /// Declares how many items a call processes.
    #[inline]
    pub fn items(mut self, items: u64) -> Self {
        self.options.work = Some(Work::Items(items));
        self
    }

    /// Declares how many bytes a call processes.
    #[inline]
    pub fn bytes(mut self, bytes: u64) -> Self {
        self.options.work = Some(Work::Bytes(bytes));
        self
    }
}

#[cfg(all(test, not(perfkit_loom)))]
mod tests {
    use super::*;

    /// Where threads count who has a target, they wait for each other.
    #[cfg_attr(
        miri,
        ignore = "the own monitor asks the kernel for the program's rights"
    )]
    #[test]
    fn threads_share_the_targets_of_the_own_monitor_without_a_count() {
        let targets = || Monitor::global().operation("kept").destination;
        let (Handle::Static(one), Handle::Static(other)) = (targets(), targets()) else {
            panic!("they are counted");
        };
        assert!(std::ptr::eq(one, other));
        let labelled = Labelled::new("kept", &[("k", &1)]);
        let labelled = Monitor::global().operation_labelled(&labelled).destination;
        assert_eq!(labelled.entry.name.as_ref(), "kept{k=\"1\"}");
        assert_eq!(one.entry.name.as_ref(), "kept");
        // Those of others go with them.
        let own = Monitor::new().operation("kept").destination;
        assert!(matches!(own, Handle::Shared(_)));
    }
}

//! The operations of a monitor, by name.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, PoisonError};
#[cfg(not(perfkit_loom))]
use std::sync::{RwLock, RwLockReadGuard};

#[cfg(perfkit_loom)]
use ::loom::sync::{RwLock, RwLockReadGuard};

use crate::alloc;
use crate::recorder::{Common, Recorder, Section};
use crate::text::cut;

use super::labels::Labelled;
use super::value_kind::ValueKind;

/// The operation that takes the calls of all names beyond the limit.
const OVERFLOW: &str = "overflow";

/// The longest name that is kept as it is, in bytes.
const LONGEST_NAME: usize = 1024;

/// One operation: its name and its calls.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: Arc<str>,
    pub(crate) labelled: Option<Box<Labelled>>,
    /// Whether calls of names beyond the limit were counted here: one that the program
    /// itself called `overflow` begins as any other.
    takes_overflow: AtomicBool,
    /// Of values that the program hands over.
    pub(crate) kind: OnceLock<ValueKind>,
    pub(crate) recorder: Arc<Recorder>,
}

impl Entry {
    /// Whether it takes the calls of all names beyond the limit.
    pub(crate) fn is_overflow(&self) -> bool {
        self.takes_overflow.load(Ordering::Relaxed)
    }
}

#[derive(Debug)]
pub(crate) struct Registry {
    common: Arc<Common>,
    pub(super) max_operations: usize,
    by_name: RwLock<ByName>,
}

type ByName = BTreeMap<Arc<str>, Arc<Entry>>;

impl Registry {
    pub(crate) fn new(common: Arc<Common>, max_operations: usize) -> Self {
        Self {
            common,
            max_operations,
            by_name: RwLock::default(),
        }
    }

    /// The entry of a name, made when it is new.
    pub(crate) fn entry(&self, name: &str, labelled: Option<&Labelled>) -> Arc<Entry> {
        let shortened;
        let name = if name.len() > LONGEST_NAME {
            shortened = shorten(name);
            &shortened
        } else {
            name
        };
        let _section = Section::enter();
        let known = self.read().get(name).cloned();
        known.unwrap_or_else(|| alloc::uncounted(|| self.add(name, labelled)))
    }

    /// All entries, by name.
    pub(crate) fn entries(&self) -> Vec<Arc<Entry>> {
        let _section = Section::enter();
        self.read().values().cloned().collect()
    }

    fn read(&self) -> RwLockReadGuard<'_, ByName> {
        self.by_name.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, name: &str, labelled: Option<&Labelled>) -> Arc<Entry> {
        let mut by_name = self.by_name.write().unwrap_or_else(PoisonError::into_inner);
        let is_full = by_name.len() >= self.max_operations && !by_name.contains_key(name);
        let name: Arc<str> = if is_full { OVERFLOW } else { name }.into();
        let labelled = labelled.filter(|_| !is_full).cloned().map(Box::new);
        let entry = by_name.entry(name).or_insert_with_key(|name| {
            Arc::new(Entry {
                name: Arc::clone(name),
                labelled,
                takes_overflow: AtomicBool::new(false),
                kind: OnceLock::new(),
                recorder: Arc::new(Recorder::new(Arc::clone(&self.common))),
            })
        });
        if is_full {
            entry.takes_overflow.store(true, Ordering::Relaxed);
        }
        Arc::clone(entry)
    }
}

/// A long name cut at a character, with a hash of the whole, so that names
/// which differ only at the end stay apart.
fn shorten(name: &str) -> String {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    format!("{}#{:016x}", cut(name, LONGEST_NAME - 17), hasher.finish())
}

#[cfg(all(test, not(perfkit_loom)))]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::recorder::Limits;
    use std::time::Duration;

    fn registry(max_operations: usize) -> Registry {
        let limits = Limits {
            last_calls: 10,
            last_period: Duration::from_secs(60),
            shards_bytes: 0,
        };
        Registry::new(Arc::new(Common::new(Clock::os(), limits)), max_operations)
    }

    #[test]
    fn a_name_has_one_entry() {
        let registry = registry(10);
        let entry = |name: &str| registry.entry(name, None);
        assert!(Arc::ptr_eq(&entry("a"), &entry("a")));
        assert_eq!(registry.entries().len(), 1);
    }

    #[test]
    fn names_beyond_the_limit_share_the_overflow_entry() {
        let registry = registry(2);
        let entry = |name: &str| registry.entry(name, None);
        let first = entry("a");
        entry("b");
        assert_eq!(&*entry("c").name, OVERFLOW);
        assert!(entry("c").is_overflow() && !first.is_overflow());
        assert!(Arc::ptr_eq(&entry("d"), &entry("e")));
        assert!(Arc::ptr_eq(&entry("a"), &first));
        assert_eq!(registry.entries().len(), 3);
    }

    #[test]
    fn an_operation_called_overflow_is_one_until_names_beyond_the_limit_join_it() {
        let registry = registry(2);
        let entry = |name: &str| registry.entry(name, None);
        let own = entry(OVERFLOW);
        entry("b");
        assert!(Arc::ptr_eq(&entry(OVERFLOW), &own) && !own.is_overflow());
        assert!(Arc::ptr_eq(&entry("c"), &own) && own.is_overflow());
    }

    #[test]
    fn long_names_that_differ_at_the_end_stay_apart() {
        let registry = registry(10);
        let entry = |name: &str| registry.entry(name, None);
        let common = "é".repeat(5000);
        let a = entry(&format!("{common}a"));
        let b = entry(&format!("{common}b"));
        assert_ne!(a.name, b.name);
        assert!(a.name.len() <= LONGEST_NAME);
    }
}

/// The registry under the model checker: the model fails when a name is registered
/// twice, and when one that is known counts as one beyond the limit.
#[cfg(all(test, perfkit_loom))]
mod loom {
    use ::loom::thread;

    use super::*;
    use crate::clock::MockClock;
    use crate::recorder::Limits;

    #[test]
    fn a_name_has_one_entry_whoever_brings_it_first() {
        ::loom::model(|| {
            let limits = Limits {
                last_calls: 1,
                last_period: std::time::Duration::from_secs(60),
                shards_bytes: 0,
            };
            let common = Common::new(MockClock::new().into(), limits);
            let registry = Arc::new(Registry::new(Arc::new(common), 2));
            let other = Arc::clone(&registry);
            let there = thread::spawn(move || ["a", "b"].map(|name| other.entry(name, None)));
            let here = ["b", "a"].map(|name| registry.entry(name, None));
            let [a, b] = there.join().unwrap();
            assert!(Arc::ptr_eq(&here[0], &b) && Arc::ptr_eq(&here[1], &a));
            assert_eq!(registry.entries().len(), 2);
        });
    }
}

//! What a monitor keeps by name and labels: operations, counters, gauges.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
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

/// What takes all that is beyond the limit of names.
const OVERFLOW: &str = "overflow";

/// The label of what has labels that are beyond the limit, as OpenTelemetry's SDKs name it.
const OVERFLOW_LABEL: (&str, &str) = ("otel.metric.overflow", "true");

/// The longest name that is kept as it is, in bytes.
const LONGEST_NAME: usize = 1024;

/// All names together keep so many times the label sets that one of them may have: each that
/// was called takes 36 KiB, beyond the budget for memory too.
const ALL_LABEL_SETS: usize = 20;

/// One operation: its name and its calls.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: Arc<str>,
    pub(crate) labelled: Option<Box<Labelled>>,
    /// Whether calls beyond a limit were counted here: one that the program itself called
    /// as the overflow is called begins as any other.
    takes_overflow: AtomicBool,
    /// Of values that the program hands over.
    pub(crate) kind: OnceLock<ValueKind>,
    pub(crate) recorder: Arc<Recorder>,
    /// The number of the last channel to a collector that knows it; see [`super::channel`].
    pub(super) known_to: AtomicU64,
    /// Where the first items of its streams are counted, once it was looked up.
    #[cfg(feature = "stream")]
    pub(crate) first_item: OnceLock<Arc<Entry>>,
}

impl Entry {
    /// Whether it takes the calls of all names beyond the limit, or those of all labels of
    /// its name beyond theirs.
    pub(crate) fn is_overflow(&self) -> bool {
        self.takes_overflow.load(Ordering::Relaxed)
    }

    /// Whether it takes calls of any name, so that nothing is common to them.
    #[cfg(feature = "metrics")]
    pub(crate) fn is_of_any_name(&self) -> bool {
        self.is_overflow() && self.labelled.is_none()
    }
}

/// What has a name, and maybe labels.
pub(crate) trait Named {
    /// Of a name that is new; the labels are in it already.
    fn new(name: &Arc<str>, labelled: Option<&Labelled>, common: &Arc<Common>) -> Self;

    fn name(&self) -> &Arc<str>;

    /// From now on it takes what is beyond a limit.
    fn take_overflow(&self);
}

impl Named for Entry {
    fn new(name: &Arc<str>, labelled: Option<&Labelled>, common: &Arc<Common>) -> Self {
        Self {
            name: Arc::clone(name),
            labelled: labelled.cloned().map(Box::new),
            takes_overflow: AtomicBool::new(false),
            kind: OnceLock::new(),
            recorder: Arc::new(Recorder::new(Arc::clone(common))),
            known_to: AtomicU64::new(0),
            #[cfg(feature = "stream")]
            first_item: OnceLock::new(),
        }
    }

    fn name(&self) -> &Arc<str> {
        &self.name
    }

    fn take_overflow(&self) {
        self.takes_overflow.store(true, Ordering::Relaxed);
    }
}

/// How many of one kind are kept apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cardinality {
    /// Different names, labels left aside.
    pub(super) max_operations: usize,
    /// Different labels of one name.
    pub(super) max_label_sets: usize,
}

#[derive(Debug)]
pub(crate) struct Registry<T> {
    common: Arc<Common>,
    pub(super) cardinality: Cardinality,
    table: RwLock<Table<T>>,
}

impl<T: Named> Registry<T> {
    pub(super) fn new(common: Arc<Common>, cardinality: Cardinality) -> Self {
        Self {
            common,
            cardinality,
            table: RwLock::new(Table::default()),
        }
    }

    /// The entry of a name, made when it is new.
    pub(crate) fn entry(&self, name: &str, labelled: Option<&Labelled>) -> Arc<T> {
        let labelled = labelled.filter(|labelled| !labelled.labels.is_empty());
        let name = shortened(name);
        let bare = labelled.map_or_else(|| name.clone(), |labelled| shortened(&labelled.name));
        let wanted = Wanted {
            name: &name,
            bare: &bare,
            labelled,
        };
        let _section = Section::enter();
        let known = self.read().find(&wanted);
        known.unwrap_or_else(|| alloc::uncounted(|| self.add(&wanted)))
    }

    /// All entries, by name.
    pub(crate) fn entries(&self) -> Vec<Arc<T>> {
        let _section = Section::enter();
        self.read().by_name.values().cloned().collect()
    }

    fn read(&self) -> RwLockReadGuard<'_, Table<T>> {
        self.table.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, wanted: &Wanted<'_>) -> Arc<T> {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        let known = table.find(wanted);
        known.unwrap_or_else(|| table.add(wanted, self.cardinality, &self.common))
    }
}

/// What is looked for.
struct Wanted<'a> {
    /// With its labels.
    name: &'a str,
    /// Without them.
    bare: &'a str,
    labelled: Option<&'a Labelled>,
}

/// The entries. None is ever taken away, so that a limit which is reached stays so.
#[derive(Debug)]
struct Table<T> {
    by_name: BTreeMap<Arc<str>, Arc<T>>,
    /// By names without labels.
    label_sets: BTreeMap<Arc<str>, LabelSets<T>>,
    /// How many there are of all names.
    all_label_sets: usize,
    /// Takes what has further names.
    overflow: Option<Arc<T>>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            by_name: BTreeMap::new(),
            label_sets: BTreeMap::new(),
            all_label_sets: 0,
            overflow: None,
        }
    }
}

/// The labels of one name.
#[derive(Debug)]
struct LabelSets<T> {
    kept: usize,
    /// Takes what has further labels.
    overflow: Option<Arc<T>>,
}

impl<T> Default for LabelSets<T> {
    fn default() -> Self {
        Self {
            kept: 0,
            overflow: None,
        }
    }
}

impl<T: Named> Table<T> {
    fn find(&self, wanted: &Wanted<'_>) -> Option<Arc<T>> {
        if let Some(known) = self.by_name.get(wanted.name) {
            return Some(Arc::clone(known));
        }
        match self.label_sets.get(wanted.bare) {
            None => self.overflow.clone(),
            Some(sets) => wanted.labelled.and(sets.overflow.clone()),
        }
    }

    fn add(&mut self, wanted: &Wanted<'_>, most: Cardinality, common: &Arc<Common>) -> Arc<T> {
        let Wanted {
            name,
            bare,
            labelled,
        } = *wanted;
        let sets = match self.label_sets.get(bare) {
            None if self.label_sets.len() >= most.max_operations => {
                let entry = self.overflow_entry(OVERFLOW, None, common);
                self.overflow = Some(Arc::clone(&entry));
                return entry;
            }
            sets => sets.map_or(0, |sets| sets.kept),
        };
        let all = most.max_label_sets.saturating_mul(ALL_LABEL_SETS);
        let Some(labelled) = labelled else {
            let entry = self.entry(name, None, common);
            self.label_sets.entry(Arc::clone(entry.name())).or_default();
            return entry;
        };
        let is_full = sets >= most.max_label_sets || self.all_label_sets >= all;
        let entry = if is_full {
            let labelled = of_further_labels(&labelled.name);
            let name = shortened(&labelled.to_string()).into_owned();
            self.overflow_entry(&name, Some(&labelled), common)
        } else {
            self.all_label_sets += 1;
            self.entry(name, Some(labelled), common)
        };
        let sets = self.label_sets.entry(bare.into()).or_default();
        if is_full {
            sets.overflow = Some(Arc::clone(&entry));
        } else {
            sets.kept += 1;
        }
        entry
    }

    fn overflow_entry(
        &mut self,
        name: &str,
        labelled: Option<&Labelled>,
        common: &Arc<Common>,
    ) -> Arc<T> {
        let entry = self.entry(name, labelled, common);
        entry.take_overflow();
        entry
    }

    fn entry(&mut self, name: &str, labelled: Option<&Labelled>, common: &Arc<Common>) -> Arc<T> {
        let entry = self.by_name.entry(name.into());
        let entry = entry.or_insert_with_key(|name| Arc::new(T::new(name, labelled, common)));
        Arc::clone(entry)
    }
}

fn of_further_labels(name: &str) -> Labelled {
    let (key, value) = OVERFLOW_LABEL;
    Labelled {
        name: name.to_owned(),
        labels: BTreeMap::from([(key.to_owned(), value.to_owned())]),
    }
}

/// A name that is kept.
pub(super) fn shortened(name: &str) -> Cow<'_, str> {
    if name.len() > LONGEST_NAME {
        shorten(name).into()
    } else {
        name.into()
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

    fn registry(max_operations: usize) -> Registry<Entry> {
        let cardinality = Cardinality {
            max_operations,
            max_label_sets: 3,
        };
        let limits = Limits {
            last_calls: 10,
            last_period: Duration::from_secs(60),
            shards_bytes: 0,
        };
        Registry::new(Arc::new(Common::new(Clock::os(), limits)), cardinality)
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

    fn labelled(registry: &Registry<Entry>, name: &str, value: usize) -> Arc<Entry> {
        let labelled = Labelled::new(name, &[("k", &value)]);
        registry.entry(&labelled.to_string(), Some(&labelled))
    }

    #[test]
    fn labels_beyond_the_limit_stay_with_their_name_and_leave_others_alone() {
        let registry = registry(2);
        let first = labelled(&registry, "a", 0);
        for value in 0..10 {
            labelled(&registry, "a", value);
        }
        let further = labelled(&registry, "a", 10);
        assert_eq!(&*further.name, "a{otel.metric.overflow=\"true\"}");
        assert_eq!(further.labelled.as_ref().unwrap().name, "a");
        assert!(further.is_overflow() && !first.is_overflow());
        assert!(Arc::ptr_eq(&labelled(&registry, "a", 11), &further));
        assert!(Arc::ptr_eq(&labelled(&registry, "a", 0), &first));
        assert_eq!(&*registry.entry("a", None).name, "a");
        assert!(!labelled(&registry, "b", 0).is_overflow());
        assert_eq!(&*labelled(&registry, "c", 0).name, OVERFLOW);
        // Three of `a`, the rest of them, `a` itself, one of `b`, and the rest of names.
        assert_eq!(registry.entries().len(), 7);
    }

    #[test]
    fn labels_of_all_names_together_are_bounded_and_no_name_is_lost() {
        let registry = registry(1000);
        let name = |number: usize| format!("name {number}");
        for (number, value) in (0..100).flat_map(|n| [0, 1, 2].map(|value| (n, value))) {
            labelled(&registry, &name(number), value);
        }
        let kept = |entry: &&Arc<Entry>| !entry.is_overflow();
        let entries = registry.entries();
        assert_eq!(entries.iter().filter(kept).count(), 3 * ALL_LABEL_SETS);
        assert_eq!(entries.len(), 3 * ALL_LABEL_SETS + 100 - ALL_LABEL_SETS);
        assert_eq!(
            labelled(&registry, "new", 0)
                .labelled
                .as_ref()
                .unwrap()
                .name,
            "new"
        );
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
            let cardinality = Cardinality {
                max_operations: 2,
                max_label_sets: 1,
            };
            let registry: Registry<Entry> = Registry::new(Arc::new(common), cardinality);
            let registry = Arc::new(registry);
            let other = Arc::clone(&registry);
            let there = thread::spawn(move || ["a", "b"].map(|name| other.entry(name, None)));
            let here = ["b", "a"].map(|name| registry.entry(name, None));
            let [a, b] = there.join().unwrap();
            assert!(Arc::ptr_eq(&here[0], &b) && Arc::ptr_eq(&here[1], &a));
            assert_eq!(registry.entries().len(), 2);
        });
    }
}

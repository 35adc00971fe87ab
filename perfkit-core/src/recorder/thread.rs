//! Which shards the calling thread writes to.
//!
//! A thread finds its shard of an operation in a small cache without a lock; the
//! first time, and when two operations share a place in the cache, in the list of
//! all that it has. When the thread ends it gives its shards back, and what it
//! records after that goes to the operation's shared one.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::thread::LocalKey;

use crate::alloc;
use crate::outcome::Failure;

use super::names;
use super::operation::Recorder;
use super::sample::Sample;
use super::shard::Shard;
use super::state::StateReading;
use super::sync::{Arc, Weak};

const CACHED: usize = 64;

thread_local! {
    static CACHE: [Cached; CACHED] = const { [const { Cached::new() }; CACHED] };
    static OWNED: RefCell<Owned> = RefCell::new(Owned::default());
    /// The operations of which calls run without a shard, and how deep each is
    /// nested in itself.
    static RUNNING: RefCell<Vec<(u64, u32)>> = const { RefCell::new(Vec::new()) };
}

/// A shard that was found before, by the number of its operation.
struct Cached {
    id: Cell<u64>,
    shard: Cell<Option<&'static Shard>>,
}

impl Cached {
    const fn new() -> Self {
        Self {
            id: Cell::new(0),
            shard: Cell::new(None),
        }
    }
}

/// Where a place in the program keeps the shard that it found.
#[derive(Debug)]
pub struct ThreadCache {
    /// Tells apart the operations of one place.
    key: Cell<usize>,
    shard: Cell<Option<&'static Shard>>,
    /// Counts the calls up to the next that is timed, where not all are.
    countdown: Cell<u32>,
    random: Cell<u32>,
}

impl ThreadCache {
    /// Nothing yet.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "made in constants only")]
    pub const fn new() -> Self {
        Self {
            key: Cell::new(0),
            shard: Cell::new(None),
            countdown: Cell::new(0),
            random: Cell::new(0x9E37_79B9),
        }
    }

    /// Whether a call is to be timed, where one of so many is. The distance to
    /// the next varies at random around that number, so that a rhythm of the
    /// program's calls meets no rhythm here.
    #[inline]
    pub(crate) fn is_timed(&self, one_in: u32) -> bool {
        let countdown = self.countdown.get();
        if countdown > 0 {
            self.countdown.set(countdown - 1);
            return false;
        }
        // Marsaglia's xorshift (2003), with his triple 13, 17, 5.
        let mut random = self.random.get();
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        self.random.set(random);
        let most = u64::from(one_in.saturating_mul(2) - 1);
        self.countdown
            .set(((u64::from(random) * most) >> 32) as u32);
        true
    }

    /// The shard, if it is that of the given key; zero fits any.
    #[inline(always)]
    pub(crate) fn shard(&self, key: usize) -> Option<&'static Shard> {
        if key == 0 || self.key.get() == key {
            self.shard.get()
        } else {
            None
        }
    }
}

/// What the thread has, to be given back when it ends.
#[derive(Default)]
struct Owned {
    shards: HashMap<u64, (Weak<Recorder>, &'static Shard)>,
    caches: Vec<&'static LocalKey<ThreadCache>>,
    /// How many shards there may be before the list is searched for those of
    /// monitors that are gone.
    enough: usize,
}

/// The calling thread's shard of an operation; `None` while the thread ends, and
/// when the memory for shards is used up.
#[inline]
pub(crate) fn shard(recorder: &Arc<Recorder>) -> Option<&'static Shard> {
    let found = CACHE.try_with(|cache| {
        let cached = &cache[recorder.id as usize % CACHED];
        (cached.id.get() == recorder.id).then(|| cached.shard.get())
    });
    match found {
        Ok(Some(shard)) => shard,
        _ => alloc::uncounted(|| lease(recorder)),
    }
}

/// Counts one call, in the calling thread's shard if it has one.
pub(crate) fn record(
    recorder: &Arc<Recorder>,
    sample: &Sample,
    failure: Option<&Failure>,
    state: StateReading,
) {
    match shard(recorder) {
        Some(shard) => recorder.record_in(shard, sample, failure, state),
        None => recorder.record_shared(sample, failure, state),
    }
}

/// As [`shard`], and remembers it where the call was made.
pub(crate) fn find_and_cache(
    recorder: &Arc<Recorder>,
    cache: &'static LocalKey<ThreadCache>,
    key: usize,
) -> Option<&'static Shard> {
    let shard = shard(recorder)?;
    let remember = |owned: &RefCell<Owned>| {
        let mut owned = owned.try_borrow_mut().ok()?;
        let is_first = cache.with(|cache| {
            cache.key.set(key);
            cache.shard.replace(Some(shard)).is_none()
        });
        if is_first {
            owned.caches.push(cache);
        }
        Some(())
    };
    let _ = alloc::uncounted(|| OWNED.try_with(remember));
    Some(shard)
}

#[cold]
#[inline(never)]
fn lease(recorder: &Arc<Recorder>) -> Option<&'static Shard> {
    let is_running =
        |running: &mut Vec<(u64, u32)>| running.iter().any(|(known, _)| *known == recorder.id);
    // A shard that another thread left meanwhile does not know of those calls.
    if with_running(is_running) == Some(true) {
        return None;
    }
    let lease = |owned: &RefCell<Owned>| owned.try_borrow_mut().ok()?.lease(recorder);
    let shard = OWNED.try_with(lease).ok().flatten()?;
    let _ = CACHE.try_with(|cache| {
        let cached = &cache[recorder.id as usize % CACHED];
        cached.shard.set(Some(shard));
        cached.id.set(recorder.id);
    });
    Some(shard)
}

/// Counts a call that is in flight and does not run on any thread, where more is 1, and one
/// that no longer is so, where it is -1.
#[inline]
pub(crate) fn add_waiting(recorder: &Recorder, more: i64) {
    let known = CACHE.try_with(|cache| {
        let cached = &cache[recorder.id as usize % CACHED];
        (cached.id.get() == recorder.id).then(|| cached.shard.get())
    });
    match known {
        Ok(Some(Some(shard))) => shard.add_waiting(more),
        _ => recorder.add_waiting(more),
    }
}

/// Begins a call that is counted in no shard of the thread; says whether one of the same
/// number was already running.
pub(crate) fn enter_without_shard(id: u64) -> bool {
    let deepen = |running: &mut Vec<(u64, u32)>| {
        let known = running.iter_mut().find(|(known, _)| *known == id);
        if let Some((_, depth)) = known {
            *depth += 1;
            return true;
        }
        running.push((id, 1));
        false
    };
    let is_nested = alloc::uncounted(|| with_running(deepen));
    is_nested.unwrap_or(false)
}

/// Ends it.
pub(crate) fn leave_without_shard(id: u64) {
    with_running(|running| {
        let position = running.iter().position(|(known, _)| *known == id);
        if let Some(position) = position {
            running[position].1 -= 1;
            if running[position].1 == 0 {
                running.swap_remove(position);
            }
        }
    });
}

/// `None` while the thread ends.
fn with_running<T>(change: impl FnOnce(&mut Vec<(u64, u32)>) -> T) -> Option<T> {
    let change =
        |running: &RefCell<Vec<(u64, u32)>>| Some(change(&mut *running.try_borrow_mut().ok()?));
    RUNNING.try_with(change).ok().flatten()
}

impl Owned {
    fn lease(&mut self, recorder: &Arc<Recorder>) -> Option<&'static Shard> {
        if let Some((_, shard)) = self.shards.get(&recorder.id) {
            return Some(shard);
        }
        let shard = recorder.lease()?;
        if self.shards.len() >= self.enough {
            self.shards
                .retain(|_, (recorder, _)| recorder.strong_count() > 0);
            self.enough = (2 * self.shards.len()).max(64);
        }
        let leased = (Arc::downgrade(recorder), shard);
        self.shards.insert(recorder.id, leased);
        Some(shard)
    }
}

impl Drop for Owned {
    /// First the thread forgets its shards, then others may have them.
    fn drop(&mut self) {
        for cache in &self.caches {
            let _ = cache.try_with(|cache| cache.shard.set(None));
        }
        names::forget();
        let _ = CACHE.try_with(|cache| cache.iter().for_each(|cached| cached.id.set(0)));
        for (recorder, shard) in self.shards.values() {
            if let Some(recorder) = recorder.upgrade() {
                recorder.give_back(shard);
            }
        }
    }
}

//! Shards that serve no operation.
//!
//! A shard is never freed, so that a thread may keep a plain reference to it. The
//! shards of a monitor that is gone serve the next one, once no call runs in them: the
//! function that is measured may itself drop the monitor.

use super::shard::Shard;
use super::sync::{Mutex, lock};

#[cfg(not(perfkit_loom))]
static POOL: Mutex<Pool> = Mutex::new(Pool {
    free: Vec::new(),
    abandoned: Vec::new(),
});

#[cfg(not(perfkit_loom))]
struct Pool {
    /// Empty.
    free: Vec<&'static Shard>,
    /// A call ran in them when their operation went. No other begins in them, and they are
    /// free when it has ended.
    abandoned: Vec<&'static Shard>,
}

/// An empty shard that keeps at least the given number of latest calls.
#[cfg(not(perfkit_loom))]
pub(super) fn take(last_calls: usize) -> &'static Shard {
    let mut pool = lock(&POOL);
    let pool = &mut *pool;
    let ended = pool.abandoned.extract_if(.., |shard| shard.gate.is_idle());
    pool.free.extend(ended.inspect(|shard| shard.clear()));
    let found = pool.free.iter().position(|shard| shard.keeps(last_calls));
    if let Some(at) = found {
        return pool.free.swap_remove(at);
    }
    Box::leak(Box::new(Shard::new(last_calls)))
}

/// Takes a shard in which no call will begin any more.
#[cfg(not(perfkit_loom))]
pub(super) fn put(shard: &'static Shard) {
    if shard.gate.is_idle() {
        shard.clear();
        lock(&POOL).free.push(shard);
    } else {
        lock(&POOL).abandoned.push(shard);
    }
}

/// The model checker's objects live for one execution only.
#[cfg(perfkit_loom)]
pub(super) fn take(last_calls: usize) -> &'static Shard {
    Box::leak(Box::new(Shard::new(last_calls)))
}

#[cfg(perfkit_loom)]
pub(super) fn put(_: &'static Shard) {}

//! Shards that serve no operation.
//!
//! A shard is never freed, so that a thread may keep a plain reference to it. The
//! shards of a monitor that is gone serve the next one.

use super::shard::Shard;
use super::sync::{Mutex, lock};

#[cfg(not(perfkit_loom))]
static FREE: Mutex<Vec<&'static Shard>> = Mutex::new(Vec::new());

/// An empty shard that keeps at least the given number of latest calls.
#[cfg(not(perfkit_loom))]
pub(super) fn take(last_calls: usize) -> &'static Shard {
    let mut free = lock(&FREE);
    let found = free.iter().position(|shard| shard.keeps(last_calls));
    if let Some(at) = found {
        return free.swap_remove(at);
    }
    drop(free);
    Box::leak(Box::new(Shard::new(last_calls)))
}

/// Takes a shard that nobody uses any more.
#[cfg(not(perfkit_loom))]
pub(super) fn put(shard: &'static Shard) {
    shard.clear();
    lock(&FREE).push(shard);
}

/// The model checker's objects live for one execution only.
#[cfg(perfkit_loom)]
pub(super) fn take(last_calls: usize) -> &'static Shard {
    Box::leak(Box::new(Shard::new(last_calls)))
}

#[cfg(perfkit_loom)]
pub(super) fn put(_: &'static Shard) {}

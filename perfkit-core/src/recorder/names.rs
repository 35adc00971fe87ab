//! Which shards the calling thread writes to, by the operation's name: for calls
//! that bring a name and not a handle.

use std::cell::RefCell;

use super::shard::Shard;

/// How many names a thread remembers; a power of two.
const REMEMBERED: usize = 256;

/// Longer names are looked up each time.
const LONGEST: usize = 128;

thread_local! {
    static NAMES: RefCell<Vec<Option<Named>>> = const { RefCell::new(Vec::new()) };
}

struct Named {
    /// The number of the monitor, which is never given twice.
    monitor: u64,
    name: Box<str>,
    shard: &'static Shard,
}

/// The shard that was remembered for a name.
#[inline]
pub(crate) fn find(monitor: u64, name: &str) -> Option<&'static Shard> {
    let find = |names: &RefCell<Vec<Option<Named>>>| {
        let names = names.try_borrow().ok()?;
        let found = names.get(place(monitor, name))?.as_ref()?;
        (found.monitor == monitor && *found.name == *name).then_some(found.shard)
    };
    NAMES.try_with(find).ok().flatten()
}

/// Remembers a shard, in the place of another whose name comes out alike.
pub(crate) fn remember(monitor: u64, name: &str, shard: &'static Shard) {
    if name.len() > LONGEST {
        return;
    }
    let _ = NAMES.try_with(|names| {
        let Ok(mut names) = names.try_borrow_mut() else {
            return;
        };
        names.resize_with(REMEMBERED, || None);
        names[place(monitor, name)] = Some(Named {
            monitor,
            name: name.into(),
            shard,
        });
    });
}

/// Forgets all, because the thread ends.
pub(super) fn forget() {
    let _ = NAMES.try_with(|names| names.try_borrow_mut().map(|mut names| names.clear()));
}

/// Mixes eight bytes at a time with odd constants; names are the program's own or
/// bounded in number, so nobody gains by making them collide.
#[inline]
fn place(monitor: u64, name: &str) -> usize {
    const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut mixed = monitor ^ name.len() as u64;
    for chunk in name.as_bytes().chunks(8) {
        let mut bytes = [0; 8];
        bytes[..chunk.len()].copy_from_slice(chunk);
        mixed = (mixed ^ u64::from_le_bytes(bytes)).wrapping_mul(ODD);
        mixed ^= mixed >> 29;
    }
    mixed.wrapping_mul(ODD) as usize >> (usize::BITS - 8)
}

#[cfg(all(test, not(perfkit_loom)))]
mod tests {
    use super::*;
    use crate::recorder::pool;

    #[test]
    fn names_keep_apart_and_are_forgotten() {
        let shards = [(); 2].map(|()| pool::take(1));
        remember(1, "a", shards[0]);
        remember(2, "a", shards[1]);
        let is =
            |found: Option<&Shard>, shard| found.is_some_and(|found| std::ptr::eq(found, shard));
        assert!(is(find(1, "a"), shards[0]) && is(find(2, "a"), shards[1]));
        assert!(find(3, "a").is_none() && find(1, "b").is_none());
        remember(1, &"long".repeat(100), shards[0]);
        assert!(find(1, &"long".repeat(100)).is_none());
        let names = if cfg!(miri) { 500 } else { 10_000 };
        for number in 0..names {
            let name = format!("name {number}");
            remember(1, &name, shards[0]);
            assert!(is(find(1, &name), shards[0]));
        }
        forget();
        assert!(find(1, "a").is_none());
        shards.into_iter().for_each(pool::put);
    }
}

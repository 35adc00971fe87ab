//! Which shards the calling thread writes to, by the operation's name: for calls
//! that bring a name and not a handle.

use std::cell::RefCell;

use super::shard::Shard;

/// How many names a thread remembers; a power of two.
const REMEMBERED: usize = 256;

/// Longer names are looked up each time.
const LONGEST: usize = 256;

thread_local! {
    static NAMES: RefCell<Vec<Option<Named>>> = const { RefCell::new(Vec::new()) };
}

struct Named {
    monitor: u64,
    site: usize,
    text: Box<[u8]>,
    shard: &'static Shard,
}

impl Named {
    #[inline]
    fn is_of(&self, key: Key<'_>) -> bool {
        // No text is compared where there is none: an empty box has no address that may be
        // read, and some processors take 80 ns to see that nothing is to be read there.
        let is_same = |text: &[u8]| text.is_empty() || *self.text == *text;
        self.monitor == key.monitor
            && self.site == key.site
            && self.text.len() == key.text.len()
            && is_same(key.text)
    }
}

/// What a shard is remembered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key<'a> {
    /// The number of the monitor, which is never given twice.
    pub(crate) monitor: u64,
    /// The address of the place in the program; zero where the text is the name.
    pub(crate) site: usize,
    /// The operation's name, or what tells apart the operations of the place.
    pub(crate) text: &'a [u8],
}

impl<'a> Key<'a> {
    #[inline]
    pub(crate) fn named(monitor: u64, name: &'a str) -> Self {
        Self {
            monitor,
            site: 0,
            text: name.as_bytes(),
        }
    }
}

/// The shard that was remembered for a key.
#[inline]
pub(crate) fn find(key: Key<'_>) -> Option<&'static Shard> {
    let find = |names: &RefCell<Vec<Option<Named>>>| {
        let names = names.try_borrow().ok()?;
        let found = names.get(place(key))?.as_ref()?;
        found.is_of(key).then_some(found.shard)
    };
    NAMES.try_with(find).ok().flatten()
}

/// Remembers a shard, in the place of another whose key comes out alike.
pub(crate) fn remember(key: Key<'_>, shard: &'static Shard) {
    if key.text.len() > LONGEST {
        return;
    }
    let _ = NAMES.try_with(|names| {
        let Ok(mut names) = names.try_borrow_mut() else {
            return;
        };
        names.resize_with(REMEMBERED, || None);
        names[place(key)] = Some(Named {
            monitor: key.monitor,
            site: key.site,
            text: key.text.into(),
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
fn place(key: Key<'_>) -> usize {
    const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut mixed = key.monitor ^ key.text.len() as u64;
    let mut mix = |bytes: u64| {
        mixed = (mixed ^ bytes).wrapping_mul(ODD);
        mixed ^= mixed >> 29;
    };
    mix(key.site as u64);
    let (chunks, rest) = key.text.as_chunks::<8>();
    for chunk in chunks {
        mix(u64::from_le_bytes(*chunk));
    }
    mix(rest.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)));
    mixed.wrapping_mul(ODD) as usize >> (usize::BITS - 8)
}

#[cfg(all(test, not(perfkit_loom)))]
mod tests {
    use super::*;
    use crate::recorder::pool;

    #[test]
    fn names_keep_apart_and_are_forgotten() {
        let shards = [(); 2].map(|()| pool::take(1));
        remember(Key::named(1, "a"), shards[0]);
        remember(Key::named(2, "a"), shards[1]);
        let is =
            |found: Option<&Shard>, shard| found.is_some_and(|found| std::ptr::eq(found, shard));
        assert!(is(find(Key::named(1, "a")), shards[0]) && is(find(Key::named(2, "a")), shards[1]));
        assert!(
            find(Key::named(3, "a")).is_none()
                && find(Key {
                    site: 1,
                    ..Key::named(1, "a")
                })
                .is_none()
        );
        assert!(find(Key::named(1, "b")).is_none());
        remember(Key::named(1, &"long".repeat(100)), shards[0]);
        assert!(find(Key::named(1, &"long".repeat(100))).is_none());
        let names = if cfg!(miri) { 500 } else { 10_000 };
        for number in 0..names {
            let name = format!("name {number}");
            remember(Key::named(1, &name), shards[0]);
            assert!(is(find(Key::named(1, &name)), shards[0]));
        }
        forget();
        assert!(find(Key::named(1, "a")).is_none());
        shards.into_iter().for_each(pool::put);
    }
}

//! What a thread knows of operations by their names: for calls that bring a name and not a
//! handle.

use std::cell::RefCell;

use super::shard::Shard;

/// How many names a thread remembers; a power of two.
const REMEMBERED: usize = 256;

/// Longer names are looked up each time.
const LONGEST: usize = 256;

thread_local! {
    /// The shards that the thread writes to.
    static SHARDS: Names<&'static Shard> = const { Names::new() };
}

/// What one thread remembers by names.
pub(crate) struct Names<V>(RefCell<Vec<Option<Named<V>>>>);

struct Named<V> {
    monitor: u64,
    site: usize,
    text: Box<[u8]>,
    value: V,
}

impl<V: Copy> Names<V> {
    pub(crate) const fn new() -> Self {
        Self(RefCell::new(Vec::new()))
    }

    /// What was remembered for a key.
    #[inline(always)]
    pub(crate) fn find<T: Text>(&self, key: Key<T>) -> Option<V> {
        let names = self.0.try_borrow().ok()?;
        let found = names.get(place(key))?.as_ref()?;
        found.is_of(key).then_some(found.value)
    }

    /// Remembers something, in the place of another whose key comes out alike.
    pub(crate) fn remember<T: Text>(&self, key: Key<T>, value: V) {
        let text = key.text.kept();
        let Ok(mut names) = self.0.try_borrow_mut() else {
            return;
        };
        if text.len() > LONGEST {
            return;
        }
        names.resize_with(REMEMBERED, || None);
        names[place(key)] = Some(Named {
            monitor: key.monitor,
            site: key.site,
            text: text.into(),
            value,
        });
    }
}

impl<V> Named<V> {
    #[inline(always)]
    fn is_of<T: Text>(&self, key: Key<T>) -> bool {
        self.monitor == key.monitor && self.site == key.site && key.text.is(&self.text)
    }
}

/// What tells apart the operations of a monitor and a place.
pub(crate) trait Text: Copy {
    /// Adds all of it to a number that decides where it is looked for.
    fn mix(self, mixed: &mut Mixed);

    /// Whether it is what was kept.
    fn is(self, kept: &[u8]) -> bool;

    /// It, to be kept.
    fn kept(self) -> Vec<u8>;
}

impl Text for &[u8] {
    #[inline(always)]
    fn mix(self, mixed: &mut Mixed) {
        mixed.add_bytes(self);
    }

    #[inline(always)]
    fn is(self, kept: &[u8]) -> bool {
        // No text is compared where there is none: an empty box has no address that may be
        // read, and some processors take 80 ns to see that nothing is to be read there.
        self.len() == kept.len() && (self.is_empty() || self == kept)
    }

    fn kept(self) -> Vec<u8> {
        self.to_vec()
    }
}

/// Mixes eight bytes at a time with odd constants; names are the program's own or
/// bounded in number, so nobody gains by making them collide.
#[derive(Clone, Copy)]
pub(crate) struct Mixed(u64);

impl Mixed {
    const ODD: u64 = 0x9E37_79B9_7F4A_7C15;

    #[inline(always)]
    pub(crate) fn add(&mut self, number: u64) {
        let mixed = (self.0 ^ number).wrapping_mul(Self::ODD);
        self.0 = mixed ^ mixed >> 29;
    }

    /// Where they are no multiple of eight, the last ones overlap those before.
    #[inline(always)]
    pub(crate) fn add_bytes(&mut self, bytes: &[u8]) {
        self.0 ^= (bytes.len() as u64) << 48;
        for chunk in bytes.as_chunks::<8>().0 {
            self.add(u64::from_le_bytes(*chunk));
        }
        if let Some(last) = bytes.last_chunk::<8>() {
            self.add(u64::from_le_bytes(*last));
        } else if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
            let [first, last] = [first, last].map(|four| u64::from(u32::from_le_bytes(*four)));
            self.add(first | last << 32);
        } else if let [first, rest @ ..] = bytes {
            let last = |byte: &u8| u64::from(*byte);
            let [middle, last] = [rest.first().map_or(0, last), rest.last().map_or(0, last)];
            self.add(u64::from(*first) | middle << 8 | last << 16);
        }
    }
}

/// What a shard is remembered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key<T> {
    /// The number of the monitor, which is never given twice.
    pub(crate) monitor: u64,
    /// The address of the place in the program; zero where the text is the name.
    pub(crate) site: usize,
    /// The operation's name, or what tells apart the operations of the place.
    pub(crate) text: T,
}

impl<'a> Key<&'a [u8]> {
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
pub(crate) fn find<T: Text>(key: Key<T>) -> Option<&'static Shard> {
    SHARDS.try_with(|names| names.find(key)).ok().flatten()
}

/// Remembers a shard.
pub(crate) fn remember<T: Text>(key: Key<T>, shard: &'static Shard) {
    let _ = SHARDS.try_with(|names| names.remember(key, shard));
}

/// Forgets all, because the thread ends.
pub(super) fn forget() {
    let _ = SHARDS.try_with(|names| names.0.try_borrow_mut().map(|mut names| names.clear()));
}

#[inline(always)]
fn place<T: Text>(key: Key<T>) -> usize {
    let mut mixed = Mixed(key.monitor);
    mixed.add(key.site as u64);
    key.text.mix(&mut mixed);
    mixed.0.wrapping_mul(Mixed::ODD) as usize >> (usize::BITS - 8)
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

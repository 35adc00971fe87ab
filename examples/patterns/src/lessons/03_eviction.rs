//! A cache that is full has to drop something. LRU drops what was not used for the longest time;
//! a scan through much that is used once then empties it. LFU drops what was used least often, and
//! keeps yesterday's favourites for good. TinyLFU counts roughly, forgets with time, and lets
//! nothing in that is used less than what would have to go. Values of different sizes are bounded
//! by their weight, not by their number.
//!
//! The knob: the capacity. Where all that is used fits, nothing is dropped, and every policy hits
//! alike. And time: where favourites change, what has counted for longest is the worst.
//!
//! In production, watch the hit rate, a `perfkit::ratio` of two counters with a budget on it, per
//! kind of key: a scan shows as a dip. And watch how many bytes are kept, which is what bounds
//! the process.

use std::hash::{BuildHasherDefault, DefaultHasher};
use std::num::NonZeroUsize;

use cache_rs::LfuCache;
use cache_rs::config::LfuCacheConfig;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use perfkit::Monitor;
use rand::SeedableRng as _;
use rand_distr::{Distribution as _, Zipf};
use rand_pcg::Pcg64Mcg;

use crate::{Amounts, Error, Form, Lab, Lesson, Question};

/// This lesson.
pub const LESSON: Lesson = Lesson {
    number: 3,
    name: "eviction",
    title: "What a full cache drops, and how it is bounded",
    source: include_str!("03_eviction.rs"),
    measure,
};

/// Hashes alike in every run, so that counts are exact.
type Hasher = BuildHasherDefault<DefaultHasher>;

/// A cache of moka for so many keys.
#[must_use]
pub fn cache(policy: EvictionPolicy, capacity: usize) -> Cache<u64, u64, Hasher> {
    let builder = Cache::builder().max_capacity(capacity as u64);
    builder
        .eviction_policy(policy)
        .build_with_hasher(Hasher::default())
}

/// Asks a cache for a key, which is in it afterwards if the policy lets it in; returns whether
/// it was in it before.
type Ask = Box<dyn FnMut(u64) -> bool>;

/// What is dropped, and a cache for so many keys that does so.
pub type Policy = (&'static str, fn(usize) -> Ask);

/// Least recently used, least often used, and TinyLFU.
pub const POLICIES: [Policy; 3] = [
    ("LRU", |capacity| of_moka(EvictionPolicy::lru(), capacity)),
    ("LFU", |capacity| {
        let config = LfuCacheConfig {
            capacity: NonZeroUsize::new(capacity).unwrap_or(NonZeroUsize::MIN),
            max_size: u64::MAX,
        };
        let mut cache = LfuCache::init(config, None);
        Box::new(move |key| {
            let is_hit = cache.get(&key).is_some();
            if !is_hit {
                cache.put(key, key, 1);
            }
            is_hit
        })
    }),
    ("TinyLFU", |capacity| {
        of_moka(EvictionPolicy::tiny_lfu(), capacity)
    }),
];

fn of_moka(policy: EvictionPolicy, capacity: usize) -> Ask {
    let cache = cache(policy, capacity);
    Box::new(move |key| {
        let is_hit = cache.get(&key).is_some();
        if !is_hit {
            cache.insert(key, key);
        }
        // What is dropped is decided at once, and not now and then.
        cache.run_pending_tasks();
        is_hit
    })
}

/// What users ask for: of 10,000 keys some often and most of them hardly ever.
///
/// # Errors
/// None with these numbers.
pub fn zipf(count: usize) -> Result<Vec<u64>, Error> {
    let random = Pcg64Mcg::seed_from_u64(1);
    let keys = Zipf::new(10_000.0, 1.0)?.sample_iter(random);
    Ok(keys.take(count).map(|key| key as u64).collect())
}

/// The same, and each time after a thousand a scan of a thousand other keys, each of which is
/// used once: an export, a crawler.
#[must_use]
pub fn with_scans(keys: &[u64]) -> Vec<u64> {
    let parts = (1..).zip(keys.chunks(1000));
    let scan = |number: u64| 1_000_000 * number..1_000_000 * number + 1000;
    parts
        .flat_map(|(number, part)| part.iter().copied().chain(scan(number)))
        .collect()
}

/// The same, and in the second half other keys are the favourites.
#[must_use]
pub fn with_other_favourites(keys: &[u64]) -> Vec<u64> {
    let (before, after) = keys.split_at(keys.len() / 2);
    let after = after.iter().map(|key| 10_000 + key);
    before.iter().copied().chain(after).collect()
}

/// Asks an empty cache for keys, and counts hits and misses; returns the misses.
pub fn misses(
    monitor: &Monitor,
    name: &str,
    (policy, cache): Policy,
    capacity: usize,
    keys: &[u64],
) -> u64 {
    let name = format!("{name}_{policy}");
    let hits = monitor.counter(&format!("{name}_hits"));
    let misses = monitor.counter(&format!("{name}_misses"));
    monitor.ratio(&format!("{name}_hit_rate"), &hits, &[&hits, &misses]);
    let mut ask = cache(capacity);
    let mut missed = 0;
    for key in keys {
        let is_hit = ask(*key);
        if is_hit { &hits } else { &misses }.increment();
        missed += u64::from(!is_hit);
    }
    missed
}

/// Texts of 1 B to 64 KiB: most of them short.
fn texts() -> impl Iterator<Item = (u64, String)> {
    (0..1000_u64).map(|n| (n, "x".repeat(1 << (n * 7919 % 17))))
}

/// How many bytes a cache holds at most while texts are put into it.
#[must_use]
pub fn most_bytes(cache: &Cache<u64, String>) -> u64 {
    let mut most = 0;
    for (key, text) in texts() {
        cache.insert(key, text);
        cache.run_pending_tasks();
        most = most.max(cache.iter().map(|(_, text)| text.len() as u64).sum());
    }
    most
}

/// Wrong for values of many sizes: a hundred of them, however large.
#[must_use]
pub fn by_number() -> Cache<u64, String> {
    let builder = Cache::builder().eviction_policy(EvictionPolicy::lru());
    builder.max_capacity(100).build()
}

/// Right: 256 KiB of them, however many.
#[must_use]
pub fn by_weight() -> Cache<u64, String> {
    let builder = Cache::builder().eviction_policy(EvictionPolicy::lru());
    let builder = builder.weigher(|_, text: &String| text.len() as u32);
    builder.max_capacity(256 << 10).build()
}

fn measure(lab: &mut Lab) -> Result<(), Error> {
    let count = if lab.is_quick() { 5_000 } else { 50_000 };
    let users = zipf(count)?;
    let scans = with_scans(&users);
    let others = with_other_favourites(&users);
    let monitor = lab.monitor.clone();
    let [zipf, scan, change, fits] = [
        ("users alone, Zipf", "some keys are used more than others"),
        ("users and scans", "much is used only once"),
        (
            "users whose favourites change",
            "for TinyLFU, which forgets; LFU keeps what was used often before",
        ),
        ("users, all keys fit", "never: nothing has to be dropped"),
    ];
    for ((what, holds), keys, capacity) in [
        (zipf, &users, 500),
        (scan, &scans, 500),
        (change, &others, 500),
        (fits, &users, 20_000),
    ] {
        let missed = POLICIES.map(|policy| misses(&monitor, what, policy, capacity, keys));
        for (of_other, (other, _)) in missed.into_iter().zip(POLICIES).skip(1) {
            let amounts = Amounts::Count([missed[0], of_other]);
            lab.counted(Question::of(what, holds), ["LRU", other], "misses", amounts)?;
        }
    }
    let kept = [most_bytes(&by_number()), most_bytes(&by_weight())];
    let question = Question::of("texts of 1 B to 64 KiB", "values differ in size");
    let forms = ["100 texts at most", "256 KiB at most"];
    lab.counted(question, forms, "kept", Amounts::Bytes(kept))?;
    let [lru, lfu] = [EvictionPolicy::lru(), EvictionPolicy::tiny_lfu()].map(|p| cache(p, 500));
    let keys = &users[..1000];
    let ask = |cache: &Cache<u64, u64, Hasher>| {
        keys.iter()
            .map(|key| cache.get_with(*key, || *key))
            .fold(0, |sum, value| sum ^ value)
    };
    let holds = "a hit is quicker than a miss, which inserts";
    let question = Question::of("the time of 1000 look-ups", holds);
    let forms = [
        Form::new("LRU", || ask(&lru)),
        Form::new("TinyLFU", || ask(&lfu)),
    ];
    lab.compare(question, forms)
}

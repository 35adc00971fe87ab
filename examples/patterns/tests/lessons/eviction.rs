use moka::policy::EvictionPolicy;
use perfkit::Monitor;
use perfkit_patterns::eviction::{
    by_number, by_weight, cache, misses, most_bytes, with_scans, zipf,
};

/// What least recently and least often used miss.
fn both(keys: &[u64], capacity: u64) -> [u64; 2] {
    [EvictionPolicy::lru(), EvictionPolicy::tiny_lfu()]
        .map(|policy| misses(&Monitor::new(), "test", &cache(policy, capacity), keys))
}

#[test]
fn a_scan_empties_an_lru_and_not_a_tiny_lfu() {
    let users = zipf(10_000).unwrap();
    let scans = with_scans(&users);
    let once = (scans.len() - users.len()) as u64;
    let [lru, lfu] = both(&scans, 500);
    assert!(lfu + 1000 < lru, "{lru} {lfu}");
    assert!(lfu >= once, "what is used once is always missed");
}

#[test]
fn where_all_fits_every_key_is_missed_once() {
    let users = zipf(5_000).unwrap();
    let mut different = users.clone();
    different.sort_unstable();
    different.dedup();
    assert_eq!(both(&users, 20_000), [different.len() as u64; 2]);
}

#[test]
fn hits_and_misses_add_up_and_the_ratio_is_theirs() {
    let (users, monitor) = (zipf(2_000).unwrap(), Monitor::new());
    let missed = misses(
        &monitor,
        "cache",
        &cache(EvictionPolicy::lru(), 100),
        &users,
    );
    let snapshot = monitor.snapshot();
    let rate = &snapshot.ratio("cache_hit_rate").unwrap().lifetime;
    assert_eq!((rate.counted, rate.of), (2_000 - missed, 2_000));
}

#[test]
fn a_weight_bounds_the_bytes_and_a_number_does_not() {
    assert!(most_bytes(&by_weight()) <= 256 << 10);
    assert!(most_bytes(&by_number()) > 256 << 10);
}

use perfkit::Monitor;
use perfkit_patterns::eviction::{
    POLICIES, by_number, by_weight, misses, most_bytes, with_other_favourites, with_scans, zipf,
};

/// What LRU, LFU and TinyLFU miss.
fn all(keys: &[u64], capacity: usize) -> [u64; 3] {
    POLICIES.map(|policy| misses(&Monitor::new(), "test", policy, capacity, keys))
}

#[test]
fn a_scan_empties_an_lru_and_no_other() {
    let users = zipf(10_000).unwrap();
    let scans = with_scans(&users);
    let once = (scans.len() - users.len()) as u64;
    let [lru, lfu, tiny_lfu] = all(&scans, 500);
    for other in [lfu, tiny_lfu] {
        assert!(other + 1000 < lru, "{lru} {lfu} {tiny_lfu}");
        assert!(other >= once, "what is used once is always missed");
    }
}

#[test]
fn an_lfu_keeps_the_favourites_of_before() {
    let users = zipf(50_000).unwrap();
    let missed_more = |capacity| {
        let [lru, lfu, tiny_lfu] = all(&with_other_favourites(&users), capacity);
        (lfu > lru, tiny_lfu < lfu)
    };
    assert_eq!(missed_more(500), (true, true));
    assert_eq!(missed_more(20_000), (false, false), "where all fits");
}

#[test]
fn where_all_fits_every_key_is_missed_once() {
    let users = zipf(5_000).unwrap();
    let mut different = users.clone();
    different.sort_unstable();
    different.dedup();
    assert_eq!(all(&users, 20_000), [different.len() as u64; 3]);
}

#[test]
fn hits_and_misses_add_up_and_the_ratio_is_theirs() {
    let (users, monitor) = (zipf(2_000).unwrap(), Monitor::new());
    let missed = misses(&monitor, "cache", POLICIES[0], 100, &users);
    let snapshot = monitor.snapshot();
    let rate = &snapshot.ratio("cache_LRU_hit_rate").unwrap().lifetime;
    assert_eq!((rate.counted, rate.of), (2_000 - missed, 2_000));
}

#[test]
fn a_weight_bounds_the_bytes_and_a_number_does_not() {
    assert!(most_bytes(&by_weight()) <= 256 << 10);
    assert!(most_bytes(&by_number()) > 256 << 10);
}

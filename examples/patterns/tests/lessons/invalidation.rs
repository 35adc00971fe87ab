use std::collections::BTreeSet;

use perfkit::Monitor;
use perfkit_patterns::backpressure::mock_clock;
use perfkit_patterns::invalidation::{Cached, LESSON, Queries, waits};

use crate::counted;

#[test]
fn only_the_first_reader_waits_where_stale_is_good_enough() {
    let runtime = mock_clock().unwrap();
    let cached = Cached::new(Monitor::new().counter("fetches"));
    let read = || {
        let cached = cached.clone();
        async move { cached.while_revalidating().await }
    };
    // It takes 10 ms, and until then there is nothing to answer with.
    assert_eq!(runtime.block_on(waits(10, read)), 10);
    assert_eq!(runtime.block_on(waits(200, read)), 0);
    let newest = runtime.block_on(cached.while_revalidating());
    assert!(
        (3..=4).contains(&newest),
        "fetched anew every 60 ms: {newest}"
    );
}

#[test]
fn fetching_is_done_once_for_all_who_wait() {
    let reads = "1000 reads, fresh for 50 ms";
    let [expired, stale] = counted(&LESSON, reads, "fetches");
    assert!(
        expired.abs_diff(stale) <= 1 && (16..=20).contains(&stale),
        "{expired} {stale}"
    );
    let [waited, hardly] = counted(&LESSON, reads, "readers_that_waited");
    assert!(
        hardly <= 10 && waited > 10 * expired / 2,
        "{waited} {hardly}"
    );
}

#[test]
fn a_page_shows_the_same_whatever_was_dropped() {
    let monitor = Monitor::new();
    let pages = ["all", "touched"].map(|name| Queries::new(monitor.counter(name)));
    let before = pages[0].show();
    pages[0].drop_all();
    pages[1].drop_touched(&BTreeSet::from([1, 2]));
    assert_eq!(pages[0].show(), before);
    assert_eq!(pages[1].show(), before);
}

#[test]
fn a_change_refetches_what_it_touches() {
    let touches_some = counted(&LESSON, "a change touches 4 of 10 queries", "fetches");
    let touches_all = counted(&LESSON, "a change touches all 10 queries", "fetches");
    // The page's first show fetches all ten in both forms.
    assert_eq!(touches_some, [1000, 10 + 99 * 4]);
    assert_eq!(touches_all, [1000, 1000]);
}

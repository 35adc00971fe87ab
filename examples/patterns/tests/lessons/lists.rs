use perfkit_patterns::lists::{LESSON, all_rows, copies, sharing, window};
use perfkit_patterns::memory_of;

use crate::counted;

#[test]
fn a_window_shows_the_same_rows() {
    for seen in [0..30, 500..530, 990..1000] {
        assert_eq!(window(1000, seen.clone()), all_rows(1000, seen));
    }
    let seen = memory_of(|| window(100_000, 0..30)).1;
    assert!(seen.allocations < 100, "{seen:?}");
}

#[test]
fn versions_are_equal_and_share_what_did_not_change() {
    let same = |(copy, shared): (&Vec<u64>, &rpds::Vector<u64>)| copy.iter().eq(shared.iter());
    assert!(copies(1000).iter().zip(&sharing(1000)).all(same));
    let [copied, shared] = counted(&LESSON, "100 versions of 10,000 items", "peak_growth");
    assert!(copied > 100 * 10_000 * 8, "{copied}");
    assert!(shared < copied / 4, "{shared}");
}

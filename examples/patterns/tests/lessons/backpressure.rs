use std::fs::File;
use std::time::Duration;

use perfkit::Monitor;
use perfkit_patterns::backpressure::{
    LESSON, Passage, answered_in_time, each_by_itself, in_batches, mock_clock, through_queue,
};

use crate::counted;

#[test]
fn a_bound_as_large_as_the_service_answers_everybody_in_time() {
    let runtime = mock_clock().unwrap();
    // Five times four workers within 50 ms, and the fifth just at the end of it.
    let unbounded = runtime.block_on(answered_in_time(200, 200));
    assert!((16..=20).contains(&unbounded), "{unbounded}");
    assert_eq!(runtime.block_on(answered_in_time(200, 4)), 200);
}

/// A thousand items through a queue, and its greatest length.
fn pass(bound: usize, each_ms: u64) -> (Passage, f64) {
    let (monitor, each) = (Monitor::new(), Duration::from_millis(each_ms));
    let queue = monitor.gauge("queue");
    let passage = mock_clock()
        .unwrap()
        .block_on(through_queue(1000, bound, each, &queue));
    let longest = monitor.snapshot().gauge("queue").unwrap().lifetime.max;
    (passage, longest.unwrap())
}

#[test]
fn a_bound_keeps_queue_and_waiting_short_and_loses_nothing() {
    let ((wrong, long), (right, short)) = (pass(1000, 2), pass(16, 2));
    assert_eq!((wrong.items, right.items), (1000, 1000));
    assert!(long > 400.0 && short <= 17.0, "{long} {short}");
    assert!(wrong.p99_wait > Duration::from_millis(900), "{wrong:?}");
    assert!(right.p99_wait < Duration::from_millis(40), "{right:?}");
    assert!(wrong.took.abs_diff(right.took) < Duration::from_millis(50));
    assert_eq!(pass(1000, 0).1, pass(16, 0).1);
}

#[test]
fn a_bound_keeps_memory_small() {
    let [wrong, right] = counted(&LESSON, "a consumer half as quick", "peak_growth");
    assert!(wrong > 400 * 1024 && right < wrong / 4, "{wrong} {right}");
}

#[test]
fn batches_write_the_same_with_fewer_syncs() {
    let runtime = mock_clock().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let paths = ["single", "batched"].map(|name| folder.path().join(name));
    let [mut single, mut batched] = paths.each_ref().map(|path| File::create(path).unwrap());
    let items = ["a\n", "b\n", "c\n", "d\n", "e\n"];
    let syncs = runtime
        .block_on(each_by_itself(&items, &mut single))
        .unwrap();
    let fewer = runtime
        .block_on(in_batches(&items, 2, &mut batched))
        .unwrap();
    assert_eq!((syncs, fewer), (5, 3));
    let [single, batched] = paths.map(|path| std::fs::read_to_string(path).unwrap());
    assert_eq!(single, "a\nb\nc\nd\ne\n");
    assert_eq!(batched, single);
}

use std::time::Duration;

use perfkit_patterns::backpressure::mock_clock;
use perfkit_patterns::publish::{longest_urgent_wait, seen_by_both, turns};

#[test]
fn who_expects_heartbeats_sees_every_message_once_and_in_order() {
    let [trusting, expecting] = mock_clock().unwrap().block_on(seen_by_both());
    assert!(trusting.len() <= 20, "{trusting:?}");
    assert_eq!(expecting, (0..100).collect::<Vec<_>>());
}

#[test]
fn urgent_messages_overtake_all_others() {
    let runtime = mock_clock().unwrap();
    let [in_order, first] = [false, true].map(|own| runtime.block_on(longest_urgent_wait(own)));
    assert!(in_order >= Duration::from_millis(900), "{in_order:?}");
    assert!(first <= Duration::from_millis(10), "{first:?}");
}

#[test]
fn batches_bring_the_same_in_fewer_turns() {
    let runtime = mock_clock().unwrap();
    let (one, many) = (
        runtime.block_on(turns(1000, 1)),
        runtime.block_on(turns(1000, 100)),
    );
    assert_eq!((one.0, one.1), (499_500, 1000));
    assert_eq!(many.0, one.0);
    assert!(many.1 <= 20, "{}", many.1);
}

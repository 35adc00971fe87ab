use std::time::Duration;

use perfkit_patterns::backpressure::mock_clock;
use perfkit_patterns::later::{Program, debounced, each_letter, throttled, typing};
use perfkit_patterns::memory_of;
use tokio::sync::mpsc;

const MS: fn(u64) -> Duration = Duration::from_millis;

/// What is searched while somebody types fifty letters.
fn searched<F: Future<Output = Vec<usize>>>(
    pause: Duration,
    search: impl Fn(mpsc::Receiver<usize>) -> F,
) -> Vec<usize> {
    mock_clock().unwrap().block_on(async {
        let (sender, receiver) = mpsc::channel(100);
        tokio::join!(typing(50, pause, sender), search(receiver)).1
    })
}

#[test]
fn the_last_letter_is_always_searched_for() {
    assert_eq!(searched(MS(50), each_letter).len(), 50);
    assert_eq!(
        searched(MS(50), |letters| debounced(letters, MS(300))),
        [50]
    );
    let some = searched(MS(50), |letters| throttled(letters, MS(200)));
    assert_eq!(some.last(), Some(&50));
    assert!((10..=16).contains(&some.len()), "{some:?}");
    assert!(some.is_sorted());
    assert_eq!(
        searched(MS(1000), |letters| debounced(letters, MS(300))).len(),
        50
    );
    assert_eq!(
        searched(MS(1000), |letters| throttled(letters, MS(200))).len(),
        50
    );
}

#[test]
fn a_lazy_part_is_made_once_and_only_where_it_is_used() {
    let most = |program: fn() -> Program, uses_it| {
        memory_of(|| {
            let program = program();
            (program.run(uses_it), program.run(uses_it))
        })
    };
    let (unused, nothing) = most(Program::lazy, false);
    assert_eq!((unused, nothing.allocations), ((1, 1), 0));
    assert_eq!(most(Program::lazy, true), most(Program::eager, true));
}

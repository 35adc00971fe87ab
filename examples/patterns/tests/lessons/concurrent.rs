use std::time::Duration;

use perfkit_patterns::concurrent::{
    all_at_once, all_or_nothing, group_until, one_after_the_other, what_succeeds,
};
use tokio::runtime::Builder;

/// On a clock that runs ahead whenever all wait.
fn on_paused_clock<T>(future: impl Future<Output = T>) -> (T, Duration) {
    let mut runtime = Builder::new_current_thread();
    runtime.enable_time().start_paused(true);
    runtime.build().unwrap().block_on(async {
        let start = tokio::time::Instant::now();
        (future.await, start.elapsed())
    })
}

fn ms(times: [u64; 4]) -> [Duration; 4] {
    times.map(Duration::from_millis)
}

#[test]
fn both_forms_answer_alike_in_the_sum_and_in_the_longest_of_the_times() {
    let times = ms([40, 10, 30, 20]);
    let (one, sum) = on_paused_clock(one_after_the_other(&times));
    let (all, longest) = on_paused_clock(all_at_once(&times));
    assert_eq!(one, [0, 1, 2, 3]);
    assert_eq!(all, one);
    assert_eq!((sum.as_millis(), longest.as_millis()), (100, 40));
}

#[test]
fn a_failure_takes_all_answers_or_its_own_alone() {
    let times = ms([10; 4]);
    let (nothing, _) = on_paused_clock(all_or_nothing(&times));
    assert_eq!(nothing, Err("call 2 failed".to_owned()));
    let ((answers, failures), _) = on_paused_clock(what_succeeds(&times));
    assert_eq!(
        (answers.as_slice(), failures.len()),
        ([0, 1, 3].as_slice(), 1)
    );
}

#[test]
fn a_dropped_group_cancels_what_still_runs() {
    let times = ms([10, 20, 300, 400]);
    let (answered, took) = on_paused_clock(group_until(&times, Duration::from_millis(50)));
    assert_eq!((answered, took.as_millis()), (2, 50));
}

use std::time::Duration;

use perfkit_patterns::blocking::{
    at_once, health_check, on_blocking_threads, on_the_runtime, runtime,
};

const TAKES: Duration = Duration::from_millis(20);

#[test]
fn the_check_answers_alike_beside_either_form() {
    let runtime = runtime(8).unwrap();
    for jobs in [
        on_the_runtime(&runtime, 3, TAKES),
        on_blocking_threads(&runtime, 3, TAKES),
    ] {
        assert_eq!(health_check(&runtime).unwrap(), "healthy");
        drop(jobs);
    }
}

#[test]
fn a_pool_of_its_own_bounds_what_runs_at_once() {
    let few = at_once(&runtime(4).unwrap(), 32, TAKES).unwrap();
    assert!((1..=4).contains(&few), "{few}");
}

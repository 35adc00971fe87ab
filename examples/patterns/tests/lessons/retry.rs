use std::time::Duration;

use perfkit::Monitor;
use perfkit_patterns::backpressure::mock_clock;
use perfkit_patterns::retry::{
    LESSON, Refusal, Storm, at_once, attempts_at_denied, breaker, calls_that_wait, exponential,
    storm, with_jitter,
};

use crate::counted;

#[test]
fn every_client_is_served_in_the_end() {
    let runtime = mock_clock().unwrap();
    let attempts = || Monitor::new().counter("attempts");
    let all: [Storm; 3] = runtime.block_on(async {
        [
            storm(attempts(), at_once).await,
            storm(attempts(), exponential).await,
            storm(attempts(), with_jitter).await,
        ]
    });
    assert_eq!(all.map(|storm| storm.served), [100; 3]);
    assert!(
        all.iter()
            .all(|storm| storm.took > Duration::from_millis(500))
    );
    let [_, together, spread] = all.map(|storm| storm.rush);
    assert!(spread < together, "{all:?}");
}

#[test]
fn backoff_asks_far_less_often() {
    let [fixed, jitter] = counted(&LESSON, "100 clients, 500 ms outage", "attempts");
    assert!(fixed > 5 * jitter, "{fixed} {jitter}");
}

#[test]
fn an_error_that_stays_is_sent_once() {
    let runtime = mock_clock().unwrap();
    let sent = |retried| runtime.block_on(attempts_at_denied(retried));
    assert_eq!(sent(|_| true), 6);
    assert_eq!(sent(|refusal| *refusal == Refusal::Unavailable), 1);
}

#[test]
fn a_breaker_lets_few_calls_wait_and_closes_again() {
    let open = breaker(Duration::from_secs(3600));
    assert_eq!(calls_that_wait(1000, None), 1000);
    let waited = calls_that_wait(1000, Some(&open));
    assert!((10..=20).contains(&waited), "{waited}");
    assert_eq!(calls_that_wait(1000, Some(&open)), 0, "it stays open");
    let brief = breaker(Duration::from_millis(1));
    let _ = calls_that_wait(11, Some(&brief));
    std::thread::sleep(Duration::from_millis(20));
    let works = || brief.call(|| Ok::<_, Refusal>(())).is_ok();
    assert!((0..20).all(|_| works()));
}

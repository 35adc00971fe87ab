use std::time::Duration;

use perfkit::Monitor;
use perfkit_patterns::layered_cache::{Layers, made, orders, report, requests};
use perfkit_patterns::{Database, Error};

const START: Duration = Duration::ZERO;
const HOUR: Duration = Duration::from_secs(3600);

fn counted(monitor: &Monitor) -> [u64; 3] {
    let snapshot = monitor.snapshot();
    ["hits", "promotions", "misses"].map(|name| snapshot.counter(name).unwrap().lifetime.total)
}

fn unwanted() -> Result<String, Error> {
    Err("the source was asked".into())
}

#[test]
fn the_source_is_asked_once_and_what_is_below_is_promoted() {
    let (cache, monitor) = (Database::new("").unwrap(), Monitor::new());
    let layers = || Layers::new(cache.connect().unwrap(), 100, HOUR, &monitor).unwrap();
    let before = layers();
    assert_eq!(
        before.get(7, START, || Ok("seven".into())).unwrap(),
        "seven"
    );
    assert_eq!(before.get(7, START, unwanted).unwrap(), "seven");
    assert_eq!(counted(&monitor), [1, 0, 1]);
    // A new process has an empty memory, over what the other one kept.
    let after = layers();
    for _ in 0..2 {
        assert_eq!(after.get(7, START, unwanted).unwrap(), "seven");
    }
    assert_eq!(counted(&monitor), [3, 1, 1]);
}

#[test]
fn what_is_too_old_is_made_anew() {
    let (cache, monitor) = (Database::new("").unwrap(), Monitor::new());
    // Nothing in memory, so that the layer below decides by the time that it is told.
    let layers = Layers::new(cache.connect().unwrap(), 0, HOUR, &monitor).unwrap();
    layers.get(7, START, || Ok("old".into())).unwrap();
    let just_before = HOUR - Duration::from_millis(1);
    assert_eq!(layers.get(7, just_before, unwanted).unwrap(), "old");
    assert_eq!(layers.get(7, HOUR, || Ok("new".into())).unwrap(), "new");
    assert_eq!(layers.get(7, HOUR, unwanted).unwrap(), "new");
}

#[test]
fn a_source_that_fails_is_asked_again() {
    let (cache, monitor) = (Database::new("").unwrap(), Monitor::new());
    let layers = Layers::new(cache.connect().unwrap(), 100, HOUR, &monitor).unwrap();
    assert!(layers.get(7, START, unwanted).is_err());
    assert_eq!(
        layers.get(7, START, || Ok("seven".into())).unwrap(),
        "seven"
    );
}

#[test]
fn the_hit_rate_is_the_monitors_own() {
    let monitor = Monitor::new();
    // Ten keys that are asked for often, and a hundred, one of them the same, now and then.
    assert_eq!(made(&monitor, &requests(10_000, true)).unwrap(), 109);
    let snapshot = monitor.snapshot();
    let rate = snapshot.ratio("hit_rate").unwrap().lifetime;
    assert_eq!((rate.counted, rate.of), (9_891, 10_000));
    let of_others = requests(200, false);
    assert_eq!(made(&Monitor::new(), &of_others).unwrap(), 200);
}

#[test]
fn a_report_tells_of_all_orders_of_a_customer() {
    let orders = orders(2_000).unwrap();
    let report = report(&orders.connection, 7).unwrap();
    assert_eq!(report, "customer 7: 2 orders, 1014 cents");
}

use perfkit::Monitor;
use perfkit_patterns::memoisation::{Page, nested_loops, renders, reverse_lookup, states};

#[test]
fn both_pages_look_alike_at_every_step() {
    let monitor = Monitor::new();
    let page = Page::new(&monitor, "renders");
    for state in states(20, false).iter().chain(&states(20, true)) {
        assert_eq!(page.anew(state), page.kept(state));
    }
}

#[test]
fn what_did_not_change_is_not_rendered_again() {
    let monitor = Monitor::new();
    // All four at first, and then one at each of 99 steps.
    assert_eq!(renders(&monitor, "one", &states(100, false)), [400, 4 + 99]);
    assert_eq!(renders(&monitor, "all", &states(100, true)), [400, 400]);
}

#[test]
fn both_searches_find_the_same_in_the_same_order() {
    let customers: Vec<_> = (0..50).map(|n| (n, format!("customer {n}"))).collect();
    let orders: Vec<_> = (0..80).map(|n| (n, n * 31 % 60)).collect();
    let found = nested_loops(&orders, &customers);
    assert_eq!(found, reverse_lookup(&orders, &customers));
    assert!(found.len() < orders.len(), "some have no customer");
}

//! Lesson 6: three windows on the same calls.
//!
//! In the `Cargo.toml` of a program of your own:
//! `perfkit-core = "0.1"`
//!
//! The lifetime has everything, the last calls tell how it is now whatever the
//! load, and the last period tells how it is now whatever the number of calls.
//! A mock clock makes the lesson take no time.
//!
//! Run it with `cargo run --example 06_windows`.

use std::time::Duration;

use perfkit::unit::Unit;
use perfkit::{MockClock, Monitor, WindowSnapshot};

fn main() {
    let clock = MockClock::new();
    let monitor = Monitor::builder()
        .clock(clock.clone())
        .last_calls(100)
        .last_period(Duration::from_secs(10))
        .build();

    // A minute of quick calls, then a short bad spell.
    for _ in 0..600 {
        monitor.measure("query", || clock.advance(Duration::from_millis(4)));
        clock.advance(Duration::from_millis(96));
    }
    for _ in 0..20 {
        monitor.measure("query", || clock.advance(Duration::from_millis(80)));
        clock.advance(Duration::from_millis(20));
    }

    let snapshot = monitor.snapshot();
    let query = snapshot.operation("query").expect("it was called");
    print("lifetime", &query.lifetime);
    print("last 100 calls", &query.last_calls);
    print("last 10 s", &query.last_period);
}

fn print(title: &str, window: &WindowSnapshot) {
    let time = |ns: Option<f64>| ns.map_or("-".into(), |ns| Unit::Nanoseconds.format(ns, 3));
    println!(
        "{title:15} {:4} calls, median {}, p95 {}, p99 {}",
        window.count(),
        time(window.median()),
        time(window.p95()),
        time(window.p99()),
    );
}

//! Lesson 12: numbers that are no call's time.
//!
//! In the `Cargo.toml` of a program of your own:
//! `perfkit-core = "0.1"`
//!
//! A cache in front of a slow store: counters tell how often it helps, a ratio says it in one
//! number with what that rests on, and a gauge how full it is. The time of the calls alone
//! would not tell a cache that is too small from a store that is slow.
//!
//! Run it with `cargo run --example 12_counts`.

use std::collections::VecDeque;
use std::time::Duration;

use perfkit::{Counter, Gauge, MockClock, Monitor, Report};

/// Keeps what was asked for last, up to a number of values.
struct Cache {
    kept: VecDeque<u64>,
    most: usize,
    hits: Counter,
    misses: Counter,
    size: Gauge,
}

impl Cache {
    fn new(monitor: &Monitor, most: usize) -> Self {
        let labels = [("most", most)];
        let counter = |name| monitor.counter_labelled(name, &labels);
        let (hits, misses) = (counter("cache_hits"), counter("cache_misses"));
        monitor.ratio(&format!("hit_rate_of_{most}"), &hits, &[&hits, &misses]);
        Self {
            kept: VecDeque::new(),
            most,
            hits,
            misses,
            size: monitor.gauge_labelled("cache_size", &labels),
        }
    }

    fn get(&mut self, key: u64, load: impl FnOnce()) {
        if self.kept.contains(&key) {
            return self.hits.increment();
        }
        self.misses.increment();
        load();
        if self.kept.len() == self.most {
            self.kept.pop_front();
        }
        self.kept.push_back(key);
        self.size.set(self.kept.len() as f64);
    }
}

fn main() {
    let clock = MockClock::new();
    let monitor = Monitor::with_clock(clock.clone());
    for most in [10, 100] {
        let mut cache = Cache::new(&monitor, most);
        // Ninety keys, in an order that is none.
        for number in 0..10_000_u64 {
            let key = number * number % 9001 % 90;
            let load = || clock.advance(Duration::from_millis(5));
            monitor.measure(&format!("get of {most}"), || cache.get(key, load));
        }
    }
    let snapshot = monitor.snapshot();
    for ratio in &snapshot.ratios {
        let rate = &ratio.lifetime;
        println!("{}: {} of {}", ratio.name, rate.counted, rate.of);
    }
    println!("\n{}", Report::from_snapshot(snapshot));
}

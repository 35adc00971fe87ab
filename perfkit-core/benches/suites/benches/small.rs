//! Functions of microseconds.

use std::collections::HashMap;
use std::hint::black_box;

use suites::units;

fn main() {
    perfkit::bench::main(|bench| {
        let texts: Vec<String> = (0..2000_u64).map(|n| (n * 7919).to_string()).collect();
        bench.group("parse", |group| {
            group.add("parse", || {
                let texts = texts[..units(1000)].iter();
                texts
                    .map(|text| text.parse::<u64>().unwrap_or(0))
                    .sum::<u64>()
            });
        });
        let map: HashMap<u64, u64> = (0..1000).map(|n| (n * 7919, n)).collect();
        bench.group("lookup", |group| {
            group.add("lookup", || {
                let keys = 0..black_box(1000);
                keys.filter_map(|n: u64| map.get(&(n * 7919))).sum::<u64>()
            });
        });
        bench.group("join", |group| {
            group.add("join", || black_box(&texts[..500]).join(","));
        });
    });
}

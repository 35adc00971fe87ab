//! Functions that two threads call.

use std::hint::black_box;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use suites::units;

fn main() {
    perfkit::bench::main(|bench| {
        bench.group("own", |group| {
            group.add_threads("own", 2, || {
                let units = 0..black_box(units(1000) as u64);
                units.fold(1_u64, |sum, n| black_box(sum ^ n).wrapping_mul(0x9e37_79b9))
            });
        });
        let sum = Mutex::new(0_u64);
        bench.group("mutex", |group| {
            group.add_threads("mutex", 2, || {
                for _ in 0..20 {
                    if let Ok(mut sum) = sum.lock() {
                        *sum += 1;
                    }
                }
            });
        });
        let count = AtomicU64::new(0);
        bench.group("atomic", |group| {
            group.add_threads("atomic", 2, || {
                for _ in 0..20 {
                    count.fetch_add(1, Ordering::Relaxed);
                }
            });
        });
    });
}

//! Functions that allocate.

use std::collections::BTreeMap;
use std::hint::black_box;

use suites::units;

#[global_allocator]
static ALLOCATOR: perfkit::CountingAllocator = perfkit::CountingAllocator::system();

fn main() {
    perfkit::bench::main(|bench| {
        bench.group("strings", |group| {
            group.add("strings", || {
                let numbers = 0..black_box(units(1000));
                let texts: Vec<String> = numbers.map(|n| n.to_string()).collect();
                texts.iter().map(String::len).sum::<usize>()
            });
        });
        bench.group("tree", |group| {
            group.add("tree", || {
                let numbers = 0..black_box(1000_u64);
                let tree: BTreeMap<u64, u64> =
                    numbers.map(|n| (n.wrapping_mul(7919) % 1009, n)).collect();
                tree.len()
            });
        });
        let block = vec![1_u8; 1 << 20];
        bench.group("clone", |group| {
            group.add("clone", || black_box(&block).clone());
        });
    });
}

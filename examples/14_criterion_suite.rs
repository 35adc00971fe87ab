//! Lesson 14: a suite that was written for criterion
//!
//! A suite for criterion moves by its `use` line, and `Cargo.toml` by the name of the
//! library: `perfkit-core` with the feature `criterion` in place of criterion. Names stay as
//! they are, so that reports of before and after can be laid side by side.
//!
//! Each benchmark is measured in processes of its own, in turns with nobody: what it is
//! compared with is itself, in another revision (`perfkit compare --base main`) or a baseline
//! that was kept (`-- --save-baseline NAME`, then `-- --baseline NAME`).
//!
//! Run it with `cargo bench --bench 14_criterion_suite`.

use perfkit::criterion::{
    BatchSize, BenchmarkId, Criterion, Throughput, black_box, criterion_group, criterion_main,
};

fn words(c: &mut Criterion) {
    let text = "the quick brown fox jumps over the lazy dog ".repeat(20);
    c.bench_function("words", |b| {
        b.iter(|| black_box(&text).split_whitespace().count());
    });
}

fn sorting(c: &mut Criterion) {
    let mut group = c.benchmark_group("sort");
    for count in [100_u64, 1000] {
        let numbers: Vec<u64> = (0..count).rev().collect();
        group.throughput(Throughput::Elements(count));
        group.bench_with_input(
            BenchmarkId::new("unstable", count),
            &numbers,
            |b, numbers| {
                b.iter_batched_ref(
                    || numbers.clone(),
                    |numbers| numbers.sort_unstable(),
                    BatchSize::SmallInput,
                );
            },
        );
    }
    group.finish();
}

criterion_group!(benches, words, sorting);
criterion_main!(benches);

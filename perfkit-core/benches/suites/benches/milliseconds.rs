//! Functions of milliseconds.

use std::hint::black_box;

use suites::units;

fn main() {
    perfkit::bench::main(|bench| {
        bench.group("sieve", |group| {
            group.add("sieve", || {
                let rounds = 0..black_box(units(20));
                rounds.map(|_| primes_below(20_000)).sum::<usize>()
            });
        });
        bench.group("sort", |group| {
            let numbers: Vec<u64> = (0..40_000_u64)
                .map(|n| n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20)
                .collect();
            group.add_with_input(
                "sort",
                || numbers.clone(),
                |mut numbers: Vec<u64>| {
                    numbers.sort_unstable();
                    numbers
                },
            );
        });
        bench.group("matrix", |group| {
            let matrix = vec![1.5_f64; 96 * 96];
            group.add("matrix", || {
                product(black_box(&matrix), black_box(&matrix), 96)
            });
        });
    });
}

fn primes_below(end: usize) -> usize {
    let mut is_prime = vec![true; end];
    let mut count = 0;
    for n in 2..end {
        if is_prime[n] {
            count += 1;
            (n * n..end)
                .step_by(n)
                .for_each(|multiple| is_prime[multiple] = false);
        }
    }
    count
}

fn product(a: &[f64], b: &[f64], size: usize) -> Vec<f64> {
    let mut result = vec![0.0; size * size];
    for row in 0..size {
        for column in 0..size {
            let terms = (0..size).map(|k| a[row * size + k] * b[k * size + column]);
            result[row * size + column] = terms.sum();
        }
    }
    result
}

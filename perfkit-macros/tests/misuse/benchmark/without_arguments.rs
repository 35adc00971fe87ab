use perfkit::benchmark;

#[benchmark(group = "sums")]
fn counts(n: u64) -> u64 {
    n
}

fn main() {}

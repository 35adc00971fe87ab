use perfkit::benchmark;

#[benchmark(arguments = [1])]
fn adds(a: u64, b: u64) -> u64 {
    a + b
}

fn main() {}

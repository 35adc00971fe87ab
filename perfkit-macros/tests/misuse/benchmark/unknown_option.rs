use perfkit::benchmark;

#[benchmark(iterations = 1000)]
fn works() {}

fn main() {}

#[perfkit::measure(sample = 1)]
fn step() {}

fn main() {}

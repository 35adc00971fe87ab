#[perfkit::measure(labels(kind = 1, kind = 2))]
fn step() {}

fn main() {}

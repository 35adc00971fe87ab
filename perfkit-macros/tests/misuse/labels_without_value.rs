#[perfkit::measure(labels(kind))]
fn step() {}

fn main() {}

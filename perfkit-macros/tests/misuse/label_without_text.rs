struct Opaque;

#[perfkit::measure(labels(kind = Opaque))]
fn step() {}

fn main() {}

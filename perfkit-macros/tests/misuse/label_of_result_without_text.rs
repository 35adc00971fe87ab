struct Opaque;

#[perfkit::measure(labels(kind = |_| Opaque))]
fn step() {}

fn main() {
    step();
}

#[perfkit::measure(labels(count = |numbers| 1))]
fn work() -> impl Iterator<Item = u8> {
    0..3
}

fn main() {
    work().count();
}

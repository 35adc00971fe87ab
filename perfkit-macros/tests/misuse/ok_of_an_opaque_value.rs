#[perfkit::measure(ok = |_| true)]
fn work() -> impl Iterator<Item = u8> {
    0..3
}

fn main() {
    work().count();
}

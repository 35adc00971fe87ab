use futures_util::stream::{Iter, iter};

#[perfkit::measure(stream)]
fn rows() -> Iter<std::ops::Range<u32>> {
    iter(0..3)
}

fn main() {
    rows();
}

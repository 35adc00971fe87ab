#[perfkit::measure(stream, ok = |_| true)]
fn rows() -> impl futures_util::Stream<Item = u32> {
    futures_util::stream::iter(0..3)
}

fn main() {
    let _ = rows();
}

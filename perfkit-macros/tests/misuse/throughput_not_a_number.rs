#[perfkit::measure(throughput(items = text))]
fn work(text: &str) -> usize {
    text.len()
}

fn main() {
    work("");
}

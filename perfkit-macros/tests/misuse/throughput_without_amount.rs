#[perfkit::measure(throughput)]
fn work() {}

fn main() {
    work();
}

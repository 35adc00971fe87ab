#[perfkit::measure(throughput(lines = 3))]
fn work() {}

fn main() {
    work();
}

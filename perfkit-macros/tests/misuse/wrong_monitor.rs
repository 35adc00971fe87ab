#[perfkit::measure(monitor = 7)]
fn work() {}

fn main() {
    work();
}

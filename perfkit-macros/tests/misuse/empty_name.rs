#[perfkit::measure(name = "")]
fn work() {}

fn main() {
    work();
}

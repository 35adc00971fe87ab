#[perfkit::measure("work")]
fn work() {}

fn main() {
    work();
}

#[perfkit::measure(memory = true)]
fn work() {}

fn main() {
    work();
}

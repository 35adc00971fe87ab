#[perfkit::measure(naem = "work")]
fn work() {}

fn main() {
    work();
}

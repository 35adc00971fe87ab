const NAME: &str = "work";

#[perfkit::measure(name = NAME)]
fn work() {}

fn main() {
    work();
    let _ = NAME;
}

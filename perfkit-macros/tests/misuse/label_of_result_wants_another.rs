#[perfkit::measure(labels(length = |text: &String| text.len()))]
fn step() -> u16 {
    200
}

fn main() {
    step();
}

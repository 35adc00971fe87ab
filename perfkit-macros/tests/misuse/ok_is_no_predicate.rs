#[perfkit::measure(ok = 3)]
fn work() -> u32 {
    1
}

fn main() {
    work();
}

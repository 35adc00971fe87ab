#[perfkit::measure(ok = |words: &Vec<u8>| words.len())]
fn work() -> Vec<u8> {
    Vec::new()
}

fn main() {
    work();
}

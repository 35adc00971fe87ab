#[perfkit::measure(error_kind = |error| error.to_string())]
fn work() -> u32 {
    1
}

fn main() {
    work();
}

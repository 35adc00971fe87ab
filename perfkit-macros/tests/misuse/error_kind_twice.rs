#[perfkit::measure(error_kind = u8::clone, error_kind = |_| "small")]
fn work() -> Result<(), u8> {
    Ok(())
}

fn main() {
    let _: Result<(), u8> = work();
}

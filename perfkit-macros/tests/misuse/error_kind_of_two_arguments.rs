#[perfkit::measure(error_kind = |error, attempt| error)]
fn work() -> Result<(), u8> {
    Ok(())
}

fn main() {
    let _: Result<(), u8> = work();
}

struct Opaque;

#[perfkit::measure(error_kind = |_| Opaque)]
fn work() -> Result<(), u8> {
    Ok(())
}

fn main() {
    let _ = work();
}

#[perfkit::measure]
#[track_caller]
fn work() -> Result<(), String> {
    Ok(())
}

fn main() {
    let _: Result<(), String> = work();
}

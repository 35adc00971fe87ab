#[perfkit::measure]
const fn answer() -> u32 {
    42
}

fn main() {
    let _: u32 = answer();
}

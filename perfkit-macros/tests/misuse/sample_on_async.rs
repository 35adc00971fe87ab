#[perfkit::measure(sample = 10)]
async fn load() -> u32 {
    7
}

fn main() {}

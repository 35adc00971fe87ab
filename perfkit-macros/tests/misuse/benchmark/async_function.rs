use perfkit::benchmark;

#[benchmark]
async fn waits() {}

fn main() {}

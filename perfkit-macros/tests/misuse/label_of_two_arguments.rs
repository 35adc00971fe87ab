#[perfkit::measure(labels(status = |status, retries| *status))]
fn work() -> u16 {
    200
}

fn main() {
    work();
}

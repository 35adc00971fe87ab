#[perfkit::measure(cpu, cpu)]
fn work() {}

fn main() {
    work();
}

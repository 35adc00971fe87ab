#[perfkit::measure]
struct Data;

fn main() {
    let _ = Data;
}

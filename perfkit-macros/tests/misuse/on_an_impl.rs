struct Data;

#[perfkit::measure]
impl Data {
    fn work(&self) {}
}

fn main() {
    Data.work();
}

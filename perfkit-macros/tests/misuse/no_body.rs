trait Service {
    #[perfkit::measure]
    fn call(&self);
}

fn main() {}

//! One misuse of `#[measure]` per file: one message, at the token that is wrong.

#[test]
fn every_misuse_has_one_clear_message() {
    trybuild::TestCases::new().compile_fail("misuse/*.rs");
}

#[test]
fn every_misuse_of_benchmark_has_one_clear_message() {
    trybuild::TestCases::new().compile_fail("misuse/benchmark/*.rs");
}

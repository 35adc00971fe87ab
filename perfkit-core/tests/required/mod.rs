//! Programs that some tests work with, and that not every machine has.

/// Says that a test is skipped for what is missing; or fails, where everything is to be
/// there: under `PERFKIT_TEST_REQUIRE_ALL`, which `.ci/run` sets.
#[allow(clippy::print_stderr, reason = "a test has no other place to say it")]
#[track_caller]
pub(crate) fn skip(missing: &str) {
    let is_required = std::env::var_os("PERFKIT_TEST_REQUIRE_ALL").is_some();
    assert!(!is_required, "PERFKIT_TEST_REQUIRE_ALL is set: {missing}");
    eprintln!("skipped: {missing}");
}

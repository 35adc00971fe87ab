//! Results of other tools, read by the real binary. Which of the samples the tools wrote is in
//! the README beside them.

mod files;
mod load;
mod scale;

use std::path::PathBuf;

use crate::support::workspace;
use perfkit::Report;
use perfkit::report::Benchmark;

fn sample(name: &str) -> PathBuf {
    workspace().join("tests/samples").join(name)
}

#[track_caller]
fn benchmark<'a>(report: &'a Report, name: &str) -> &'a Benchmark {
    let names: Vec<&str> = report.benchmarks.iter().map(|b| b.name.as_str()).collect();
    let found = report.benchmarks.iter().find(|b| b.name == name);
    found.unwrap_or_else(|| panic!("no {name} in {names:?}"))
}

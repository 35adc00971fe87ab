//! Suites that were written for criterion, by the module `criterion`: this test is the bench
//! program too, where a variable says which (`suite.rs`).
#![allow(
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    dead_code,
    reason = "a failed test panics, the results are printed, and not all helpers are needed"
)]
#![cfg(unix)]

#[path = "../bench_program/running.rs"]
mod running;
mod suite;

/// What the helpers need of the program.
mod program {
    pub(crate) const WHICH: &str = "PERFKIT_TEST_PROGRAM";
}

use perfkit::report::NoteCode;
use perfkit::{Metric, Report};

use running::{Folder, run_tests};

const NAMES: [&str; 13] = [
    "alone",
    "sum/3",
    "group/loop",
    "group/8",
    "group/64",
    "group/loop #2",
    "group/batched",
    "group/batched by reference",
    "group/set up",
    "group/large drop",
    "group/custom",
    "async/ready",
    "async/batched",
];

fn main() {
    if let Ok(which) = std::env::var(program::WHICH) {
        return suite::run(&which);
    }
    run_tests(&[
        ("names_are_those_of_criterion", names_are_those_of_criterion),
        ("all_run_once", all_run_once),
        ("each_is_measured_alone", each_is_measured_alone),
        ("a_baseline_is_compared_with", a_baseline_is_compared_with),
        ("mistakes_are_told", mistakes_are_told),
    ]);
}

/// What was saved under the names of package and program.
fn report(folder: &Folder) -> Report {
    Report::load(folder.path("target/perfkit/benches/perfkit-core.program.json")).unwrap()
}

fn names_are_those_of_criterion() {
    let folder = Folder::new("criterion-names");
    let listed = folder.run("suite", &["--list"]);
    let names: Vec<_> = listed
        .out
        .lines()
        .filter_map(|l| l.strip_suffix(": benchmark"))
        .collect();
    assert_eq!(names[..NAMES.len()], NAMES, "{}", listed.err);
    let one = folder.run("suite", &["--list", "async/"]);
    assert!(one.out.lines().all(|line| line.starts_with("async/")));
}

fn all_run_once() {
    let folder = Folder::new("criterion-once");
    let tested = folder.run("suite", &["--test"]);
    assert_eq!(tested.code, Some(0), "{}", tested.err);
    for name in NAMES {
        let line = format!("test {name} ... ok\n");
        assert!(tested.out.contains(&line), "{line}{}", tested.out);
    }
}

fn each_is_measured_alone() {
    let folder = Folder::new("criterion-measured");
    let measured = folder.measure("suite", &[]);
    assert_eq!(measured.code, Some(0), "{}", measured.err);
    let report = report(&folder);
    let of = |name: &str| report.benchmarks.iter().find(|b| b.name == name).unwrap();
    for name in NAMES {
        let median = of(name).metrics[&Metric::WALL_TIME].median;
        assert!(median.is_some_and(|ns| ns >= 0.0), "{name}");
    }
    assert!(report.comparisons.is_empty(), "{:?}", report.comparisons);
    // A microsecond each, whatever the clock says.
    let custom = of("group/custom").metrics[&Metric::WALL_TIME].median;
    assert_eq!(custom, Some(1000.0));
    let with_parameter = of("group/64");
    assert_eq!(with_parameter.parameters["parameter"], "64");
    assert!(
        with_parameter
            .metrics
            .contains_key(&Metric::DATA_THROUGHPUT)
    );
    assert!(of("group/loop").metrics.contains_key(&Metric::THROUGHPUT));
    let location = of("group/batched").location.as_ref().unwrap();
    assert!(
        location.file.ends_with("criterion/suite.rs"),
        "{location:?}"
    );
    let ignored = report
        .notes
        .iter()
        .find(|note| note.code == NoteCode::SettingsIgnored);
    assert_eq!(
        ignored.unwrap().message,
        "without effect here: `plot_config`, `sample_size`, `sampling_mode`, `warm_up_time`"
    );
}

fn a_baseline_is_compared_with() {
    let folder = Folder::new("criterion-baseline");
    let filter = ["--exact", "group/custom"];
    let saved = folder.measure(
        "suite",
        &[&filter[..], &["--save-baseline", "old"]].concat(),
    );
    assert_eq!(saved.code, Some(0), "{}", saved.err);
    let compared = folder.measure("suite", &[&filter[..], &["--baseline", "old"]].concat());
    assert_eq!(compared.code, Some(0), "{}", compared.err);
    assert_eq!(report(&folder).comparisons.len(), 1);
}

fn mistakes_are_told() {
    let folder = Folder::new("criterion-mistakes");
    for arguments in [&["--test"][..], &["--bench", "--time", "0"]] {
        let nothing = folder.run("measures_nothing", arguments);
        assert_eq!(nothing.code, Some(5), "{}", nothing.err);
        assert!(nothing.err.contains("calls no `iter`"), "{}", nothing.err);
    }
    let own = folder.run("own_main", &["--test"]);
    assert_eq!(own.code, Some(2));
    assert!(own.err.contains("`criterion_main!`"), "{}", own.err);
}

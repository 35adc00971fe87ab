use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use perfkit_patterns::budgets::{self, by_mean, by_percentile, service};
use perfkit_patterns::{Effort, Lab, layered_cache};

#[test]
fn a_mean_hides_what_a_percentile_finds() {
    let few_are_slow = service(8, Duration::from_millis(600));
    assert!(by_mean().check(&few_are_slow).is_ok());
    assert!(by_percentile().check(&few_are_slow).is_err());
    let all_are = service(100, Duration::from_millis(150));
    assert!(by_mean().check(&all_are).is_err());
    assert!(by_percentile().check(&all_are).is_err());
    let none_is = service(0, Duration::ZERO);
    assert!(by_percentile().check(&none_is).is_ok());
}

fn sample(name: &str) -> PathBuf {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/samples");
    samples.join(name)
}

fn gate(files: &[PathBuf]) -> Output {
    let mut gate = Command::new(env!("CARGO_BIN_EXE_perfkit-patterns"));
    let gate = gate.arg("gate").args(files).arg("--color=never");
    // CI's own settings are not of this test.
    gate.env_remove("GITHUB_ACTIONS").env_remove("CI");
    gate.output().unwrap()
}

#[test]
fn the_budgets_of_the_notes_hold_imported_results_and_the_gallerys_own() {
    let mut lab = Lab::new(Effort::Quick, |_| ());
    for lesson in [layered_cache::LESSON, budgets::LESSON] {
        lab.run(&lesson).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("patterns.json");
    lab.report().save(&own).unwrap();
    let of_others = [
        "lighthouse/mobile.json",
        "k6/summary-export.json",
        "redis-benchmark/table.csv",
    ];
    let mut files: Vec<PathBuf> = of_others.map(sample).to_vec();
    files.push(own);
    let output = gate(&files);
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}{errors}");
    for (name, passes) in [
        ("page_load", true),
        ("time_to_first_byte", true),
        ("first_contentful_paint", true),
        ("largest_contentful_paint", false),
        ("cumulative_layout_shift", true),
        ("p95", false),
        ("throughput", false),
        ("hit_rate", true),
        ("heap", true),
    ] {
        let line = text.lines().find(|line| line.contains(name));
        let line = line.unwrap_or_else(|| panic!("{name} is missing:\n{text}{errors}"));
        assert_eq!(line.contains("pass"), passes, "{line}\n{text}");
    }
}

#[test]
fn what_nobody_measured_is_no_pass() {
    let output = gate(&[sample("lighthouse/mobile.json")]);
    assert_ne!(output.status.code(), Some(0));
}

//! hyperfine 1: `--export-json`. Seconds; user and system time as means only.

use std::collections::BTreeMap;

use perfkit::Metric;
use perfkit::report::{FailureKind, Note, NoteCode, Report};
use serde::Deserialize;

use super::build::{Entry, Import, Reported};
use super::json::{Number, Numbers, Plain, parse};
use super::parse_error::ParseError;
use super::text::Text;
use super::units::Scale;

#[derive(Deserialize)]
struct File {
    results: Vec<Outcome>,
}

#[derive(Deserialize)]
struct Outcome {
    command: String,
    #[serde(flatten)]
    time: Reported,
    user: Number,
    system: Number,
    times: Option<Numbers>,
    memory_usage_byte: Option<Numbers>,
    exit_codes: Option<Vec<Option<i64>>>,
    parameters: Option<BTreeMap<String, Plain>>,
}

pub(super) fn recognise(text: &Text) -> bool {
    let shape = text.shape();
    let others = ["schema", "metrics", "schema_version", "config"];
    let is_other = others.iter().any(|key| shape.has(key));
    shape.is_object_with(&["results"]) && !is_other && text.as_str().contains("\"command\"")
}

pub(super) fn read(text: Text) -> Result<Report, ParseError> {
    let file: File = parse(text.as_str())?;
    // Before its values are put in order, which needs as much memory once more.
    drop(text);
    Import::new("hyperfine 1 JSON").finish_with(file.results.into_iter().map(entry))
}

fn entry(outcome: Outcome) -> Entry {
    let mut entry = Entry::new(outcome.command.as_str());
    entry.command(&outcome.command);
    for (name, value) in outcome.parameters.iter().flatten() {
        entry.parameter(name, &value.0);
    }
    let times = outcome.times.unwrap_or_default().0;
    let codes = outcome.exit_codes.unwrap_or_default();
    let failures = count_failures(&mut entry, &codes, times.len());
    let is_good = |run: usize| is_success(&codes, run);
    let good = |mut values: Vec<f64>| -> Vec<f64> {
        let mut run = 0;
        values.retain(|_| {
            run += 1;
            is_good(run - 1)
        });
        values
    };
    let successes = times.len() as u64 - failures;
    if times.is_empty() {
        entry.reported(Metric::WALL_TIME, Scale::SECONDS, outcome.time);
    } else {
        entry.numbers(Metric::WALL_TIME, Scale::SECONDS, good(times));
        entry.runs(successes, failures);
    }
    // The means hold the failed runs as well.
    if failures == 0 {
        let mean = |value: Option<f64>| Reported {
            count: successes,
            ..Reported::of_mean(value)
        };
        let cpu = outcome.user.0.zip(outcome.system.0).map(|(u, s)| u + s);
        entry.reported(Metric::USER_TIME, Scale::SECONDS, mean(outcome.user.0));
        entry.reported(Metric::SYSTEM_TIME, Scale::SECONDS, mean(outcome.system.0));
        entry.reported(Metric::CPU_TIME, Scale::SECONDS, mean(cpu));
    }
    if let Some(memory) = outcome.memory_usage_byte {
        entry.numbers(Metric::PEAK_MEMORY, Scale::BYTES, good(memory.0));
        entry.peak_memory_is_inherited(MEMORY_FLOOR);
    }
    entry
}

/// Hyperfine reads the peak of all children so far, its own among them.
pub(super) const MEMORY_FLOOR: &str = "a peak memory marked ≤ is at least what hyperfine itself, or an earlier command, had taken: the command needs that much or less";

/// A run without an exit code was ended by a signal, where others have one.
fn is_success(codes: &[Option<i64>], run: usize) -> bool {
    codes.get(run).is_none_or(|code| *code == Some(0))
}

/// Tells of the failed runs, whose times are not kept.
pub(super) fn count_failures(entry: &mut Entry, codes: &[Option<i64>], runs: usize) -> u64 {
    let failed = (0..runs).filter(|run| !is_success(codes, *run));
    let mut failures = 0;
    for run in failed {
        failures += 1;
        let (kind, reason) = match codes[run] {
            Some(code) => (FailureKind::ExitStatus, format!("exit status {code}")),
            None => {
                let reason = "no exit status: perhaps a signal ended it";
                (FailureKind::Unknown, reason.to_owned())
            }
        };
        entry.failed_run(Some(run as u64 + 1), kind, reason);
    }
    if failures > 0 {
        let name = entry.name();
        entry.note(Note::warning(
            NoteCode::FailedRuns,
            format!("{name}: {failures} of {runs} runs failed; their times are not in the numbers"),
        ));
    }
    failures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_an_early_version_has_no_exit_codes() {
        let json = r#"{"results": [{"command": "true", "mean": 0.5, "stddev": null,
            "user": 0.1, "system": 0.2, "min": 0.5, "max": 0.5, "times": [0.5]}]}"#;
        let text = Text::new(json.into()).unwrap();
        assert!(recognise(&text));
        let report = read(text).unwrap();
        let time = &report.benchmarks[0].metrics[&Metric::WALL_TIME];
        assert_eq!(time.samples, [5e8]);
        assert_eq!(time.mean, Some(5e8));
        let cpu = &report.benchmarks[0].metrics[&Metric::CPU_TIME];
        assert!((cpu.mean.unwrap() - 3e8).abs() < 1.0);
    }
}

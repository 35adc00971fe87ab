//! Reports of an earlier form, brought to that of today.
//!
//! `perfkit/1` had some facts in the codes and messages of notes that only perfkit
//! wrote, and the sides of saved reports in suffixes of names. Which benchmark was an
//! A/A control it had in a name alone, which a user may have given as well: such a
//! benchmark is read as any other, and a gate is the stricter for it.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::metric::Metric;
use crate::side::Side;

use super::{Benchmark, ExactValues, Report, SCHEMA, Severity};

/// The form before today's.
pub(super) const VERSION_1: &str = "perfkit/1";

/// What is read of an earlier report beside what has the same place today.
#[derive(Deserialize)]
struct VersionOne {
    #[serde(default)]
    benchmarks: Vec<Noted>,
    #[serde(default)]
    comparisons: Vec<Noted>,
    #[serde(default)]
    notes: Vec<OldNote>,
    sampling: Option<OldSampling>,
}

/// How often the values may have been analysed, with the analysis at the end.
#[derive(Deserialize)]
struct OldSampling {
    looks: Option<u64>,
}

/// A benchmark or a comparison, of which the notes are read.
#[derive(Deserialize)]
struct Noted {
    #[serde(default)]
    notes: Vec<OldNote>,
}

impl Noted {
    fn has(&self, code: &str) -> bool {
        self.notes.iter().any(|note| note.code == code)
    }
}

#[derive(Deserialize)]
struct OldNote {
    code: String,
    message: String,
}

/// The report of version 1 in today's form. `json` is the text that it was read from.
pub(super) fn from_version_1(mut report: Report, json: &[u8]) -> serde_json::Result<Report> {
    let old: VersionOne = serde_json::from_slice(json)?;
    SCHEMA.clone_into(&mut report.schema);
    let imported = old.notes.iter().find(|note| note.code == "imported");
    report.imported_from = imported.map(|note| {
        let tool = note.message.strip_prefix("read from ");
        tool.unwrap_or(&note.message).to_owned()
    });
    for (note, old) in report.notes.iter_mut().zip(&old.notes) {
        if old.code == "no-instructions" {
            note.severity = Severity::Detail;
        }
    }
    for (benchmark, old) in report.benchmarks.iter_mut().zip(&old.benchmarks) {
        benchmark.is_peak_memory_inherited = old.has("memory-floor");
    }
    for (comparison, old) in report.comparisons.iter_mut().zip(&old.comparisons) {
        comparison.is_same_program = old.has("same-program");
        if old.has("exact-values") {
            let value = |name: &str| first_value(&report.benchmarks, name, &comparison.metric);
            let both = value(&comparison.baseline).zip(value(&comparison.candidate));
            comparison.exact = both.map(|(baseline, candidate)| ExactValues {
                baseline,
                candidate,
            });
            let exact = old.notes.iter().map(|note| note.code == "exact-values");
            let mut exact = exact.collect::<Vec<_>>().into_iter();
            comparison.notes.retain(|_| !exact.next().unwrap_or(false));
        }
    }
    let analyses = old.sampling.and_then(|sampling| sampling.looks);
    if let (Some(sampling), Some(analyses)) = (&mut report.sampling, analyses) {
        sampling.interim_analyses = analyses.saturating_sub(1);
    }
    give_sides(&mut report);
    Ok(report)
}

/// The first value of a metric of the benchmark of this name.
fn first_value(benchmarks: &[Benchmark], name: &str, metric: &Metric) -> Option<f64> {
    let benchmark = benchmarks.iter().find(|b| b.name == name)?;
    benchmark.metrics.get(metric)?.samples.first().copied()
}

/// The two states of one name, which saved reports were compared in, had the side in
/// their names; only then do both sides of a comparison have the same name.
fn give_sides(report: &mut Report) {
    let compared = report.comparisons.iter().filter(|c| c.is_of_one_name());
    let sided: BTreeMap<String, (String, Side)> = compared
        .flat_map(|comparison| {
            let name = &comparison.baseline;
            [("before", Side::Baseline), ("after", Side::Candidate)]
                .map(|(word, side)| (format!("{name} ({word})"), (name.clone(), side)))
        })
        .collect();
    let benchmarks = report.benchmarks.iter_mut();
    let benchmarks = benchmarks.map(|benchmark| (&mut benchmark.name, &mut benchmark.side));
    let operations = report.operations.iter_mut();
    let operations = operations.map(|operation| (&mut operation.name, &mut operation.side));
    for (name, side) in benchmarks.chain(operations) {
        if let Some((given, of)) = sided.get(name) {
            name.clone_from(given);
            *side = Some(*of);
        }
    }
}

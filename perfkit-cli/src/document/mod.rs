//! Results in words: sentences, tables and remarks that know no format.

mod blocks;
mod change_tables;
mod comparison;
mod gate;
mod histograms;
mod numbers;
mod operations;
mod other_metrics;
mod pull_request;
mod ranking;
mod verdict_list;

#[cfg(test)]
pub(crate) use blocks::Strip;
pub(crate) use blocks::{Align, BINS, Block, Document, Strips, Table, Tone};
pub(crate) use change_tables::verdict_word;
pub(crate) use comparison::is_time;
pub(crate) use numbers::RatioText;
pub(crate) use pull_request::digest;
pub(crate) use ranking::{Ranked, ranking};
pub(crate) use verdict_list::{Headline, basis, headlines};

use perfkit::report::{Note, Report, Severity};

/// What is said of a report without any.
const NO_RESULTS: &str = "The report has no results.";

/// What is said where nothing has an earlier state.
const ALL_NEW: &str = "Nothing was compared: all benchmarks are new.";

/// Everything that a report says, the verdict first.
pub(crate) fn document(report: &Report, detail: Detail) -> Document {
    let mut document = Document::default();
    if let Some(gate) = &report.gate {
        gate::describe(gate, &mut document);
    }
    if !report.comparisons.is_empty() || !report.benchmarks.is_empty() {
        comparison::describe(report, detail, &mut document);
    }
    if !report.operations.is_empty() {
        operations::describe(report, &mut document);
    }
    if document.blocks.is_empty() {
        document.sentence(Tone::Plain, without_results(report));
    }
    if detail != Detail::Brief {
        told_remarks(report, detail).for_each(|note| document.remark(note));
    }
    document
}

fn without_results(report: &Report) -> &'static str {
    match report.only_in_candidate.is_empty() {
        true => NO_RESULTS,
        false => ALL_NEW,
    }
}

/// How much is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// The result without remarks.
    Brief,
    /// The result and what one should know to believe it.
    Usual,
    /// Every metric.
    Full,
}

/// The remarks that are told: details only where everything is.
fn told_remarks(report: &Report, detail: Detail) -> impl Iterator<Item = &Note> {
    let is_told = move |note: &&Note| detail == Detail::Full || note.severity > Severity::Detail;
    remarks(report).filter(is_told)
}

/// The notes of the report and all of its parts, each once.
pub(crate) fn remarks(report: &Report) -> impl Iterator<Item = &Note> {
    let benchmarks = report.benchmarks.iter().flat_map(|b| &b.notes);
    let comparisons = report.comparisons.iter().flat_map(|c| &c.notes);
    let mut seen: Vec<&Note> = Vec::new();
    for note in report.notes.iter().chain(benchmarks).chain(comparisons) {
        if !seen.contains(&note) {
            seen.push(note);
        }
    }
    seen.into_iter()
}

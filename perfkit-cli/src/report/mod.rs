//! Results in words: sentences, tables and remarks that know no format.

mod comparison;
mod gate;
mod numbers;
mod operations;
mod view;

pub(crate) use view::{Align, Block, Document, Table, Tone};

use perfkit::report::{Note, Report};

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
    if detail != Detail::Brief {
        remarks(report).for_each(|note| document.remark(note));
    }
    document
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

/// The notes of the report and all of its parts, each once.
fn remarks(report: &Report) -> impl Iterator<Item = &Note> {
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

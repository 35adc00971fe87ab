//! A report for a pull request: the verdict, what got worse, what got better,
//! what is not known; the rest folded away.

use perfkit::report::{Comparison, Report};

use super::blocks::{Document, Tone};
use super::{Detail, change_tables, comparison, gate, operations, told_remarks};

/// As many comparisons have a sentence each; more are a table.
const MOST_SENTENCES: usize = 3;

/// Everything that a report says, in the order in which a reviewer asks.
pub(crate) fn digest(report: &Report, detail: Detail) -> Document {
    let mut document = Document::default();
    if let Some(gate) = &report.gate {
        gate::digest(gate, &mut document);
    }
    compare(report, &mut document);
    if !report.benchmarks.is_empty() {
        let numbers = comparison::numbers(report);
        if report.comparisons.len() > MOST_SENTENCES {
            let mut folded = Document::default();
            let summary = format!("All numbers: {}", report.benchmarks.len());
            folded.table(numbers);
            document.fold(&summary, folded);
        } else {
            document.table(numbers);
        }
    }
    if let Some(sampling) = &report.sampling {
        let text = comparison::how_sampled(sampling, &report.benchmarks);
        document.sentence(Tone::Plain, &text);
    }
    if !report.operations.is_empty() {
        operations::describe(report, &mut document);
    }
    if document.blocks.is_empty() {
        document.sentence(Tone::Plain, super::without_results(report));
    }
    if detail != Detail::Brief {
        told_remarks(report, detail).for_each(|note| document.remark(note));
    }
    document
}

fn compare(report: &Report, document: &mut Document) {
    let told: Vec<&Comparison> = comparison::told(report, Detail::Usual);
    if told.is_empty() {
        return;
    }
    if told.len() <= MOST_SENTENCES {
        comparison::sentences(&told, document);
        return;
    }
    let (tone, text) = change_tables::tally(&told);
    document.sentence(tone, &text);
    change_tables::describe(&told, document);
}

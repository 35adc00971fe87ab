//! Everything that a report says, the verdict first.

use perfkit::report::Report;

use super::blocks::Document;
use super::change_tables;
use super::counts;
use super::details;
use super::gate;
use super::headline::headline;
use super::load;
use super::operations;
use super::origin;
use super::ranking::ranking;
use super::remarks::{self, Detail};
use super::spans::Sentence;
use super::verdict_sentence::{sentence, shown_comparisons};
use super::view::View;

/// As many comparisons have a sentence each; more are a table.
const MOST_SENTENCES: usize = 8;

/// The report as a document.
pub(crate) fn document<'a>(report: &Report, view: impl Into<View<'a>>) -> Document {
    let view = view.into();
    let mut document = Document::default();
    load::verdicts(report, &mut document);
    if let Some(gate) = &report.gate {
        gate::describe(gate, &mut document);
    }
    if let Some(headline) = headline(report) {
        document.sentence(headline);
    }
    let shown = shown_comparisons(report, view.detail);
    if shown.len() <= MOST_SENTENCES {
        for comparison in shown {
            document.sentence(sentence(comparison));
        }
    } else {
        document.sentence(change_tables::tally(&shown));
        if ranking(report).is_none() {
            change_tables::describe(&shown, &mut document);
        }
    }
    details::measured(report, view, &mut document);
    finish(report, view.detail, document)
}

/// Adds what comes last: operations and counters, what is said where there is nothing else to say,
/// and remarks.
pub(super) fn finish(report: &Report, detail: Detail, mut document: Document) -> Document {
    if !report.operations.is_empty() {
        operations::describe(report, &mut document);
        load::operations(report, &mut document);
    }
    counts::describe(report, &mut document);
    if document.blocks.is_empty() && report.shard.is_none() {
        document.sentence(match report.only_in_candidate.is_empty() {
            true => Sentence::plain("The report has no results."),
            false => Sentence::plain("Nothing was compared: all benchmarks are new."),
        });
    }
    origin::describe(report, &mut document);
    remarks::describe(report, detail, &mut document);
    document
}

//! A report for a pull request: the verdict, what got worse, what got better,
//! what is not known; the rest folded away.

use perfkit::report::Report;

use super::blocks::Document;
use super::change_tables;
use super::gate;
use super::headline::headline;
use super::load;
use super::number_tables::numbers;
use super::remarks::Detail;
use super::report::finish;
use super::sampling::how_sampled;
use super::verdict_sentence::{sentence, shown_comparisons};
use super::view::View;

/// As many comparisons have a sentence each; more are a table.
const MOST_SENTENCES: usize = 3;

/// Everything that a report says, in the order in which a reviewer asks.
pub(crate) fn pull_request(report: &Report, view: View<'_>) -> Document {
    let mut document = Document::default();
    load::verdicts(report, &mut document);
    if let Some(gate) = &report.gate {
        gate::describe_briefly(gate, &mut document);
    }
    if let Some(headline) = headline(report) {
        document.sentence(headline);
    }
    let shown = shown_comparisons(report, Detail::Usual);
    let are_few = shown.len() <= MOST_SENTENCES;
    if are_few {
        for comparison in shown {
            document.sentence(sentence(comparison));
        }
    } else {
        document.sentence(change_tables::tally(&shown));
        change_tables::describe(&shown, &mut document);
    }
    if !report.benchmarks.is_empty() {
        let numbers = numbers(report, view.numbers);
        if !are_few {
            let summary = format!("All numbers: {}", report.benchmarks.len());
            document.fold(&summary, numbers);
        } else {
            document.table(numbers);
        }
    }
    load::describe(report, &mut document);
    if let Some(sampling) = &report.sampling {
        document.sentence(how_sampled(sampling, &report.benchmarks));
    }
    finish(report, view.detail, document)
}

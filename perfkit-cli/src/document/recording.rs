//! What a program recorded, and what that cost it.

use perfkit::unit::Unit;

use crate::analysis::{RecordedOperation, Recording};
use crate::text::label;

use super::blocks::{Align, Document, Table};
use super::numbers::value;
use super::spans::{Sentence, Style};
use super::words::counted;

/// As many operations are shown.
const MOST_OPERATIONS: usize = 20;

/// A share of one CPU's time that is felt, and one that is much.
const FELT: f64 = 0.01;
const MUCH: f64 = 0.05;

/// What was recorded of a program, and what it cost.
pub(crate) fn recording(recording: &Recording, document: &mut Document) {
    document.sentence(what(recording));
    document.sentence(cost(recording));
    document.sentence(dropped(recording));
    document.table(table(&recording.operations));
    let more = recording.operations.len().saturating_sub(MOST_OPERATIONS);
    if more > 0 {
        let more = counted(more as u64, "further operation");
        document.sentence(Sentence::plain(&format!(
            "{more} with fewer calls: `perfkit run` shows all."
        )));
    }
}

fn what(recording: &Recording) -> Sentence {
    let calls = counted(recording.calls, "call");
    let operations = counted(recording.operations.len() as u64, "operation");
    let seconds = Unit::Nanoseconds.format(recording.seconds * 1e9, 3);
    Sentence::led(Style::Good, "Records").text(&format!("{calls} of {operations} in {seconds}."))
}

fn cost(recording: &Recording) -> Sentence {
    let (Some(call_ns), Some(share)) = (recording.call_ns, recording.cost_share) else {
        return Sentence::led(Style::Unsure, "Cost")
            .text("it is not known what a call costs here.");
    };
    let style = match share {
        share if share >= MUCH => Style::Bad,
        share if share >= FELT => Style::Unsure,
        _ => Style::Good,
    };
    let (ns, shown) = (
        Unit::Nanoseconds.format(call_ns, 3),
        Unit::Ratio.format(share, 2),
    );
    let sentence = Sentence::led(style, "Cost").text(&format!(
        "about {shown} of one CPU's time, at {ns} for each call; what records memory, CPU time or labels costs more."
    ));
    match style {
        Style::Good => sentence,
        _ => sentence
            .text(" Measure what calls the shortest functions instead of them, or ")
            .code("sample = N")
            .text(" of their calls."),
    }
}

fn dropped(recording: &Recording) -> Sentence {
    match &recording.lost[..] {
        [] => Sentence::led(Style::Good, "Dropped").text("nothing; every call has its operation."),
        lost => Sentence::led(Style::Bad, "Dropped").text(&format!("{}.", lost.join("; "))),
    }
}

fn table(operations: &[RecordedOperation]) -> Table {
    let mut table = Table::new(&[
        ("operation", Align::Left, 0),
        ("calls", Align::Right, 0),
        ("recording cost", Align::Right, 1),
        ("of a call", Align::Right, 2),
    ]);
    for operation in operations.iter().take(MOST_OPERATIONS) {
        table.row(vec![
            label(&operation.name),
            Unit::Count.format(operation.calls as f64, 3),
            value(operation.cost_ns, Unit::Nanoseconds, 3),
            value(operation.share_of_call, Unit::Ratio, 2),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::super::blocks::Block;
    use super::*;

    fn of(operations: usize, beyond: u64, share: f64) -> Recording {
        let operation = |number: usize| RecordedOperation {
            name: format!("\u{1b}[31m::error::{number}"),
            calls: 10,
            cost_ns: Some(200.0),
            share_of_call: None,
        };
        Recording {
            seconds: 1.5,
            calls: 10 * operations as u64,
            call_ns: Some(20.0),
            cost_share: Some(share),
            calls_beyond_the_limit: beyond,
            lost: (beyond > 0)
                .then(|| format!("{beyond} calls"))
                .into_iter()
                .collect(),
            operations: (0..operations).map(operation).collect(),
        }
    }

    fn sentences(document: &Document) -> Vec<(Style, String)> {
        let blocks = document.blocks.iter();
        let sentences = blocks.filter_map(|block| match block {
            Block::Sentence(sentence) => Some((sentence.style, sentence.body())),
            _ => None,
        });
        sentences.collect()
    }

    #[test]
    fn names_that_were_lost_and_a_high_cost_are_told_as_bad() {
        let mut document = Document::default();
        recording(&of(2, 7, 0.08), &mut document);
        let said = sentences(&document);
        assert_eq!(said[0].1, "20 calls of 2 operations in 1.50 s.");
        assert_eq!(said[1].0, Style::Bad);
        assert!(
            said[1]
                .1
                .starts_with("about 8 % of one CPU's time, at 20 ns for each call")
        );
        assert_eq!(said[2].0, Style::Bad);
        assert!(said[2].1.starts_with("7 calls."), "{said:?}");
        let mut document = Document::default();
        recording(&of(2, 0, 0.001), &mut document);
        assert!(
            sentences(&document)
                .iter()
                .all(|(style, _)| *style == Style::Good)
        );
    }

    #[test]
    fn hostile_names_are_text_and_many_are_counted() {
        let mut document = Document::default();
        recording(&of(25, 0, 0.0), &mut document);
        let Some(Block::Table(table)) = document.blocks.get(3) else {
            panic!("{document:?}");
        };
        assert_eq!(table.rows.len(), 20);
        assert!(!table.rows[0][0].contains('\u{1b}'));
        let said = sentences(&document);
        assert_eq!(
            said[3].1,
            "5 further operations with fewer calls: `perfkit run` shows all."
        );
    }
}

//! The notes of a report as remarks, and how much is shown.

use std::collections::BTreeSet;

use perfkit::report::{Note, Report, Severity};

use super::blocks::Document;

/// How much is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// The result without remarks.
    Brief,
    /// The result and what one should know to believe it.
    Usual,
    /// Every metric.
    Full,
}

/// Adds the remarks that are shown: details only where everything is.
pub(super) fn describe(report: &Report, detail: Detail, document: &mut Document) {
    let is_shown = |note: &Note| match detail {
        Detail::Brief => false,
        Detail::Usual => note.severity > Severity::Detail,
        Detail::Full => true,
    };
    for note in remarks(report).filter(|note| is_shown(note)) {
        document.remark(note);
    }
}

/// The notes of the report and all of its parts, each once.
pub(crate) fn remarks(report: &Report) -> impl Iterator<Item = &Note> {
    let benchmarks = report.benchmarks.iter().flat_map(|b| &b.notes);
    let comparisons = report.comparisons.iter().flat_map(|c| &c.notes);
    let all = report.notes.iter().chain(benchmarks).chain(comparisons);
    let mut seen = BTreeSet::new();
    all.filter(move |note| seen.insert((note.code, note.severity, note.message.as_str())))
}

//! What was found, as a table for a terminal.

use comfy_table::{ContentArrangement, Table, presets};

use crate::finding::Finding;

const HEADER: [&str; 6] = [
    "pattern",
    "claimed",
    "measured here",
    "interval",
    "the claim",
    "when it holds",
];

/// A row for each finding, as wide as the terminal.
#[must_use]
pub fn table(findings: &[Finding], width: u16) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width)
        .set_header(HEADER);
    for finding in findings {
        let shown = finding.shown();
        table.add_row([
            format!(
                "{} {}: {}, {} instead of {}",
                finding.lesson.number,
                finding.lesson.name,
                finding.question.situation(),
                finding.right,
                finding.wrong
            ),
            finding.claimed().to_owned(),
            finding.told(),
            finding.interval(),
            shown.map_or_else(|| "-".to_owned(), |shown| shown.to_string()),
            finding.question.holds.to_owned(),
        ]);
    }
    table.to_string()
}

//! The page: what `page.html` is filled with.

use askama::Template;
use perfkit::Report;
use perfkit::report::Severity;

use crate::error::Error;
use crate::export::chart;
use crate::report::{Block, Table, basis, remarks};
use crate::terminal::{printable, shorten};

use super::figures::Figures;
use super::source;
use super::table::TableView;
use super::verdicts::{Verdicts, Words, words};

/// How many remarks stand open, how many more are folded away, and the longest.
const OPEN_REMARKS: usize = 12;
const MOST_REMARKS: usize = 1000;
const LONGEST_REMARK: usize = 600;

/// The style of the page; that of the charts is theirs.
const STYLE: &str = include_str!("page.css");

#[derive(Template)]
#[template(path = "page.html")]
pub(super) struct Page {
    title: &'static str,
    style: String,
    created: (String, String),
    machine: Option<String>,
    verdicts: Verdicts,
    /// What stands at the top where there is no verdict.
    summary: Vec<Vec<Words>>,
    warnings: usize,
    figures: Figures,
    tables: Vec<TableView>,
    /// How it was measured.
    method: Vec<Vec<Words>>,
    remarks: Vec<RemarkView>,
    folded_remarks: Vec<RemarkView>,
    remarks_left_out: usize,
    environment: Vec<(&'static str, String)>,
    command: Option<String>,
}

struct RemarkView {
    class: &'static str,
    word: &'static str,
    text: String,
}

impl Page {
    pub(super) fn of(report: &Report) -> Result<Self, Error> {
        let verdicts = Verdicts::of(report);
        let (tables, sentences) = tables_and_sentences(report);
        let (summary, method) = if verdicts.open.is_empty() {
            (sentences, Vec::new())
        } else {
            (Vec::new(), sentences)
        };
        let mut all: Vec<RemarkView> = remarks(report).map(RemarkView::of).collect();
        all.sort_by_key(|remark| remark.class);
        let warnings = all.iter().filter(|r| r.word != "Note").count();
        let remarks_left_out = all.len().saturating_sub(MOST_REMARKS);
        all.truncate(MOST_REMARKS);
        let folded_remarks = all.split_off(all.len().min(OPEN_REMARKS));
        Ok(Self {
            title: title(report),
            style: format!("{}{STYLE}", chart::STYLE),
            created: source::created(report),
            machine: source::machine(report),
            verdicts,
            summary,
            warnings,
            figures: Figures::of(report)?,
            tables,
            method,
            remarks: all,
            folded_remarks,
            remarks_left_out,
            environment: source::environment(report),
            command: source::command(report),
        })
    }
}

fn title(report: &Report) -> &'static str {
    if report.gate.is_some() {
        "Gate"
    } else if !report.comparisons.is_empty() {
        "Comparison"
    } else if !report.benchmarks.is_empty() {
        "Benchmarks"
    } else {
        "Operations"
    }
}

/// The tables of the page, and the sentences that belong to them.
fn tables_and_sentences(report: &Report) -> (Vec<TableView>, Vec<Vec<Words>>) {
    let (mut tables, mut sentences) = (Vec::new(), Vec::new());
    for block in basis(report).blocks {
        match block {
            // A table without any value says nothing.
            Block::Table(table) if has_values(&table) => {
                let first = table.columns.first().map_or("", |column| column.heading);
                let label = format!("table by {first}");
                tables.push(TableView::of(&table, &label));
            }
            Block::Sentence(_, sentence) => sentences.push(words(&sentence)),
            // Distributions have a chart of their own.
            Block::Table(_) | Block::Strips(_) | Block::Folded(..) | Block::Remark(..) => {}
        }
    }
    (tables, sentences)
}

fn has_values(table: &Table) -> bool {
    let cells = table.rows.iter().flat_map(|row| row.iter().skip(1));
    cells.into_iter().any(|cell| cell != "-")
}

impl RemarkView {
    fn of(note: &perfkit::report::Note) -> Self {
        // The classes sort by how much they matter.
        let (class, word) = match note.severity {
            Severity::Error => ("is-bad", "Error"),
            Severity::Warning => ("is-unsure", "Warning"),
            Severity::Info => ("is-usual", "Note"),
        };
        let text = shorten(&printable(&note.message), LONGEST_REMARK);
        Self { class, word, text }
    }
}

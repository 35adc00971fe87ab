//! What a page says of one report: what `part.html` is filled with.

use perfkit::Report;
use perfkit::report::Severity;

use crate::args::NumbersView;
use crate::document::{
    Block, NOTHING, Sentence, Table, capitalised, details, headline, kind, origin, remarks,
    severity_word,
};
use crate::error::Error;
use crate::text::{label, printable, shorten};

use super::figures::Figures;
use super::table::TableView;
use super::verdict_list::Verdicts;

/// How many remarks stand open, how many more are folded away, and the longest.
const OPEN_REMARKS: usize = 12;
const MOST_REMARKS: usize = 1000;
const LONGEST_REMARK: usize = 600;

/// One report on the page.
pub(super) struct Part<'a> {
    pub(super) report: &'a Report,
    /// The file, where there are several.
    pub(super) name: String,
    /// What its ids on the page begin with: nothing, where it is alone.
    pub(super) prefix: String,
    /// The level of its headings.
    pub(super) level: u8,
    /// The answer in a sentence, where there is one.
    pub(super) headline: Option<Sentence>,
    /// Which revisions it is of, and which share of the benchmarks.
    pub(super) origin: Vec<Sentence>,
    pub(super) verdicts: Verdicts,
    /// What stands at the top where there is no verdict.
    pub(super) summary: Vec<Sentence>,
    pub(super) warnings: usize,
    pub(super) figures: Figures,
    pub(super) tables: Vec<TableView>,
    /// How it was measured.
    pub(super) method: Vec<Sentence>,
    pub(super) remarks: Vec<RemarkView>,
    pub(super) folded_remarks: Vec<RemarkView>,
    pub(super) remarks_left_out: usize,
}

pub(super) struct RemarkView {
    pub(super) class: &'static str,
    pub(super) word: String,
    pub(super) text: String,
}

impl<'a> Part<'a> {
    /// A report that has the page for itself.
    pub(super) fn alone(report: &'a Report, numbers: &NumbersView) -> Result<Self, Error> {
        Self::of(report, numbers, [String::new(), String::new()], 2)
    }

    /// A report among others.
    pub(super) fn numbered(
        number: usize,
        name: &str,
        report: &'a Report,
        numbers: &NumbersView,
    ) -> Result<Self, Error> {
        Self::of(report, numbers, [label(name), format!("r{number}-")], 3)
    }

    fn of(
        report: &'a Report,
        numbers: &NumbersView,
        [name, prefix]: [String; 2],
        level: u8,
    ) -> Result<Self, Error> {
        let verdicts = Verdicts::of(report);
        let (tables, sentences) = tables_and_sentences(report, numbers);
        let (summary, method) = if verdicts.open.is_empty() {
            (sentences, Vec::new())
        } else {
            (Vec::new(), sentences)
        };
        let mut all: Vec<RemarkView> = remarks(report).map(RemarkView::of).collect();
        all.sort_by_key(|remark| remark.class);
        let warnings = all.iter().filter(|r| r.class != "is-usual").count();
        let remarks_left_out = all.len().saturating_sub(MOST_REMARKS);
        all.truncate(MOST_REMARKS);
        let folded_remarks = all.split_off(all.len().min(OPEN_REMARKS));
        Ok(Self {
            report,
            headline: headline(report),
            origin: origin(report).collect(),
            verdicts,
            summary,
            warnings,
            figures: Figures::of(report, &prefix)?,
            tables,
            method,
            remarks: all,
            folded_remarks,
            remarks_left_out,
            name,
            prefix,
            level,
        })
    }

    /// An id that nothing else on the page has.
    pub(super) fn id(&self, word: &str) -> String {
        format!("{}{word}", self.prefix)
    }

    /// The ids of the headings that name a section.
    pub(super) fn labelled(&self, word: &str) -> String {
        if self.prefix.is_empty() {
            word.to_owned()
        } else {
            format!("{} {}", self.id("report"), self.id(word))
        }
    }

    /// Whether there is more to say than numbers.
    pub(super) fn has_result(&self) -> bool {
        self.headline.is_some()
            || !self.verdicts.open.is_empty()
            || !self.summary.is_empty()
            || self.warnings > 0
    }

    /// What it comes to in a line.
    pub(super) fn outline(&self) -> String {
        let counts = self.verdicts.counts.iter();
        let counts: Vec<String> = counts.map(|c| format!("{} {}", c.count, c.word)).collect();
        if counts.is_empty() {
            kind(self.report).to_owned()
        } else {
            format!("{}: {}", kind(self.report), counts.join(", "))
        }
    }
}

/// The tables of the page, and the sentences that belong to them.
fn tables_and_sentences(report: &Report, numbers: &NumbersView) -> (Vec<TableView>, Vec<Sentence>) {
    let (mut tables, mut sentences) = (Vec::new(), Vec::new());
    for block in details(report, numbers).blocks {
        match block {
            // A table without any value says nothing.
            Block::Table(table) if has_values(&table) => {
                let first = table.columns.first().map_or("", |column| column.heading);
                let label = format!("table by {first}");
                tables.push(TableView::of(table, &label));
            }
            Block::Sentence(sentence) => sentences.push(sentence),
            // Distributions have a chart of their own.
            Block::Table(_) | Block::Histograms(_) | Block::Folded(..) | Block::Remark(..) => {}
        }
    }
    (tables, sentences)
}

fn has_values(table: &Table) -> bool {
    let cells = table.rows.iter().flat_map(|row| row.iter().skip(1));
    cells.into_iter().any(|cell| cell != NOTHING)
}

impl RemarkView {
    fn of(note: &perfkit::report::Note) -> Self {
        // The classes sort by how much they matter.
        let class = match note.severity {
            Severity::Error => "is-bad",
            Severity::Warning => "is-unsure",
            Severity::Detail | Severity::Info => "is-usual",
        };
        let word = capitalised(severity_word(note.severity));
        let text = shorten(&printable(&note.message), LONGEST_REMARK);
        Self { class, word, text }
    }
}

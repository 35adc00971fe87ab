//! The records of a history.

use serde::Serialize;

use crate::args::{HistoryOutput, RecordChoice};
use crate::document::{Align, Document, NOTHING, Sentence, Table};
use crate::error::Error;
use crate::exit::Exit;
use crate::history::{IndexedRecord, Surroundings, instant};
use crate::text::{printable, rfc_3339, shorten};

use super::choice::Chosen;
use super::output::{deliver, format_of, limit_of};
use super::place::{Opened, counted, short_commit};

/// The most columns of a text in a table.
const LONGEST_TEXT: usize = 40;

pub(super) fn run(
    opened: &Opened<'_>,
    choice: &RecordChoice,
    limit: Option<usize>,
    output: &HistoryOutput,
) -> Result<Exit, Error> {
    let format = format_of(output)?;
    let limit = limit_of(limit, format);
    let surroundings = opened.index.surroundings()?;
    let chosen = Chosen::new(choice, &opened.index, &surroundings)?;
    let (mut records, mut left_out) = (Vec::new(), 0);
    opened.index.records(|record| {
        match chosen.has(&record) {
            true if records.len() < limit => records.push(record),
            true => left_out += 1,
            false => {}
        }
        true
    })?;
    let told: Vec<ToldRecord<'_>> = records
        .iter()
        .map(|record| ToldRecord::new(record, &surroundings))
        .collect();
    deliver(
        output,
        format,
        || document(&told, left_out, &opened.located.store.place()),
        || Listed { records: &told },
        || csv(&told),
    )?;
    Ok(opened.exit)
}

#[derive(Serialize)]
struct Listed<'a> {
    records: &'a [ToldRecord<'a>],
}

/// A record, as programs are told of it.
#[derive(Serialize)]
pub(super) struct ToldRecord<'a> {
    pub(super) record: &'a str,
    pub(super) measured: String,
    pub(super) commit: Option<&'a str>,
    pub(super) parents: &'a [String],
    pub(super) branch: Option<&'a str>,
    pub(super) subject: Option<&'a str>,
    pub(super) dirty: Option<bool>,
    pub(super) machine: &'a str,
    pub(super) machine_name: &'a str,
    pub(super) toolchain: Option<&'a str>,
    pub(super) tool: Option<&'a str>,
    pub(super) series: u64,
}

impl<'a> ToldRecord<'a> {
    pub(super) fn new(record: &'a IndexedRecord, surroundings: &'a Surroundings) -> Self {
        let (machine, machine_name) = surroundings.machine(record.machine);
        Self {
            record: &record.name,
            measured: rfc_3339(instant(record.measured_ms)),
            commit: record.commit.as_deref(),
            parents: &record.parents,
            branch: record.branch.as_deref(),
            subject: record.subject.as_deref(),
            dirty: record.dirty,
            machine,
            machine_name,
            toolchain: surroundings.toolchain(record.toolchain),
            tool: record.tool.as_deref(),
            series: record.series,
        }
    }

    /// The commit in short, with a mark where files differed from it.
    pub(super) fn short_commit(&self) -> String {
        let Some(commit) = self.commit else {
            return NOTHING.to_owned();
        };
        let mark = if self.dirty == Some(true) { "+" } else { "" };
        short_commit(commit) + mark
    }

    /// When it was measured, to the minute.
    pub(super) fn minute(&self) -> String {
        let minute: String = self.measured.chars().take(16).collect();
        minute.replace('T', " ")
    }
}

fn document(records: &[ToldRecord<'_>], left_out: usize, place: &str) -> Document {
    let mut document = Document::default();
    if records.is_empty() {
        let none = match left_out {
            0 => "There is no such record in",
            _ => "No record was asked for of",
        };
        document.sentence(Sentence::plain(&format!("{none} {}.", printable(place))));
        return document;
    }
    let mut table = Table::new(&[
        ("commit", Align::Left, 0),
        ("measured (UTC)", Align::Left, 1),
        ("branch", Align::Left, 3),
        ("series", Align::Right, 2),
        ("machine", Align::Left, 4),
        ("subject", Align::Left, 5),
    ]);
    for record in records {
        let text = |text: Option<&str>| shorten(&printable(text.unwrap_or(NOTHING)), LONGEST_TEXT);
        table.row(vec![
            record.short_commit(),
            record.minute(),
            text(record.branch),
            record.series.to_string(),
            text(Some(record.machine_name)),
            text(record.subject),
        ]);
    }
    document.table(table);
    if left_out > 0 {
        let more = format!("{} more: `--limit 0` lists all.", counted(left_out));
        document.sentence(Sentence::plain(&more));
    }
    document
}

fn csv(records: &[ToldRecord<'_>]) -> Vec<Vec<String>> {
    let headings = [
        "record",
        "measured",
        "commit",
        "parents",
        "branch",
        "subject",
        "dirty",
        "machine",
        "machine_name",
        "toolchain",
        "tool",
        "series",
    ];
    let mut rows = vec![headings.map(str::to_owned).to_vec()];
    for record in records {
        let text = |text: Option<&str>| printable(text.unwrap_or_default());
        rows.push(vec![
            text(Some(record.record)),
            record.measured.clone(),
            text(record.commit),
            text(Some(&record.parents.join(" "))),
            text(record.branch),
            text(record.subject),
            record
                .dirty
                .map_or_else(String::new, |dirty| dirty.to_string()),
            text(Some(record.machine)),
            text(Some(record.machine_name)),
            text(record.toolchain),
            text(record.tool),
            record.series.to_string(),
        ]);
    }
    rows
}

//! A result in one of the formats that it can have.

use serde::Serialize;

use crate::args::{Format, HistoryOutput};
use crate::command::{check_writable, deliver_text};
use crate::document::Document;
use crate::error::Error;
use crate::export::{render_document, write_json};

/// How many rows a table has unless something else is said.
const USUAL_ROWS: usize = 20;

/// The format that is asked for, of those that there are.
pub(super) fn format_of(output: &HistoryOutput) -> Result<Format, Error> {
    let format = Format::chosen(output.format)?.value;
    output.output.as_deref().map_or(Ok(()), check_writable)?;
    match format {
        Format::Human | Format::Json | Format::Markdown | Format::Csv => Ok(format),
        other => Err(Error::usage(format!(
            "the history is not written as {}: it is human, json, markdown or csv",
            other.name()
        ))),
    }
}

/// How many rows are wanted: 0 is all of them, as values for programs are anyway.
pub(super) fn limit_of(limit: Option<usize>, format: Format) -> usize {
    match (limit, format) {
        (Some(0), _) | (None, Format::Json | Format::Csv) => usize::MAX,
        (Some(limit), _) => limit,
        (None, _) => USUAL_ROWS,
    }
}

/// Prints a result, or writes it to a file.
pub(super) fn deliver<J: Serialize>(
    output: &HistoryOutput,
    format: Format,
    document: impl FnOnce() -> Document,
    json: impl FnOnce() -> J,
    csv: impl FnOnce() -> Vec<Vec<String>>,
) -> Result<(), Error> {
    let render = |width| match format {
        Format::Json => write_json(&json()),
        Format::Csv => csv_of(csv()),
        format => Ok(render_document(&document(), format, width)),
    };
    deliver_text(render, format, output.output.as_deref())
}

fn csv_of(rows: Vec<Vec<String>>) -> Result<String, Error> {
    let failed = |error: String| Error::data(format!("cannot write CSV: {error}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer
            .write_record(&row)
            .map_err(|error| failed(error.to_string()))?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| failed(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| failed(error.to_string()))
}

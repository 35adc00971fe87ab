//! Results in a format, one file each.

mod csv;
mod human;
mod markdown;
mod svg;

pub(crate) use svg::plot;

use std::path::Path;

use perfkit::Report;
use perfkit::report::save_atomically;

use crate::args::Format;
use crate::error::Error;
use crate::report::{Detail, document};

/// The report in the given format; `width` is that of the terminal, where it
/// goes to one.
pub(crate) fn render(
    report: &Report,
    detail: Detail,
    format: Format,
    width: Option<usize>,
) -> Result<String, Error> {
    match format {
        Format::Human => Ok(human::render(&document(report, detail), width)),
        Format::Markdown => Ok(markdown::render(&document(report, detail))),
        Format::Csv => csv::render(report),
        Format::Json => report
            .to_json()
            .map_err(|error| Error::data(error.to_string())),
    }
}

/// Saves a rendered result.
pub(crate) fn save(path: &Path, text: &str) -> Result<(), Error> {
    save_atomically(path, text.as_bytes()).map_err(|error| Error::file("write", path, error))
}

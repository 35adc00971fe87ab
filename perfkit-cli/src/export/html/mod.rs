//! One HTML file that needs nothing else: no network, no script, no fonts.

mod figures;
mod page;
mod source;
mod table;
mod verdicts;

use askama::Template as _;
use perfkit::Report;

use crate::error::Error;

use page::Page;

/// The report as a page.
pub(super) fn render(report: &Report) -> Result<String, Error> {
    Page::of(report)?
        .render()
        .map_err(|error| Error::data(format!("the page cannot be written: {error}")))
}

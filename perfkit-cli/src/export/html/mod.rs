//! One HTML file that needs nothing else: no network, no script, no fonts.

mod figures;
mod page;
mod part;
mod source;
mod table;
mod verdict_list;

use askama::Template as _;
use perfkit::Report;

use crate::error::Error;

use page::Page;

/// Reports, with the names of their files, as one page.
pub(super) fn render(reports: &[(&str, &Report)]) -> Result<String, Error> {
    Page::of(reports)?
        .render()
        .map_err(|error| Error::data(format!("the page cannot be written: {error}")))
}

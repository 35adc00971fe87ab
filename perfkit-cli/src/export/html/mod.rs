//! One HTML file that needs nothing else: no network, no script, no fonts.

mod figures;
mod overlay;
mod page;
mod part;
mod source;
mod table;
mod verdict_list;

use askama::Template as _;

use crate::error::Error;
use crate::text::without_commands;

use super::layout::{Layout, Named};

use page::Page;

/// The reports as one page.
pub(super) fn render(reports: &[Named<'_>], layout: Layout<'_>) -> Result<String, Error> {
    let page = Page::of(reports, layout.view.numbers)?.render();
    let page = page.map_err(|error| Error::data(format!("the page cannot be written: {error}")))?;
    Ok(without_commands(&page).into_owned())
}

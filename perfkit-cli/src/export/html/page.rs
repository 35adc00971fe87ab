//! The page: what `page.html` is filled with.

use askama::Template;

use crate::document::Span;
use crate::error::Error;
use crate::export::chart;
use crate::export::layout::Named;

use super::part::{Part, title};

/// The style of the page; that of the charts is theirs.
const STYLE: &str = include_str!("page.css");

#[derive(Template)]
#[template(path = "page.html")]
pub(super) struct Page<'a> {
    title: String,
    style: String,
    parts: Vec<Part<'a>>,
}

impl<'a> Page<'a> {
    /// A page of one report, or of several with the names of their files.
    pub(super) fn of(reports: &[Named<'a>]) -> Result<Self, Error> {
        let parts: Vec<Part<'_>> = match reports {
            [(_, report)] => vec![Part::alone(report)?],
            several => several
                .iter()
                .enumerate()
                .map(|(index, (name, report))| Part::numbered(index + 1, name, report))
                .collect::<Result<_, _>>()?,
        };
        let title = match parts.as_slice() {
            [part] => title(part.report).to_owned(),
            several => format!("{} reports", several.len()),
        };
        Ok(Self {
            title,
            style: format!("{}{STYLE}", chart::STYLE),
            parts,
        })
    }
}

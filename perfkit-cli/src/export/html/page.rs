//! The page: what `page.html` is filled with.

use askama::Template;

use crate::args::NumbersView;
use crate::document::{Span, listed, title, title_and_time};
use crate::error::Error;
use crate::export::chart;
use crate::export::layout::Named;

use super::overlay::Overlay;
use super::part::Part;

/// The style of the page; that of the charts is theirs.
const STYLE: &str = include_str!("page.css");

#[derive(Template)]
#[template(path = "page.html")]
pub(super) struct Page<'a> {
    /// What it is of, and the same with when, for a list of pages.
    heading: String,
    title: String,
    style: String,
    /// What several reports have in common.
    overlay: Option<Overlay>,
    parts: Vec<Part<'a>>,
}

impl<'a> Page<'a> {
    /// A page of one report, or of several with the names of their files.
    pub(super) fn of(reports: &[Named<'a>], numbers: &NumbersView) -> Result<Self, Error> {
        let parts: Vec<Part<'_>> = match reports {
            [(_, report)] => vec![Part::alone(report, numbers)?],
            several => several
                .iter()
                .enumerate()
                .map(|(index, (name, report))| Part::numbered(index + 1, name, report, numbers))
                .collect::<Result<_, _>>()?,
        };
        let (heading, title) = match parts.as_slice() {
            [part] => (title(part.report), title_and_time(part.report)),
            several => {
                let names: Vec<String> = several.iter().map(|part| part.name.clone()).collect();
                let heading = format!("{} reports: {}", several.len(), listed(&names));
                (heading.clone(), heading)
            }
        };
        let overlay = match reports {
            [_] => None,
            several => Overlay::of(several)?,
        };
        Ok(Self {
            overlay,
            heading,
            title,
            style: format!("{}{STYLE}", chart::STYLE),
            parts,
        })
    }
}

//! What every format is given.

use perfkit::Report;

use crate::document::View;
use crate::error::Error;

/// A report and the name of its file, which formats show where there are several.
pub(crate) type Named<'a> = (&'a str, &'a Report);

/// What a format may show, and in how many columns where it goes to a terminal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout<'a> {
    pub(super) view: View<'a>,
    pub(super) width: Option<usize>,
}

/// What is said where a format holds one report.
pub(crate) const NOT_SEVERAL: &str =
    "JSON, CSV, SVG and PNG hold one report: give one file, or --format html, markdown or human";

/// The report of a format that holds one.
pub(super) fn only<'a>(reports: &[Named<'a>]) -> Result<&'a Report, Error> {
    match reports {
        [(_, report)] => Ok(report),
        _ => Err(Error::usage(NOT_SEVERAL)),
    }
}

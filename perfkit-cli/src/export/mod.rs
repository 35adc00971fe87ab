//! Results in a format, one file each, which has one function: reports in, text out.

mod asciidoc;
mod chart;
mod csv;
mod histograms;
mod html;
mod human;
mod json;
mod layout;
mod markdown;
mod markup;
mod orgmode;
mod png;
mod tool;

pub(crate) use json::write as write_json;
pub(crate) use layout::{NOT_SEVERAL, Named};
pub(crate) use tool::{
    bencher, github_action, hdr, hgrm, hgrm_files, junit, prometheus, undirected,
};

use std::io;
use std::path::Path;

use perfkit::Report;
use perfkit::report::save_atomically;

use crate::args::Format;
use crate::document::{Document, View, named_apart};
use crate::error::Error;
use crate::text::without_commands;

use layout::Layout;

/// The report in the given format; `width` is that of the terminal, where it
/// goes to one.
pub(crate) fn render<'a>(
    report: &Report,
    view: impl Into<View<'a>>,
    format: Format,
    width: Option<usize>,
) -> Result<String, Error> {
    render_several(&[("", report)], view, format, width)
}

/// Several reports, each under the name of its file, in a format that can tell
/// them apart.
pub(crate) fn render_several<'a>(
    reports: &[Named<'_>],
    view: impl Into<View<'a>>,
    format: Format,
    width: Option<usize>,
) -> Result<String, Error> {
    let view = view.into();
    let render = match format {
        Format::Json => return json::render(reports, Layout { view, width }),
        Format::Human => human::render,
        Format::Markdown => markdown::render,
        Format::Csv => csv::render,
        Format::Html => html::render,
        Format::Asciidoc => asciidoc::render,
        Format::Orgmode => orgmode::render,
        Format::Svg | Format::Png => {
            return Err(Error::usage(format!(
                "the format {} is the picture of one comparison or recording",
                format.name()
            )));
        }
    };
    let apart: Vec<_> = reports
        .iter()
        .map(|(name, report)| (*name, named_apart(report)))
        .collect();
    let apart: Vec<Named<'_>> = apart
        .iter()
        .map(|(name, report)| (*name, &**report))
        .collect();
    render(&apart, Layout { view, width })
}

/// Writes the report as CSV, without having all of it in memory.
pub(crate) fn write_csv(report: &Report, to: &mut impl io::Write) -> Result<(), Error> {
    csv::write(&named_apart(report), to)
}

/// What is no report, for people: as Markdown, or in lines of at most `width` columns.
pub(crate) fn render_document(document: &Document, format: Format, width: Option<usize>) -> String {
    match format {
        Format::Markdown => markdown::render_document(document),
        _ => human::render_document(document, width),
    }
}

/// The ends of the names that pictures may have.
pub(crate) const PICTURES: [&str; 2] = ["svg", "png"];

/// The forms that a picture may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PictureFormat {
    Svg,
    Png,
}

impl PictureFormat {
    /// That of a result which is to be a picture.
    pub(crate) fn of(format: Format) -> Option<Self> {
        match format {
            Format::Svg => Some(Self::Svg),
            Format::Png => Some(Self::Png),
            _ => None,
        }
    }

    /// What the name of a file asks for.
    pub(crate) fn of_file(path: &Path) -> Self {
        match path.extension() {
            Some(extension) if extension == "png" => Self::Png,
            _ => Self::Svg,
        }
    }
}

/// A picture of the report.
pub(crate) fn draw(report: &Report, format: PictureFormat) -> Result<Vec<u8>, Error> {
    let picture = chart::plot(&named_apart(report))?;
    match format {
        PictureFormat::Png => png::encode(&picture),
        PictureFormat::Svg => {
            let svg = picture.svg();
            Ok(without_commands(&svg).into_owned().into_bytes())
        }
    }
}

/// Saves a rendered result.
pub(crate) fn save(path: &Path, content: impl AsRef<[u8]>) -> Result<(), Error> {
    save_atomically(path, content.as_ref()).map_err(|error| Error::file("write", path, error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Detail;
    use crate::text::display_width;

    #[test]
    fn every_report_fits_into_a_terminal() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden");
        for name in ["none", "one", "two", "many", "gate"] {
            let report = Report::load(folder.join(format!("{name}.json"))).unwrap();
            for width in [40, 41, 50, 64, 80, 120] {
                for detail in [Detail::Brief, Detail::Usual, Detail::Full] {
                    let text = render(&report, detail, Format::Human, Some(width)).unwrap();
                    let text = anstream::adapter::strip_str(&text).to_string();
                    let is_wide = |line: &&str| display_width(line) > width;
                    assert_eq!(text.lines().find(is_wide), None, "{name}, {width}");
                }
            }
        }
    }
}

//! Results in a format, one file each.

mod chart;
mod csv;
mod histograms;
mod html;
mod human;
mod markdown;
mod png;
mod tool;

pub(crate) use tool::{Tool, hgrm_files, left_out, render_for};

use std::path::Path;

use perfkit::Report;
use perfkit::report::save_atomically;

use crate::args::Format;
use crate::document::{Detail, digest, document};
use crate::error::Error;
use crate::text::{escape_markdown, label, printable, without_commands};

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
        Format::Markdown => Ok(markdown::render(&digest(report, detail))),
        Format::Csv => csv::render(report),
        Format::Html => page(&[("", report)]),
        Format::Json => json(report),
    }
}

/// Several reports, each under the name of its file, in a format that can tell
/// them apart.
pub(crate) fn render_several(
    reports: &[(&str, &Report)],
    detail: Detail,
    format: Format,
    width: Option<usize>,
) -> Result<String, Error> {
    if format == Format::Html {
        return page(reports);
    }
    let one = |(name, report): &(&str, &Report)| {
        let text = render(report, detail, format, width)?;
        Ok(match format {
            Format::Human => format!("== {} ==\n\n{text}\n", printable(name)),
            Format::Markdown => format!("## {}\n\n{text}\n", escape_markdown(&label(name))),
            _ => return Err(Error::usage(NOT_SEVERAL)),
        })
    };
    reports.iter().map(one).collect()
}

/// What is said where a format holds one report.
pub(crate) const NOT_SEVERAL: &str =
    "JSON and CSV hold one report: give one file, or --format html, markdown or human";

fn page(reports: &[(&str, &Report)]) -> Result<String, Error> {
    Ok(without_commands(&html::render(reports)?).into_owned())
}

/// A report as JSON. What CI services take for a command, `##[` wherever in a
/// line it stands, can only be in a string, where its escaped form is the same.
fn json(report: &Report) -> Result<String, Error> {
    let json = report.to_json();
    let json = json.map_err(|error| Error::data(error.to_string()))?;
    Ok(if json.contains("##") {
        json.replace("##", "#\\u0023")
    } else {
        json
    })
}

/// The ends of the names that pictures may have.
pub(crate) const PICTURES: [&str; 2] = ["svg", "png"];

/// A picture of the report, in the format that the file's name asks for.
pub(crate) fn draw(report: &Report, path: &Path) -> Result<Vec<u8>, Error> {
    let picture = chart::plot(report)?;
    if path.extension().is_some_and(|extension| extension == "png") {
        png::encode(&picture)
    } else {
        let svg = picture.svg();
        Ok(without_commands(&svg).into_owned().into_bytes())
    }
}

/// Saves a rendered result.
pub(crate) fn save(path: &Path, content: impl AsRef<[u8]>) -> Result<(), Error> {
    save_atomically(path, content.as_ref()).map_err(|error| Error::file("write", path, error))
}

#[cfg(test)]
mod tests {
    use super::*;
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

//! `perfkit report`: saved reports, printed or plotted.

use std::path::{Path, PathBuf};

use perfkit::Report;

use crate::args::{Format, Origin, ReportArguments, Setting, Verbosity};
use crate::document::View;
use crate::error::{Error, shown};
use crate::exit::Exit;
use crate::export::{NOT_SEVERAL, render_several};
use crate::input::load_report;
use crate::terminal;

use super::sources::Sources;
use super::{browser, check_plot, check_writable, deliver, deliver_text, draw, tell_unshown};

pub(crate) fn run(arguments: ReportArguments, verbosity: Verbosity) -> Result<Exit, Error> {
    let format = match arguments.format {
        None if arguments.open => Setting::new(Format::Html, Origin::CommandLine),
        chosen => Format::chosen(chosen)?,
    };
    check(&arguments, format.value)?;
    let mut sources = Sources::new(&format);
    let files = arguments.files.iter();
    files.for_each(|path| sources.report("report", path));
    sources.tell(verbosity);
    let reports: Vec<(String, Report)> = arguments
        .files
        .iter()
        .map(|path| Ok((shown(path), load_report(path)?)))
        .collect::<Result<_, _>>()?;
    let reports: Vec<(&str, &Report)> = reports.iter().map(|(n, r)| (n.as_str(), r)).collect();
    if let Some(plot) = &arguments.plot {
        reports
            .iter()
            .try_for_each(|(_, report)| draw(report, plot))?;
    }
    let page = match &arguments.output {
        None if arguments.open => Some(temporary_page()?),
        output => output.clone(),
    };
    let view = View {
        detail: verbosity.into(),
        numbers: &arguments.numbers,
    };
    show(&reports, view, format.value, page.as_deref())?;
    let formats = std::iter::once(format.value);
    tell_unshown(
        view.numbers,
        formats,
        reports.iter().map(|(_, report)| *report),
    );
    if let (true, Some(page)) = (arguments.open, page) {
        if verbosity > Verbosity::Quiet {
            terminal::print_line(&format!("The page is {}", shown(&page)));
        }
        browser::open(&page)?;
    }
    Ok(Exit::Done)
}

/// Refuses what cannot be done before any file is read.
fn check(arguments: &ReportArguments, format: Format) -> Result<(), Error> {
    if arguments.open && format != Format::Html {
        return Err(Error::usage("--open shows a page, which is --format html"));
    }
    if arguments.files.len() > 1 {
        if arguments.plot.is_some() {
            return Err(Error::usage(
                "--plot draws one report: give one file, or --format html for a page with the plots of all",
            ));
        }
        if matches!(
            format,
            Format::Json | Format::Csv | Format::Svg | Format::Png
        ) {
            return Err(Error::usage(NOT_SEVERAL));
        }
    }
    arguments.output.as_deref().map_or(Ok(()), check_writable)?;
    arguments.plot.as_deref().map_or(Ok(()), check_plot)
}

fn show(
    reports: &[(&str, &Report)],
    view: View<'_>,
    format: Format,
    output: Option<&Path>,
) -> Result<(), Error> {
    match reports {
        [(_, report)] => deliver(report, view, format, output),
        several => {
            let render = |width| render_several(several, view, format, width);
            deliver_text(render, format, output)
        }
    }
}

/// An empty file that nobody else can read, and that stays: a browser may read
/// it at any time.
fn temporary_page() -> Result<PathBuf, Error> {
    let failed = |error: String| Error::data(format!("cannot make a temporary file: {error}"));
    let file = tempfile::Builder::new()
        .prefix("perfkit-")
        .suffix(".html")
        .tempfile()
        .map_err(|error| failed(error.to_string()))?;
    let (_, path) = file.keep().map_err(|error| failed(error.to_string()))?;
    Ok(path)
}

//! `perfkit report`: saved reports, printed or plotted.

use std::path::PathBuf;

use perfkit::Report;

use crate::args::{Format, ReportArguments, Verbosity};
use crate::error::{Error, shown};
use crate::exit::Exit;
use crate::input::load_report;
use crate::terminal;

use super::{browser, check_plot, check_writable, deliver, draw};

pub(crate) fn run(arguments: ReportArguments, verbosity: Verbosity) -> Result<Exit, Error> {
    if arguments.open {
        return open(&arguments, verbosity);
    }
    arguments.output.as_deref().map_or(Ok(()), check_writable)?;
    arguments.plot.as_deref().map_or(Ok(()), check_plot)?;
    let format = Format::chosen(arguments.format)?;
    let several = arguments.files.len() > 1;
    let needs_one =
        format != Format::Human || arguments.output.is_some() || arguments.plot.is_some();
    if several && needs_one {
        return Err(Error::usage(
            "several reports are only printed one after the other: give one file for --format, --output or --plot",
        ));
    }
    let reports: Vec<Report> = arguments
        .files
        .iter()
        .map(|path| load_report(path))
        .collect::<Result<_, _>>()?;
    for (path, report) in arguments.files.iter().zip(&reports) {
        if several {
            let name = shown(path);
            terminal::print_result(&format!("== {name} ==\n\n"))?;
        }
        if let Some(plot) = &arguments.plot {
            draw(report, plot)?;
        }
        deliver(
            report,
            verbosity.into(),
            format,
            arguments.output.as_deref(),
        )?;
        if several {
            terminal::print_result("\n")?;
        }
    }
    Ok(Exit::Done)
}

/// Writes the page, to a temporary file where no other is named, and shows it.
fn open(arguments: &ReportArguments, verbosity: Verbosity) -> Result<Exit, Error> {
    if arguments
        .format
        .is_some_and(|format| format != Format::Html)
    {
        return Err(Error::usage("--open shows a page, which is --format html"));
    }
    let [file] = arguments.files.as_slice() else {
        return Err(Error::usage("--open shows one report: give one file"));
    };
    arguments.output.as_deref().map_or(Ok(()), check_writable)?;
    arguments.plot.as_deref().map_or(Ok(()), check_plot)?;
    let report = load_report(file)?;
    if let Some(plot) = &arguments.plot {
        draw(&report, plot)?;
    }
    let page = match &arguments.output {
        Some(path) => path.clone(),
        None => temporary_page()?,
    };
    deliver(&report, verbosity.into(), Format::Html, Some(&page))?;
    if verbosity > Verbosity::Quiet {
        terminal::print_line(&format!("The page is {}", shown(&page)));
    }
    browser::open(&page)?;
    Ok(Exit::Done)
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

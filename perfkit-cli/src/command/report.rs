//! `perfkit report`: saved reports, printed or plotted.

use perfkit::Report;

use crate::args::{Format, ReportArguments, Verbosity};
use crate::error::{Error, shown};
use crate::exit::Exit;
use crate::input::load_report;
use crate::terminal;

use super::{check_plot, check_writable, deliver, draw};

pub(crate) fn run(arguments: ReportArguments, verbosity: Verbosity) -> Result<Exit, Error> {
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

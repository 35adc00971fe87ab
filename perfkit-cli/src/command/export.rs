//! `perfkit export`: a saved report, sent somewhere or in another tool's format.

use std::path::Path;

use perfkit::Report;
use perfkit::otlp;
use perfkit::prometheus::Format;
use perfkit::unit::Unit;

use crate::args::{ExportArguments, Target};
use crate::error::Error;
use crate::exit::Exit;
use crate::input::load_report;
use crate::{export as formats, terminal};

use super::check_writable;

pub(crate) fn run(arguments: ExportArguments) -> Result<Exit, Error> {
    let output = arguments.output.as_deref();
    match (arguments.to, output) {
        (Target::Otlp, Some(_)) => {
            return Err(Error::usage(
                "--output is for formats: otlp is sent to a collector",
            ));
        }
        _ => output.map_or(Ok(()), check_writable)?,
    }
    let report = load_report(&arguments.report)?;
    match arguments.to {
        Target::Otlp => send(&report)?,
        Target::Prometheus => write(&report, Format::Text, output)?,
        Target::OpenMetrics => write(&report, Format::OpenMetrics, output)?,
    }
    Ok(Exit::Done)
}

fn send(report: &Report) -> Result<(), Error> {
    let config =
        otlp::Config::from_environment().map_err(|error| Error::usage(error.to_string()))?;
    if !config.is_enabled {
        return Err(Error::usage("OTEL_SDK_DISABLED switches the export off"));
    }
    let sent = otlp::send_report(report, &config)
        .map_err(|error| Error::data(format!("the report was not exported: {error}")))?;
    terminal::print_result(&format!(
        "{} data points were accepted by {}\n",
        Unit::Count.format(sent.data_points as f64, 3),
        terminal::printable(&config.endpoint)
    ))
}

fn write(report: &Report, format: Format, output: Option<&Path>) -> Result<(), Error> {
    if report.operations.is_empty() {
        return Err(Error::data(
            "the report was not exported: the report has no operations",
        ));
    }
    let text = format.render(&report.operations);
    match output {
        Some(output) => formats::save(output, &text),
        None => terminal::print_exactly(&text),
    }
}

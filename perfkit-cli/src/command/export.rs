//! `perfkit export`: a saved report, sent somewhere or in another tool's format.

use std::path::Path;

use perfkit::prometheus::TextFormat;
use perfkit::{Direction, Report};

use crate::args::{self, ExportArguments, ExportTarget, Verbosity};
use crate::document::{Detail, named_apart};
use crate::error::Error;
use crate::exit::Exit;
use crate::input::load_report;
use crate::{export as formats, terminal};

use super::sources::Sources;
use super::{check_writable, otlp, write_out};

pub(crate) fn run(arguments: ExportArguments, verbosity: Verbosity) -> Result<Exit, Error> {
    let (target, output) = (arguments.to, arguments.output.as_deref());
    let operation = arguments.operation.as_deref();
    if operation.is_some() && target != ExportTarget::Hgrm {
        return Err(Error::usage("--operation is for hgrm, which holds one"));
    }
    let folder = output.filter(|path| target == ExportTarget::Hgrm && path.is_dir());
    match (target, output) {
        (ExportTarget::Otlp, Some(_)) => {
            return Err(Error::usage(
                "--output is for formats: otlp is sent to a collector",
            ));
        }
        _ if folder.is_some() => {}
        _ => output.map_or(Ok(()), check_writable)?,
    }
    let mut sources = Sources::without_format();
    sources.report("report", &arguments.report);
    sources.tell(verbosity);
    let report = load_report(&arguments.report)?;
    match (target, folder) {
        (ExportTarget::Otlp, _) => otlp::send(&report)?,
        (ExportTarget::Hgrm, Some(folder)) if operation.is_none() => {
            for (name, text) in formats::hgrm_files(&named_apart(&report))? {
                formats::save(&folder.join(name), &text)?;
            }
        }
        (ExportTarget::Hgrm, Some(_)) => {
            return Err(Error::usage(
                "with --operation the output is a file, and a folder is given",
            ));
        }
        _ => write(&render(&report, target, operation)?, output)?,
    }
    Ok(Exit::Done)
}

/// The report as text in the target's format.
fn render(report: &Report, target: ExportTarget, operation: Option<&str>) -> Result<String, Error> {
    let apart = &*named_apart(report);
    match target {
        ExportTarget::Otlp => Err(Error::usage("otlp is sent to a collector")),
        ExportTarget::Prometheus => formats::prometheus(apart, TextFormat::Text),
        ExportTarget::OpenMetrics => formats::prometheus(apart, TextFormat::OpenMetrics),
        ExportTarget::Json => own(report, args::Format::Json),
        ExportTarget::Csv => own(report, args::Format::Csv),
        ExportTarget::Bencher => formats::bencher(apart),
        ExportTarget::GithubActionBenchmark => github_action(apart, Direction::LowerIsBetter),
        ExportTarget::GithubActionBenchmarkBigger => {
            github_action(apart, Direction::HigherIsBetter)
        }
        ExportTarget::Junit => formats::junit(apart),
        ExportTarget::Hdr => formats::hdr(apart),
        ExportTarget::Hgrm => formats::hgrm(apart, operation),
    }
}

/// What one direction is not known of is in neither list, which is told.
fn github_action(report: &Report, direction: Direction) -> Result<String, Error> {
    let left_out = formats::undirected(report).join(", ");
    if !left_out.is_empty() {
        terminal::print_line(&format!(
            "warning: left out, because nobody said which values are good: {left_out}"
        ));
    }
    formats::github_action(report, direction)
}

/// The formats that `perfkit report` prints as well.
fn own(report: &Report, format: args::Format) -> Result<String, Error> {
    let is_empty = report.operations.is_empty()
        && report.counters.is_empty()
        && report.gauges.is_empty()
        && report.benchmarks.is_empty()
        && report.gate.is_none();
    if is_empty && format == args::Format::Csv {
        return Err(Error::data(
            "the report was not exported: the report has no results",
        ));
    }
    formats::render(report, Detail::Usual, format, None)
}

fn write(text: &str, output: Option<&Path>) -> Result<(), Error> {
    match output {
        Some(output) => write_out(output, text.as_bytes()),
        None => terminal::print_exactly(text),
    }
}

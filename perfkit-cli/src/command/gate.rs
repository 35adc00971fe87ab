//! `perfkit gate`: reports against the rules of `perfkit.toml`.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use perfkit::Report;
use perfkit::report::GateOutcome;

use crate::analysis::judge;
use crate::args::{Format, GateArguments, Verbosity, environment};
use crate::error::{Error, shown};
use crate::exit::Exit;
use crate::input::{Config, load_report};
use crate::report::Detail;
use crate::{export, terminal};

use super::{check_writable, deliver};

const EXAMPLE: &str = "make one, for example with\n
    [[budget]]
    operation = \"*\"
    p95 = \"< 100ms\"";

pub(crate) fn run(arguments: GateArguments, verbosity: Verbosity) -> Result<Exit, Error> {
    arguments.output.as_deref().map_or(Ok(()), check_writable)?;
    let format = Format::chosen(arguments.format)?;
    let named = arguments.config.clone();
    let named = named.or_else(|| environment::text("PERFKIT_CONFIG").map(PathBuf::from));
    let Some((path, config)) = Config::find(named.as_deref())? else {
        return Err(
            Error::usage("there is no perfkit.toml here or in a folder above").hint(EXAMPLE),
        );
    };
    let rules = config.rules;
    if rules.budgets.is_empty() && rules.regressions.is_empty() {
        let message = format!("{} has no [[budget]] and no [[regression]]", shown(&path));
        return Err(Error::usage(message).hint(EXAMPLE));
    }
    let load = |path: &PathBuf| load_report(path);
    let reports: Vec<Report> = arguments
        .reports
        .iter()
        .map(load)
        .collect::<Result<_, _>>()?;
    let baseline = arguments.baseline.as_ref().map(load).transpose()?;

    let (gate, notes) = judge(&reports, baseline.as_ref(), &rules);
    let outcome = gate.outcome;
    let mut result = Report::new(reports[0].environment.clone());
    result.gate = Some(gate);
    result.notes = notes;
    write_step_summary(&result);
    deliver(
        &result,
        verbosity.into(),
        format,
        arguments.output.as_deref(),
    )?;
    Ok(match outcome {
        GateOutcome::Fail => Exit::Broken,
        _ => Exit::Done,
    })
}

/// Adds the result to the page of a GitHub workflow run. A page that cannot be
/// written does not change the verdict.
fn write_step_summary(result: &Report) {
    let Some(path) = environment::text("GITHUB_STEP_SUMMARY").map(PathBuf::from) else {
        return;
    };
    let written = export::render(result, Detail::Usual, Format::Markdown, None)
        .and_then(|text| append(&path, &text).map_err(|error| Error::file("write", &path, error)));
    if let Err(error) = written {
        let message = error.message();
        terminal::print_line(&format!("warning: GITHUB_STEP_SUMMARY: {message}"));
    }
}

/// Appends a paragraph to a page, which may end in the midst of a table.
fn append(path: &Path, text: &str) -> std::io::Result<()> {
    if path.metadata().is_ok_and(|found| !found.is_file()) {
        return Err(std::io::Error::other("it is no regular file"));
    }
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    let separator = if file.metadata()?.len() > 0 {
        "\n\n"
    } else {
        ""
    };
    file.write_all(format!("{separator}{text}").as_bytes())
}

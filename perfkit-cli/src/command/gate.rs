//! `perfkit gate`: reports against the rules of `perfkit.toml`.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use perfkit::Report;
use perfkit::report::GateOutcome;

use crate::analysis::judge;
use crate::args::{Format, GateArguments, Verbosity};
use crate::error::Error;
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
    let Some((path, config)) = Config::find(arguments.config.as_deref())? else {
        return Err(
            Error::usage("there is no perfkit.toml here or in a folder above").hint(EXAMPLE),
        );
    };
    let rules = config.rules;
    if rules.budgets.is_empty() && rules.regressions.is_empty() {
        let message = format!("{} has no [[budget]] and no [[regression]]", path.display());
        return Err(Error::usage(message).hint(EXAMPLE));
    }
    let load = |path: &std::path::PathBuf| load_report(path);
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
        arguments.format,
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
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) else {
        return;
    };
    let written = export::render(result, Detail::Usual, Format::Markdown, None).and_then(|text| {
        let file = OpenOptions::new().append(true).create(true).open(&path);
        file.and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(|error| Error::file("write", Path::new(&path), error))
    });
    if let Err(error) = written {
        terminal::print_line(&format!(
            "warning: GITHUB_STEP_SUMMARY: {}",
            error.message()
        ));
    }
}

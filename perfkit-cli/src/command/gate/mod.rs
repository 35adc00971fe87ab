//! `perfkit gate`: reports against the rules of `perfkit.toml`.

mod measured;
mod result;
mod today;

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use perfkit::Report;
use perfkit::report::GateOutcome;

use crate::analysis::judge;
use crate::args::{Format, GateArguments, Verbosity, environment};
use crate::document::Detail;
use crate::error::{Error, shown};
use crate::exit::Exit;
use crate::input::{ConfigFile, GateRules, OnInconclusive, load_report};
use crate::interrupt::Signals;
use crate::plan::Plan;
use crate::revision::check_out;
use crate::{export, terminal};

use super::compare::Session;
use super::sources::Sources;
use super::{check_writable, deliver};

use result::result;
use today::today;

const EXAMPLE: &str = "make one, for example with\n
    [[budget]]
    operation = \"*\"
    p95 = \"< 100ms\"";

pub(crate) fn run(arguments: GateArguments, verbosity: Verbosity) -> Result<Exit, Error> {
    let files = [&arguments.output, &arguments.export_json];
    let mut files = files.into_iter().flatten();
    files.try_for_each(|path| check_writable(path))?;
    let format = Format::chosen(arguments.format)?;
    let Some(config) = ConfigFile::find(arguments.config.as_deref())? else {
        return Err(
            Error::usage("there is no perfkit.toml here or in a folder above").hint(EXAMPLE),
        );
    };
    let mut rules = config.rules()?;
    if arguments.strict {
        rules.inconclusive = OnInconclusive::Fail;
    }
    if rules.budgets.is_empty() && rules.regressions.is_empty() {
        let path = shown(&config.path.value);
        let message = format!("{path} has no [[budget]] and no [[regression]]");
        return Err(Error::usage(message).hint(EXAMPLE));
    }
    let mut sources = Sources::new(&format);
    sources.configuration(Some(&config.path));
    let result = match &arguments.base {
        None => judge_saved(&arguments, &rules, sources, verbosity)?,
        Some(base) => {
            let plan = Plan::of_gate(&arguments, base, &config)?;
            plan.described()
                .iter()
                .for_each(|setting| sources.setting(setting));
            sources.tell(verbosity);
            let signals = Signals::listen()?;
            let session = Session {
                plan: &plan,
                checkout: Some(&check_out(base)?),
                signals: &signals,
                verbosity,
            };
            match measured::judge(session, &rules, arguments.export_json.as_deref())? {
                Some(result) => result,
                None => return Ok(signals.exit()),
            }
        }
    };
    let outcome = result.gate.as_ref().map(|gate| gate.outcome);
    write_step_summary(&result);
    deliver(
        &result,
        verbosity.into(),
        format.value,
        arguments.output.as_deref(),
    )?;
    Ok(match outcome {
        Some(GateOutcome::Fail) => Exit::Broken,
        Some(GateOutcome::RuleAtFault) => Exit::Usage,
        Some(GateOutcome::DataAtFault) => Exit::Data,
        _ => Exit::Done,
    })
}

/// What saved reports come to.
fn judge_saved(
    arguments: &GateArguments,
    rules: &GateRules,
    mut sources: Sources,
    verbosity: Verbosity,
) -> Result<Report, Error> {
    let mut report = |role, path: &PathBuf| sources.report(role, path);
    arguments
        .reports
        .iter()
        .for_each(|path| report("report", path));
    arguments
        .baseline
        .iter()
        .for_each(|path| report("baseline", path));
    sources.tell(verbosity);
    let load = |path: &PathBuf| load_report(path);
    let reports = arguments.reports.iter().map(load);
    let reports: Vec<Report> = reports.collect::<Result<_, _>>()?;
    let baseline = arguments.baseline.as_ref().map(load).transpose()?;
    let judged = judge(&reports, baseline.as_ref(), rules, today());
    Ok(result(&reports[0], judged))
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

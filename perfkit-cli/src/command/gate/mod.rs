//! `perfkit gate`: reports against the rules of `perfkit.toml`.

mod annotations;
mod measured;
mod outputs;
mod result;
mod summary;
mod today;

use std::path::PathBuf;

use perfkit::Report;
use perfkit::report::GateOutcome;

use crate::analysis::judge;
use crate::args::{GateArguments, Verbosity};
use crate::error::{Error, shown};
use crate::exit::Exit;
use crate::input::{ConfigFile, GateRules, OnInconclusive, load_report};
use crate::interrupt::Signals;
use crate::plan::Plan;
use crate::revision::check_out;

use super::compare::Session;
use super::sources::Sources;

use annotations::annotate;
use outputs::Outputs;
use result::Judged;
use summary::write_step_summary;
use today::today;

const EXAMPLE: &str = "make one, for example with\n
    [[budget]]
    operation = \"*\"
    p95 = \"< 100ms\"";

pub(crate) fn run(arguments: GateArguments, verbosity: Verbosity) -> Result<Exit, Error> {
    let outputs = Outputs::of(&arguments)?;
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
    let mut sources = Sources::new(&outputs.format);
    sources.configuration(Some(&config.path));
    let judged = match &arguments.base {
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
            match measured::judge(session, &rules, &outputs)? {
                Some(judged) => judged,
                None => return Ok(signals.exit()),
            }
        }
    };
    write_step_summary(&judged.result);
    annotate(&judged.result);
    outputs.publish(&judged, verbosity)?;
    let outcome = judged.result.gate.as_ref().map(|gate| gate.outcome);
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
) -> Result<Judged, Error> {
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
    Ok(Judged::new(reports, judged))
}

//! `perfkit gate`: reports against the rules of `perfkit.toml`.

mod annotations;
mod measured;
mod outputs;
mod result;
mod selftest;
mod summary;
mod today;

use perfkit::report::GateOutcome;

use crate::analysis::{gate_of, judge, missing_of_shards, rules_of_shards};
use crate::args::{GateArguments, Verbosity};
use crate::baseline_store::BaselineStore;
use crate::document::named_apart;
use crate::error::{Error, shown};
use crate::exit::Exit;
use crate::input::{ConfigFile, GateRules, OnInconclusive};
use crate::interrupt::Signals;
use crate::plan::{Plan, SavedBaseline};
use crate::revision::check_out;

use super::compare::Session;
use super::history::Recorder;
use super::saved_sides::{load_baseline, load_sessions};
use super::sources::Sources;

use annotations::annotate;
use outputs::Outputs;
use result::Judged;
use summary::write_step_summary;
pub(in crate::command) use today::today;

const EXAMPLE: &str = "make one, for example with\n
    [[budget]]
    operation = \"*\"
    p95 = \"< 100ms\"";

pub(crate) fn run(arguments: GateArguments, verbosity: Verbosity) -> Result<Exit, Error> {
    if arguments.selftest {
        return selftest::run(&arguments, verbosity);
    }
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
    let recorder = Recorder::of(arguments.history, arguments.config.as_deref())?;
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
    annotate(&named_apart(&judged.result));
    let published = outputs.publish(&judged, verbosity);
    if let Some(recorder) = recorder {
        recorder.record(judged.reports(), verbosity)?;
    }
    published?;
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
    let baseline = saved_baseline(arguments)?;
    let files = arguments.reports.iter();
    files.for_each(|path| sources.report("report", path));
    if let Some(baseline) = &baseline {
        sources.baseline(baseline);
    }
    sources.tell(verbosity);
    let reports = load_sessions(&arguments.reports)?;
    let baseline = baseline.map(|baseline| load_baseline(&baseline, &reports));
    let baseline = baseline.transpose()?;
    let sessions = baseline.as_ref().map(|baseline| &baseline.reports[..]);
    let rules = rules_of_shards(rules, &reports);
    let mut judgement = judge(&reports, sessions, &rules, today());
    let mut notes = std::mem::take(&mut judgement.notes);
    let mut findings = judgement.findings();
    findings.extend(missing_of_shards(&reports));
    let gate = gate_of(findings, rules.inconclusive);
    notes.extend(baseline.into_iter().flat_map(|baseline| baseline.notes));
    Ok(Judged::new(reports, (gate, notes)))
}

/// What regressions are measured against.
fn saved_baseline(arguments: &GateArguments) -> Result<Option<SavedBaseline>, Error> {
    if let Some(name) = &arguments.against {
        let store = BaselineStore::find(arguments.baselines.as_deref())?;
        return Ok(Some(SavedBaseline::Named(name.clone(), store)));
    }
    let files = arguments.baseline.clone();
    Ok((!files.is_empty()).then_some(SavedBaseline::Files(files)))
}

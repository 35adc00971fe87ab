//! `perfkit baseline`: what is kept to be compared with on another day.

use std::path::{Path, PathBuf};

use perfkit::report::Environment;
use perfkit::{Metric, MetricSummary, Report};

use crate::analysis::{is_comparable, is_same_session};
use crate::args::{BaselineAction, BaselineArguments, BaselineName, Verbosity};
use crate::baseline_store::{BaselineStore, SavedSession};
use crate::error::{Error, shown};
use crate::exit::Exit;
use crate::input::load_report;
use crate::terminal;
use crate::text::{label, printable, shorten, utc};

use super::sources::Sources;

/// How many of the newest values of a benchmark are shown.
const MOST_VALUES: usize = 10;

pub(crate) fn run(arguments: BaselineArguments, verbosity: Verbosity) -> Result<Exit, Error> {
    let store = BaselineStore::find(arguments.baselines.as_deref())?;
    let mut sources = Sources::without_format();
    let folder = store.folder.clone();
    sources.setting(&folder.map(|folder| format!("baselines: {}", shown(&folder))));
    sources.tell(verbosity);
    let text = match arguments.action {
        BaselineAction::Save { name, reports } => save(&store, &name, &reports, verbosity)?,
        BaselineAction::List => list(&store)?,
        BaselineAction::Show { name } => show(&store, &name)?,
        BaselineAction::Rm { name } => {
            let sessions = store.remove(&name, verbosity)?;
            format!("Removed baseline {name} with {}.\n", counted(sessions))
        }
    };
    terminal::print_result(&text)?;
    Ok(Exit::Done)
}

/// Adds sessions; where one cannot be added, none is.
fn save(
    store: &BaselineStore,
    name: &BaselineName,
    paths: &[PathBuf],
    verbosity: Verbosity,
) -> Result<String, Error> {
    let new = paths.iter().map(|path| load_report(path));
    let new: Vec<Report> = new.collect::<Result<_, _>>()?;
    let locked = store.lock(verbosity)?;
    let kept = locked.sessions(name)?;
    let mut known: Vec<&Report> = kept.iter().map(|session| &session.report).collect();
    for (path, report) in paths.iter().zip(&new) {
        check(name, path, report, &known)?;
        known.push(report);
    }
    locked.add(name, &new)?;
    let is_elsewhere = |kept: &&SavedSession| {
        let mut new = new.iter().map(|report| &report.environment);
        new.any(|new| new.is_other_machine(&kept.report.environment))
    };
    let elsewhere = kept.iter().filter(is_elsewhere).count();
    let folder = shown(&store.folder.value);
    let mut text = format!(
        "Saved to baseline {name} in {folder}: now {}.\n",
        counted(known.len())
    );
    if elsewhere > 0 {
        text += &format!(
            "Of them {elsewhere} of another machine: a report is compared with those of its own.\n"
        );
    }
    Ok(text)
}

/// Refuses what is no session, or none of its own.
fn check(
    name: &BaselineName,
    path: &Path,
    report: &Report,
    known: &[&Report],
) -> Result<(), Error> {
    let path = shown(path);
    if !is_comparable(report) {
        return Err(Error::data(format!(
            "{path} has no benchmark and no operation that could be compared with"
        )));
    }
    if known.iter().any(|known| is_same_session(known, report)) {
        return Err(Error::usage(format!(
            "baseline {name} has the session of {path} already, or it was given twice"
        ))
        .hint("a session counts once: measure again, best on another day, and save that"));
    }
    Ok(())
}

fn list(store: &BaselineStore) -> Result<String, Error> {
    let names = store.names()?;
    if names.is_empty() {
        let folder = shown(&store.folder.value);
        return Ok(format!("There is no baseline in {folder}.\n"));
    }
    let width = names.iter().map(|name| name.as_str().chars().count()).max();
    let width = width.unwrap_or(0);
    let line = |name: &BaselineName| {
        let said = match store.sessions(name) {
            Ok(sessions) => summary(&sessions),
            Err(error) => format!("cannot be read: {}", printable(error.message())),
        };
        format!("{:<width$}  {said}\n", name.as_str())
    };
    Ok(names.iter().map(line).collect())
}

fn summary(sessions: &[SavedSession]) -> String {
    let newest = sessions.last().map(|session| utc(session.report.created));
    let mut machines: Vec<String> = Vec::new();
    for session in sessions {
        let machine = machine(&session.report.environment);
        if !machines.contains(&machine) {
            machines.push(machine);
        }
    }
    format!(
        "{}, the last of {}, on {}",
        counted(sessions.len()),
        newest.unwrap_or_default(),
        machines.join(" and ")
    )
}

fn show(store: &BaselineStore, name: &BaselineName) -> Result<String, Error> {
    let sessions = store.sessions(name)?;
    let mut text = format!("Baseline {name}: {}\n", counted(sessions.len()));
    for session in &sessions {
        let environment = &session.report.environment;
        let git = environment.git.as_ref();
        let commit = git.map(|git| format!(", commit {}", shorten(&printable(&git.commit), 12)));
        text += &format!(
            "  {}, {}{}\n    {}\n",
            utc(session.report.created),
            machine(environment),
            commit.unwrap_or_default(),
            shown(&session.path)
        );
    }
    text += "\nMedians by session:\n";
    for (name, values) in medians(&sessions) {
        let hidden = values.len().saturating_sub(MOST_VALUES);
        let dots = if hidden > 0 { "… " } else { "" };
        text += &format!(
            "  {}: {dots}{}\n",
            label(&name),
            values[hidden..].join(", ")
        );
    }
    Ok(text)
}

/// The typical times by name, in the order in which they were first measured, and with the
/// program of what a bench program measured.
fn medians(sessions: &[SavedSession]) -> Vec<(String, Vec<String>)> {
    let mut all: Vec<(String, Vec<String>)> = Vec::new();
    let mut add = |name: &str, time: Option<&MetricSummary>| {
        let typical = time.and_then(|time| Some((time.unit, time.median.or(time.mean)?)));
        let typical = typical.map_or_else(|| "-".to_owned(), |(unit, value)| unit.format(value, 4));
        match all.iter_mut().find(|(known, _)| known == name) {
            Some((_, values)) => values.push(typical),
            None => all.push((name.to_owned(), vec![typical])),
        }
    };
    for session in sessions {
        for benchmark in session.report.own_benchmarks() {
            let name = match &benchmark.program {
                Some(program) => format!("{} ({program})", benchmark.name),
                None => benchmark.name.clone(),
            };
            let time = benchmark.metrics.get(&Metric::WALL_TIME);
            add(&name, time.or_else(|| benchmark.metrics.values().next()));
        }
        for operation in &session.report.operations {
            let metrics = &operation.lifetime.metrics;
            add(&operation.name, metrics.get(&Metric::EXECUTION_TIME));
        }
    }
    all
}

fn machine(environment: &Environment) -> String {
    let cpu = environment.cpu.as_deref().unwrap_or("an unknown processor");
    let cpu = shorten(&printable(cpu), 60);
    match environment.cores {
        Some(1) => format!("{cpu} (1 processor)"),
        Some(cores) => format!("{cpu} ({cores} processors)"),
        None => cpu,
    }
}

fn counted(sessions: usize) -> String {
    match sessions {
        1 => "1 session".to_owned(),
        more => format!("{more} sessions"),
    }
}

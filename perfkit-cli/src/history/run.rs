//! What is known of a run: its commit, its machine and its compiler.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use perfkit::Report;
use perfkit::report::{Environment, Git};

use crate::error::Error;
use crate::git;
use crate::input::environment;
use crate::text::printable;

use super::head::{Commit, Head, Rest, VERSION};
use super::machine::{Machine, is_known};
use super::points::points_of;
use super::record::Record;
use super::summary::summary_of;

/// What the user says of a run, in place of what its report says.
#[derive(Debug, Default)]
pub(crate) struct RunDetails {
    /// A revision that git knows here.
    pub(crate) commit: Option<String>,
    pub(crate) branch: Option<String>,
    pub(crate) machine: Option<String>,
    pub(crate) toolchain: Option<String>,
}

/// The record of a report. What neither the report nor the user tells is that of here.
pub(crate) fn record_of(report: &Report, details: &RunDetails) -> Result<Record, Error> {
    let points = points_of(report);
    if points.is_empty() {
        return Err(Error::data(
            "the report has no number that a history could be of",
        ));
    }
    let own = &report.environment;
    let here = (!is_known(own) || own.git.is_none()).then(environment::detect);
    let surroundings = here.as_ref().filter(|_| !is_known(own)).unwrap_or(own);
    let machine = match &details.machine {
        Some(name) => Machine::named(name),
        None => Machine::of(surroundings),
    };
    let git = own.git.clone();
    let git = git.or_else(|| here.as_ref().and_then(|here| here.git.clone()));
    let since = report.created.duration_since(UNIX_EPOCH);
    let measured_ms = since.map_or(0, |since| since.as_millis());
    let head = Head {
        version: VERSION,
        measured_ms: u64::try_from(measured_ms).unwrap_or(u64::MAX),
        commit: commit(git, details)?,
        machine,
        toolchain: details.toolchain.clone().or_else(|| toolchain(report)),
        tool: report.imported_from.clone(),
        rest: Rest::default(),
        series: points,
    };
    Record::new(head, &summary_of(report))
}

/// The compiler, where the report is of a program that perfkit is part of: of commands nobody
/// knows it.
fn toolchain(report: &Report) -> Option<String> {
    let mut benchmarks = report.own_benchmarks();
    let is_of_program =
        !report.operations.is_empty() || benchmarks.any(|benchmark| benchmark.program.is_some());
    let Environment {
        rust, opt_level, ..
    } = &report.environment;
    let rust = rust.as_ref().filter(|_| is_of_program)?;
    Some(match opt_level {
        Some(level) => format!("rustc {rust}, opt-level {level}"),
        None => format!("rustc {rust}"),
    })
}

fn commit(git: Option<Git>, details: &RunDetails) -> Result<Option<Commit>, Error> {
    let here = std::env::current_dir().map_err(|error| Error::data(error.to_string()))?;
    let mut commit = match (&details.commit, git) {
        (Some(revision), _) => Commit {
            id: git::commit(&here, revision).map_err(|why| {
                Error::usage(format!(
                    "--commit {}: {}",
                    printable(revision),
                    printable(&why)
                ))
            })?,
            parents: Vec::new(),
            branch: None,
            subject: None,
            committed_s: None,
            dirty: Some(false),
        },
        (None, Some(git)) => Commit {
            id: git.commit,
            parents: Vec::new(),
            branch: git.branch,
            subject: git.subject,
            committed_s: None,
            dirty: git.dirty,
        },
        (None, None) => return Ok(None),
    };
    complete(&mut commit, &here);
    if let Some(branch) = &details.branch {
        commit.branch = Some(branch.clone());
    }
    Ok(Some(commit))
}

/// Adds what git knows of a commit here; a report may be of another repository.
fn complete(commit: &mut Commit, here: &Path) {
    let Some(known) = git::commit_header(here, &commit.id) else {
        return;
    };
    commit.parents = known.parents;
    commit.committed_s = Some(known.committed_s);
    if commit.subject.is_none() {
        commit.subject = git::subject(here, &commit.id);
    }
}

/// Milliseconds since 1970, as an instant.
pub(crate) fn instant(ms: u64) -> SystemTime {
    let since = std::time::Duration::from_millis(ms);
    UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH)
}

//! Saved sessions, read for a comparison or a gate.

use std::path::PathBuf;

use perfkit::Report;
use perfkit::report::{Note, NoteCode};

use crate::args::BaselineName;
use crate::baseline_store::BaselineStore;
use crate::error::Error;
use crate::input::load_report;
use crate::plan::SavedBaseline;

/// The sessions of a baseline, and what a reader should know of them.
pub(super) struct BaselineSessions {
    pub(super) reports: Vec<Report>,
    pub(super) notes: Vec<Note>,
}

/// Reads reports of sessions, the newest last.
pub(super) fn load_sessions(files: &[PathBuf]) -> Result<Vec<Report>, Error> {
    let reports = files.iter().map(|path| load_report(path));
    let mut reports: Vec<Report> = reports.collect::<Result<_, _>>()?;
    reports.sort_by_key(|report| report.created);
    Ok(reports)
}

/// Reads the baseline for a candidate: of one that is kept under a name, what was measured
/// on the candidate's machine.
pub(super) fn load_baseline(
    baseline: &SavedBaseline,
    candidate: &[Report],
) -> Result<BaselineSessions, Error> {
    match baseline {
        SavedBaseline::Files(files) => Ok(BaselineSessions {
            reports: load_sessions(files)?,
            notes: Vec::new(),
        }),
        SavedBaseline::Named(name, store) => load_named(name, store, candidate),
    }
}

fn load_named(
    name: &BaselineName,
    store: &BaselineStore,
    candidate: &[Report],
) -> Result<BaselineSessions, Error> {
    let sessions = store.sessions(name)?;
    let all = sessions.len();
    let mut reports: Vec<Report> = sessions.into_iter().map(|session| session.report).collect();
    let is_of_here = |report: &Report| {
        let here = candidate.iter().map(|report| &report.environment);
        !here
            .into_iter()
            .any(|here| here.is_other_machine(&report.environment))
    };
    reports.retain(is_of_here);
    let left_out = all - reports.len();
    if reports.is_empty() {
        return Err(Error::data(format!(
            "baseline {name} has no session of the machine that the reports are from: {all} of another, whose times are no measure for this one"
        ))
        .hint(format!("measure it here and keep it with `perfkit baseline save {name} REPORT`, or measure both now with --base REV")));
    }
    let note = (left_out > 0).then(|| {
        Note::warning(
            NoteCode::DifferentMachines,
            format!("baseline {name}: {left_out} of {all} sessions are of another machine and are left out"),
        )
    });
    Ok(BaselineSessions {
        reports,
        notes: note.into_iter().collect(),
    })
}

//! Saved sessions, read for a comparison or a gate.

use std::path::PathBuf;

use perfkit::Report;
use perfkit::report::{Note, NoteCode};

use crate::analysis::is_same_session;
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
    let mut sessions = match baseline {
        SavedBaseline::Files(files) => BaselineSessions {
            reports: load_sessions(files)?,
            notes: Vec::new(),
        },
        SavedBaseline::Named(name, store) => load_named(name, store, candidate)?,
    };
    sessions.leave_out(candidate)?;
    Ok(sessions)
}

impl BaselineSessions {
    /// Leaves out what is compared with it: a session is no baseline of itself.
    fn leave_out(&mut self, candidate: &[Report]) -> Result<(), Error> {
        let all = self.reports.len();
        let is_own = |report: &&Report| report.imported_from.is_none();
        let candidate: Vec<&Report> = candidate.iter().filter(is_own).collect();
        let is_candidate = |report: &Report| candidate.iter().any(|c| is_same_session(c, report));
        self.reports.retain(|report| !is_candidate(report));
        let left_out = all - self.reports.len();
        if all > 0 && self.reports.is_empty() {
            return Err(Error::data(
                "the baseline has the very session that is compared with it, and no other",
            )
            .hint("measure once more, and compare that"));
        }
        if left_out > 0 {
            self.notes.push(Note::warning(
                NoteCode::SameSession,
                format!("{left_out} of {all} sessions of the baseline are what is compared with it, and are left out"),
            ));
        }
        Ok(())
    }
}

fn load_named(
    name: &BaselineName,
    store: &BaselineStore,
    candidate: &[Report],
) -> Result<BaselineSessions, Error> {
    let mut machines = candidate.iter().map(|report| &report.environment);
    let first = machines.next();
    if first.is_some_and(|first| machines.any(|other| other.is_other_machine(first))) {
        return Err(
            Error::data("the reports are of different machines, and a baseline is of one")
                .hint("give those of one machine at a time"),
        );
    }
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

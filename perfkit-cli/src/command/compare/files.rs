//! Comparing saved reports.

use perfkit::compare::VerdictRules;

use crate::analysis::compare_reports;
use crate::command::saved_sides::{load_baseline, load_sessions};
use crate::error::Error;
use crate::plan::SavedReports;

use super::session::Outcome;

pub(super) fn compare(saved: &SavedReports, rules: &VerdictRules) -> Result<Outcome, Error> {
    let candidate = load_sessions(&saved.candidate)?;
    let baseline = load_baseline(&saved.baseline, &candidate)?;
    let mut report = compare_reports(&baseline.reports, &candidate, rules)?;
    report.notes.extend(baseline.notes);
    Ok(Outcome {
        report,
        failure: None,
    })
}

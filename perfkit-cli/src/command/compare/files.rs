//! Comparing saved reports.

use std::path::PathBuf;

use perfkit::compare::VerdictRules;

use crate::analysis::compare_reports;
use crate::error::Error;
use crate::input::load_report;

use super::session::Outcome;

/// The first file is the baseline, the second the candidate.
pub(super) fn compare(files: &[PathBuf], rules: &VerdictRules) -> Result<Outcome, Error> {
    let [before, after] = files else {
        return Err(Error::usage(format!(
            "two report files are compared, the baseline and the candidate; given: {}",
            files.len()
        )));
    };
    let (before, after) = (load_report(before)?, load_report(after)?);
    Ok(Outcome {
        report: compare_reports(&before, &after, rules)?,
        failure: None,
    })
}

//! What a gate came to, as a report.

use perfkit::Report;
use perfkit::report::{Benchmark, Gate, GateFinding, Note, Side, SourceLocation};

use crate::input::environment;

/// The result of a gate, and what it judged.
pub(super) struct Judged {
    /// A report of the gate alone, with the environment of what was judged.
    pub(super) result: Report,
    /// The reports that it judged, one or more.
    reports: Vec<Report>,
}

impl Judged {
    pub(super) fn new(reports: Vec<Report>, (mut gate, notes): (Gate, Vec<Note>)) -> Self {
        for finding in &mut gate.findings {
            finding.location = location(&reports, finding);
        }
        let judged = reports.first().map(|report| report.environment.clone());
        let mut result = Report::new(judged.unwrap_or_else(environment::detect));
        result.base = reports.iter().find_map(|report| report.base.clone());
        if let [report] = reports.as_slice() {
            result.shard.clone_from(&report.shard);
        }
        result.gate = Some(gate);
        result.notes = notes;
        Self { result, reports }
    }

    /// The result with the numbers that it rests on, where these are of one report.
    pub(super) fn with_numbers(&self) -> Report {
        let mut whole = match self.reports.as_slice() {
            [report] => report.clone(),
            _ => return self.result.clone(),
        };
        whole.created = self.result.created;
        whole.gate.clone_from(&self.result.gate);
        for note in &self.result.notes {
            if !whole.notes.contains(note) {
                whole.notes.push(note.clone());
            }
        }
        whole
    }
}

/// Where a benchmark stands in the source of the candidate.
fn location(reports: &[Report], finding: &GateFinding) -> Option<SourceLocation> {
    let benchmarks = reports.iter().flat_map(|report| &report.benchmarks);
    let is_it =
        |b: &&Benchmark| b.name == finding.subject && b.may_be_of(finding.program.as_deref());
    let mut own = benchmarks.filter(|b| is_it(b) && b.side != Some(Side::Baseline));
    own.find_map(|benchmark| benchmark.location.clone())
}

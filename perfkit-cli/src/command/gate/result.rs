//! What a gate came to, as a report.

use std::collections::{HashMap, HashSet};

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
        let located = located(&reports);
        for finding in &mut gate.findings {
            finding.location = location(&located, finding);
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

    /// What was judged.
    pub(super) fn reports(&self) -> &[Report] {
        &self.reports
    }

    /// The result with the numbers that it rests on, where these are of one report.
    pub(super) fn with_numbers(&self) -> Report {
        let mut whole = match self.reports.as_slice() {
            [report] => report.clone(),
            _ => return self.result.clone(),
        };
        whole.created = self.result.created;
        whole.gate.clone_from(&self.result.gate);
        let mut seen: HashSet<Note> = whole.notes.iter().cloned().collect();
        for note in &self.result.notes {
            if seen.insert(note.clone()) {
                whole.notes.push(note.clone());
            }
        }
        whole
    }
}

/// The candidate's benchmarks of which it is known where they stand, by their names.
fn located(reports: &[Report]) -> HashMap<&str, Vec<&Benchmark>> {
    let mut located: HashMap<&str, Vec<&Benchmark>> = HashMap::new();
    for benchmark in reports.iter().flat_map(|report| &report.benchmarks) {
        if benchmark.location.is_some() && benchmark.side != Some(Side::Baseline) {
            located.entry(&benchmark.name).or_default().push(benchmark);
        }
    }
    located
}

/// Where a benchmark stands in the source of the candidate.
fn location(
    located: &HashMap<&str, Vec<&Benchmark>>,
    finding: &GateFinding,
) -> Option<SourceLocation> {
    let mut named = located.get(&*finding.subject)?.iter();
    let own = named.find(|benchmark| benchmark.may_be_of(finding.program.as_deref()))?;
    own.location.clone()
}

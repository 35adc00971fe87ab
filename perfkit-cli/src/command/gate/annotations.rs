//! Annotations of a GitHub workflow run: the worst findings, at their lines of the source
//! where these are known.

use std::path::{Path, PathBuf};

use perfkit::Report;
use perfkit::report::{Gate, GateFinding, GateOutcome, SourceLocation};

use crate::args::environment;
use crate::git;
use crate::terminal;
use crate::text::{AnnotationLevel, CiCommand, label, shorten};

/// As many of a kind are shown of one step of a job.
const MOST: usize = 10;

/// The longest rule or measurement, in columns.
const LONGEST_TEXT: usize = 300;

/// Prints the worst findings as workflow commands where a GitHub workflow runs, on standard
/// error, so that a result on standard output stays as it is.
pub(super) fn annotate(result: &Report) {
    if environment::text("GITHUB_ACTIONS").is_none() {
        return;
    }
    let Some(gate) = &result.gate else { return };
    let has_location = gate.findings.iter().any(|f| f.location.is_some());
    let here = std::env::current_dir().ok().filter(|_| has_location);
    let tree = here.and_then(|here| Tree::of(&here));
    for command in commands(gate, tree.as_ref()) {
        terminal::print_ci_command(&command);
    }
}

/// What is worth an annotation, worst first; where there is more than fits, the last one
/// counts the rest.
fn commands(gate: &Gate, tree: Option<&Tree>) -> Vec<CiCommand> {
    let is_broken = gate.findings.iter().any(|f| f.outcome == GateOutcome::Fail);
    let must_be_decided = gate.outcome == GateOutcome::Fail && !is_broken;
    let told = gate.findings.iter().filter_map(|finding| {
        let level = level(finding.outcome, must_be_decided)?;
        Some((level, finding))
    });
    let mut told: Vec<(AnnotationLevel, &GateFinding)> = told.collect();
    told.sort_by_key(|(level, _)| *level);
    let shown = if told.len() > MOST {
        MOST - 1
    } else {
        told.len()
    };
    let rest = told.split_off(shown);
    let mut commands: Vec<CiCommand> = told
        .iter()
        .map(|(level, finding)| of_finding(*level, finding, tree))
        .collect();
    if let Some((level, _)) = rest.first() {
        let message = format!("{} more findings are in the result of the gate", rest.len());
        commands.push(CiCommand::annotation(*level, None, &message));
    }
    commands
}

/// `None` where nobody has to do anything.
fn level(outcome: GateOutcome, must_be_decided: bool) -> Option<AnnotationLevel> {
    match outcome {
        GateOutcome::Fail | GateOutcome::RuleAtFault | GateOutcome::DataAtFault => {
            Some(AnnotationLevel::Error)
        }
        GateOutcome::Inconclusive if must_be_decided => Some(AnnotationLevel::Error),
        GateOutcome::Warn => Some(AnnotationLevel::Warning),
        GateOutcome::Inconclusive => Some(AnnotationLevel::Notice),
        GateOutcome::Waived | GateOutcome::Pass => None,
    }
}

fn of_finding(level: AnnotationLevel, finding: &GateFinding, tree: Option<&Tree>) -> CiCommand {
    let message = format!(
        "{}: {}: {}",
        label(&finding.subject),
        shorten(&finding.rule, LONGEST_TEXT),
        shorten(&finding.measured, LONGEST_TEXT)
    );
    let location = finding.location.as_ref().zip(tree);
    let location = location.and_then(|(location, tree)| tree.find(location));
    CiCommand::annotation(level, location, &message)
}

/// A checkout, and a folder in it from which files may be named.
struct Tree {
    /// Its top: the service names files from there.
    top: PathBuf,
    here: PathBuf,
}

impl Tree {
    fn of(here: &Path) -> Option<Self> {
        let here = here.canonicalize().ok()?;
        let top = git::top_if_any(&here).unwrap_or_else(|why| {
            terminal::print_line(&format!(
                "warning: git does not say where the top of this repository is, so that annotations name no lines: {why}; let git read the repository"
            ));
            None
        });
        Some(Self { top: top?, here })
    }

    /// A location as the service names it; `None` where the file is not in the checkout,
    /// as for a report from elsewhere. Cargo names files from the folder of the workspace,
    /// which is this one or above it.
    fn find(&self, location: &SourceLocation) -> Option<(String, u32)> {
        let within = |folder: &&Path| folder.starts_with(&self.top);
        let mut folders = self.here.ancestors().take_while(within);
        let found = folders.find_map(|folder| {
            let path = folder.join(&location.file).canonicalize().ok()?;
            path.is_file().then_some(path)
        })?;
        let name = found.strip_prefix(&self.top).ok()?.to_str()?;
        Some((name.to_owned(), location.line))
    }
}

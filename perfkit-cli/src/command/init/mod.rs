//! `perfkit init`: rules that fit what is here, and a file for a CI service.

mod ci_file;
mod planned;
mod rules;

use std::path::{Path, PathBuf};

use perfkit::report::Severity;

use crate::analysis::{Proposals, propose};
use crate::args::{Format, InitArguments, Setting, Variable, Verbosity};
use crate::document::{Document, Sentence, Style, counted};
use crate::error::{Error, shown};
use crate::exit::Exit;
use crate::export::render_document;
use crate::git::{in_repository, output};
use crate::input::{ConfigFile, load_report};
use crate::revision::{Tree, Workspace};
use crate::terminal;
use crate::text::label;

use super::sources::Sources;

use ci_file::{ci_file, ci_steps};
use planned::{Planned, refuse_existing};

const RULES: &str = "perfkit.toml";

/// Budgets where the rules are for benches.
const BUDGETS: &str = "perfkit-budgets.toml";

pub(crate) fn run(arguments: &InitArguments, verbosity: Verbosity) -> Result<Exit, Error> {
    Sources::without_format().tell(verbosity);
    let tree = Tree::here()?;
    let workspace = Workspace::of(&tree)?;
    let benches = workspace.map_or_else(Vec::new, |workspace| workspace.bench_names(&tree));
    let here = tree.directory;
    if arguments.ci.is_some() && benches.is_empty() {
        return Err(
            Error::usage("--ci measures benches, and there is no package with any here").hint(
                "write a bench, or see docs/ci.md of perfkit for a job that measures a command",
            ),
        );
    }
    let proposals = arguments.report.as_deref().map(proposals).transpose()?;
    let mut planned = plan(&benches, proposals.as_ref());
    check_rules(&planned)?;
    if let Some(service) = arguments.ci {
        planned.push(ci_file(service, &here)?);
    }
    if !arguments.force {
        refuse_existing(&planned)?;
    }
    let named = Setting::find(None, Variable::CONFIG, None)?;
    let above = above(&here);
    planned.iter().try_for_each(Planned::write)?;
    let mut document = Document::default();
    for file in &planned {
        let wrote = Sentence::led(Style::Good, "Wrote").code(&shown(&file.path));
        document.sentence(wrote.text(&format!(", {}.", file.what)));
    }
    if let Some(counts) = what_counts(&here, named.as_ref(), above.as_deref()) {
        document.sentence(counts);
    }
    let without = proposals
        .as_ref()
        .map(|proposals| &proposals.without_bounds);
    if let Some(without) = without.filter(|without| !without.is_empty()) {
        let told = Sentence::led(Style::Unsure, "No budget").text("for ");
        let told = told.code(&some_of(without));
        document.sentence(told.text(": no bound that is proposed holds for what was measured."));
    }
    for step in next_steps(arguments, &benches, &here) {
        document.sentence(step);
    }
    let text = render_document(&document, Format::Human, terminal::stdout_width());
    terminal::print_result(&text)?;
    Ok(Exit::Done)
}

/// What is proposed of a report, of which there has to be something.
fn proposals(path: &Path) -> Result<Proposals, Error> {
    let report = load_report(path)?;
    let warnings = report
        .notes
        .iter()
        .filter(|note| note.severity >= Severity::Warning);
    for note in warnings {
        let message = crate::text::printable(&note.message);
        terminal::print_line(&format!("warning: {}: {message}", shown(path)));
    }
    let proposals = propose(&report);
    if proposals.budgets.is_empty() {
        let (path, none) = (shown(path), &proposals.without_bounds);
        if !none.is_empty() {
            let message = format!("nothing in {path} keeps a bound: {}", some_of(none));
            return Err(Error::data(message).hint(
                "most calls failed, or there are too few: record a run that is as it should be",
            ));
        }
        let message = format!("{path} has nothing that a budget could be for");
        return Err(Error::data(message).hint(
            "a budget is for operations, which `perfkit run --save report.json -- PROGRAM` records, or for the times of benchmarks",
        ));
    }
    Ok(proposals)
}

/// The first of some scopes, and how many more there are.
fn some_of(scopes: &[String]) -> String {
    const MOST: usize = 3;
    let first: Vec<String> = scopes.iter().take(MOST).map(|scope| label(scope)).collect();
    match scopes.len().saturating_sub(MOST) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

fn plan(benches: &[String], proposals: Option<&Proposals>) -> Vec<Planned> {
    let budgets = proposals.map(|proposals| Planned {
        path: if benches.is_empty() { RULES } else { BUDGETS }.into(),
        text: rules::of_budgets(proposals),
        what: counted(proposals.budgets.len() as u64, "budget")
            + " with headroom above what was measured",
    });
    let regressions = Planned {
        path: RULES.into(),
        text: rules::of_regressions(benches),
        what: match benches.len() {
            0 => "a rule that what is measured gets at most 5 % slower".to_owned(),
            count => format!(
                "a rule that {} get at most 5 % slower",
                counted(count as u64, "bench program")
            ),
        },
    };
    let is_needed = budgets.is_none() || !benches.is_empty();
    let regressions = is_needed.then_some(regressions);
    regressions.into_iter().chain(budgets).collect()
}

/// No rules are written that the gate would refuse.
fn check_rules(planned: &[Planned]) -> Result<(), Error> {
    for file in planned {
        ConfigFile::of_text(file.text.clone()).rules()?;
    }
    Ok(())
}

/// The configuration of a folder above.
fn above(here: &Path) -> Option<PathBuf> {
    let above = here.ancestors().skip(1).map(|folder| folder.join(RULES));
    above.into_iter().find(|path| path.is_file())
}

/// Which configuration counts from now on, where another one did or still does.
fn what_counts(
    here: &Path,
    named: Option<&Setting<PathBuf>>,
    above: Option<&Path>,
) -> Option<Sentence> {
    let written = here.join(RULES).canonicalize().ok();
    let note = Sentence::led(Style::Unsure, "Here");
    let Some(named) = named else {
        let note = note.code(RULES).text(" now counts instead of ");
        return above.map(|above| note.code(&shown(above)).text("."));
    };
    let is_written = here.join(&named.value).canonicalize().ok() == written;
    let reason = format!(", as {} says.", named.origin);
    let note = note.code(&shown(&named.value)).text(" counts instead of ");
    (!is_written).then(|| note.code(RULES).text(&reason))
}

/// What to do now.
fn next_steps(arguments: &InitArguments, benches: &[String], here: &Path) -> Vec<Sentence> {
    let next = || Sentence::led(Style::Plain, "Next");
    let mut steps = Vec::new();
    let base = base(here);
    if !benches.is_empty() {
        steps.push(next().code(&format!("perfkit gate --base {base}")));
    }
    if let Some(report) = &arguments.report {
        let config = match benches {
            [] => String::new(),
            _ => format!("--config {BUDGETS} "),
        };
        let report = report.to_string_lossy();
        let report = shell_words::quote(&report);
        steps.push(next().code(&format!("perfkit gate {config}{report}")));
    }
    if steps.is_empty() {
        let command = format!("perfkit gate --base {base} '{{tree}}/run.sh'");
        steps.push(
            next()
                .text("write a bench, or give a command that both trees have: ")
                .code(&command),
        );
    }
    steps.extend(arguments.ci.into_iter().flat_map(ci_steps));
    steps
}

/// The branch that changes are most likely compared with.
fn base(here: &Path) -> &'static str {
    let exists = |branch: &&&str| {
        let branch = format!("{branch}^{{commit}}");
        let verify = ["rev-parse", "--verify", "--quiet", "--end-of-options"];
        output(in_repository(here), [&verify[..], &[&branch]].concat()).is_ok()
    };
    let branches = ["main", "master", "origin/main", "origin/master"];
    branches.iter().find(exists).unwrap_or(&"REV")
}

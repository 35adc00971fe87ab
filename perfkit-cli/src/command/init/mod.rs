//! `perfkit init`: rules that fit what is here, and a file for a CI service.

mod rules;

use std::fs;
use std::path::{Path, PathBuf};

use perfkit::report::Severity;

use crate::analysis::{Proposals, propose};
use crate::args::{CiService, Format, InitArguments, Verbosity};
use crate::document::{Document, Sentence, Style, counted};
use crate::error::{Error, shown};
use crate::exit::Exit;
use crate::export::{render_document, save};
use crate::git::{in_repository, output};
use crate::input::{ConfigFile, load_report};
use crate::revision::{Tree, Workspace};
use crate::terminal;

use super::sources::Sources;

const RULES: &str = "perfkit.toml";

/// Budgets where the rules are for benches.
const BUDGETS: &str = "perfkit-budgets.toml";

const GITHUB: &str = ".github/workflows/performance.yml";
const GITLAB: &str = "perfkit-gate.gitlab-ci.yml";

/// A file to be written.
struct Planned {
    path: &'static str,
    text: String,
    /// What it holds, in words.
    what: String,
}

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
    let planned = plan(arguments, &benches, proposals.as_ref());
    if !arguments.force {
        refuse_existing(&planned)?;
    }
    check_rules(&planned)?;
    let shadowed = shadowed(&here);
    planned.iter().try_for_each(write)?;
    let mut document = Document::default();
    for file in &planned {
        let wrote = Sentence::led(Style::Good, "Wrote").code(file.path);
        document.sentence(wrote.text(&format!(", {}.", file.what)));
    }
    if let Some(shadowed) = shadowed {
        let note = Sentence::led(Style::Unsure, "Here").code(RULES);
        let note = note.text(" now counts instead of ").code(&shown(&shadowed));
        document.sentence(note.text("."));
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
        let message = format!("{} has nothing that a budget could be for", shown(path));
        return Err(Error::data(message).hint(
            "a budget is for operations, which `perfkit run --save report.json -- PROGRAM` records, or for the times of benchmarks",
        ));
    }
    Ok(proposals)
}

fn plan(
    arguments: &InitArguments,
    benches: &[String],
    proposals: Option<&Proposals>,
) -> Vec<Planned> {
    let budgets = proposals.map(|proposals| Planned {
        path: if benches.is_empty() { RULES } else { BUDGETS },
        text: rules::of_budgets(proposals),
        what: counted(proposals.budgets.len() as u64, "budget")
            + " with headroom above what was measured",
    });
    let regressions = Planned {
        path: RULES,
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
    regressions
        .into_iter()
        .chain(budgets)
        .chain(arguments.ci.map(ci_file))
        .collect()
}

/// The files that docs/ci.md tells to copy.
fn ci_file(service: CiService) -> Planned {
    let (path, text, what) = match service {
        CiService::Github => (
            GITHUB,
            include_str!("github.yml"),
            "a workflow for pull requests",
        ),
        CiService::Gitlab => (
            GITLAB,
            include_str!("gitlab.yml"),
            "a job for merge requests",
        ),
    };
    Planned {
        path,
        text: text.to_owned(),
        what: what.to_owned(),
    }
}

/// Nothing is written where any of it exists.
fn refuse_existing(planned: &[Planned]) -> Result<(), Error> {
    let exists = |file: &&Planned| fs::symlink_metadata(file.path).is_ok();
    let existing: Vec<&str> = planned
        .iter()
        .filter(exists)
        .map(|file| file.path)
        .collect();
    if existing.is_empty() {
        return Ok(());
    }
    let message = format!("there is a {} already", existing.join(" and a "));
    Err(Error::usage(message).hint("nothing was written; --force overwrites"))
}

/// No rules are written that the gate would refuse.
fn check_rules(planned: &[Planned]) -> Result<(), Error> {
    let rules = planned.iter().filter(|file| file.path.ends_with(".toml"));
    for file in rules {
        ConfigFile::of_text(file.text.clone()).rules()?;
    }
    Ok(())
}

/// The configuration of a folder above, which no longer counts here.
fn shadowed(here: &Path) -> Option<PathBuf> {
    let above = here.ancestors().skip(1).map(|folder| folder.join(RULES));
    above.into_iter().find(|path| path.is_file())
}

fn write(file: &Planned) -> Result<(), Error> {
    let path = Path::new(file.path);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| Error::file("create", folder, error))?;
    }
    save(path, &file.text)
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

/// What to do with the file for a CI service.
fn ci_steps(service: CiService) -> Vec<Sentence> {
    let next = || Sentence::led(Style::Plain, "Next");
    let name_perfkit = |file: &str| {
        next()
            .text("put the owner of perfkit's repository and one of its commits in the place of ")
            .code("OWNER")
            .text(" and ")
            .code("REVISION")
            .text(" in ")
            .code(file)
    };
    match service {
        CiService::Github => vec![name_perfkit(GITHUB)],
        CiService::Gitlab => {
            let include = format!("include: [{{ local: {GITLAB} }}]");
            let include = next()
                .text("have it included by .gitlab-ci.yml: ")
                .code(&include);
            vec![name_perfkit(GITLAB), include]
        }
    }
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

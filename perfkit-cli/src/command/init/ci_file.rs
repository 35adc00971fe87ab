//! The file by which a CI service runs the gate.

use std::path::Path;

use crate::args::CiService;
use crate::document::{Sentence, Style};
use crate::error::{Error, shown};
use crate::git;
use crate::terminal;
use crate::text::is_plain;

use super::planned::Planned;

const GITHUB: &str = ".github/workflows/performance.yml";
const GITLAB: &str = "perfkit-gate.gitlab-ci.yml";

/// The file that docs/ci.md tells to copy, at the top of the repository: services read it
/// nowhere else. What it measures is here.
pub(super) fn ci_file(service: CiService, here: &Path) -> Result<Planned, Error> {
    let top = git::top_if_any(here).unwrap_or_else(|why| {
        terminal::print_line(&format!(
            "warning: git does not say where the top of this repository is, so that the file for CI is planned as if it were here: {why}; let git read the repository, and run this again"
        ));
        None
    });
    let inner = top.as_deref().and_then(|top| here.strip_prefix(top).ok());
    let inner = inner.filter(|inner| !inner.as_os_str().is_empty());
    let inner = inner.map(harmless).transpose()?;
    let (name, text, what) = match service {
        CiService::Github => (GITHUB, github(inner), "a workflow for pull requests"),
        CiService::Gitlab => (GITLAB, gitlab(inner), "a job for merge requests"),
    };
    let path = match (top, inner) {
        (Some(top), Some(_)) => top.join(name),
        _ => name.into(),
    };
    let what = what.to_owned();
    Ok(Planned { path, text, what })
}

/// The name of a folder that stands for itself in the files of all services.
fn harmless(folder: &Path) -> Result<&str, Error> {
    // Within quotes, letters of all alphabets do.
    let is_harmless = |c: char| is_plain(c) || c.is_alphanumeric() || c == ' ';
    let name = folder.to_str();
    let name = name.filter(|name| name.chars().all(is_harmless));
    name.ok_or_else(|| {
        let message = format!("{} cannot be written into a file for CI", shown(folder));
        Error::usage(message).hint(
            "only letters, digits, spaces and /._-+ are safe there: write the file by hand, see docs/ci.md of perfkit",
        )
    })
}

fn github(inner: Option<&str>) -> String {
    let text = include_str!("github.yml").to_owned();
    match inner {
        None => text,
        Some(inner) => format!("{text}        with:\n          working-directory: \"{inner}\"\n"),
    }
}

fn gitlab(inner: Option<&str>) -> String {
    let text = include_str!("gitlab.yml");
    let directory = |inner| format!("GATE_DIRECTORY: \"{inner}\"");
    text.replace(&directory("."), &directory(inner.unwrap_or(".")))
}

/// What to do with the file for a CI service.
pub(super) fn ci_steps(service: CiService) -> Vec<Sentence> {
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

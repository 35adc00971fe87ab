//! The machine and the revision that commands are run on.

use std::io::Read;
use std::process::Stdio;
use std::sync::mpsc;
use std::time::Duration;

use perfkit::Clock;
use perfkit::report::Environment;

use crate::git;

/// How long git may take to say whether files were changed.
const GIT_TIMEOUT: Duration = Duration::from_secs(2);

/// The environment of this process; whether files were changed, git says.
pub(crate) fn detect() -> Environment {
    let mut environment = Environment::detect(Clock::os().name());
    complete(&mut environment);
    environment
}

/// Adds whether tracked files differ from the commit, and what that says of itself, where
/// these are missing.
pub(crate) fn complete(environment: &mut Environment) {
    if let Some(git) = &mut environment.git
        && git.dirty.is_none()
    {
        git.dirty = is_dirty();
    }
    if let Some(git) = &mut environment.git
        && git.subject.is_none()
        && let Ok(here) = std::env::current_dir()
    {
        git.subject = git::subject(&here, &git.commit);
    }
    if let Some(git) = &mut environment.git
        && git.branch.is_none()
    {
        git.branch = branch_of_ci(|name| std::env::var(name).ok());
    }
}

/// The branch that a CI service says it builds, where it checks out a commit of it: that of a
/// pull request first.
fn branch_of_ci(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    // Each with what stands before the name where it is one of a branch.
    const VARIABLES: [(&str, &str); 4] = [
        ("GITHUB_HEAD_REF", ""),
        ("GITHUB_REF", "refs/heads/"),
        ("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", ""),
        ("CI_COMMIT_BRANCH", ""),
    ];
    VARIABLES.into_iter().find_map(|(name, prefix)| {
        let value = variable(name)?;
        let branch = value.strip_prefix(prefix)?;
        (!branch.is_empty()).then(|| branch.to_owned())
    })
}

/// Asks git; `None` if it does not answer in time. Nobody waits for its end then.
fn is_dirty() -> Option<bool> {
    let (sender, answer) = mpsc::channel();
    std::thread::spawn(move || {
        let _ = sender.send(has_changed_files());
    });
    answer.recv_timeout(GIT_TIMEOUT).ok().flatten()
}

fn has_changed_files() -> Option<bool> {
    let here = std::env::current_dir().ok()?;
    // What is changed within a submodule, git would look for by the configuration of that.
    let mut child = git::without_filters(&here)?
        .args(["-c", "status.submoduleSummary=false", "status"])
        .args(["--porcelain", "--untracked-files=no"])
        .arg("--ignore-submodules=dirty")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    // One byte tells: there is a changed file.
    let has_change = matches!(child.stdout.take()?.read(&mut [0]), Ok(1));
    let ended_well = child.wait().is_ok_and(|status| status.success());
    (has_change || ended_well).then_some(has_change)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ci_services_name_the_branch_and_a_tag_is_none() {
        let branch = |set: &[(&str, &str)]| {
            branch_of_ci(|name| {
                let found = set.iter().find(|(set, _)| *set == name);
                found.map(|(_, value)| (*value).to_owned())
            })
        };
        let main = Some("main".to_owned());
        assert_eq!(branch(&[("GITHUB_REF", "refs/heads/main")]), main);
        let pull = [
            ("GITHUB_HEAD_REF", "main"),
            ("GITHUB_REF", "refs/pull/7/merge"),
        ];
        assert_eq!(branch(&pull), main);
        let tag = [("GITHUB_HEAD_REF", ""), ("GITHUB_REF", "refs/tags/v1")];
        assert_eq!(branch(&tag), None);
        assert_eq!(branch(&[("CI_COMMIT_BRANCH", "main")]), main);
        assert_eq!(branch(&[]), None);
    }
}

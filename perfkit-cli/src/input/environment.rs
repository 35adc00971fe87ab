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

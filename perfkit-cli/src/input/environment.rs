//! The machine and the revision that commands are run on.

use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use perfkit::Clock;
use perfkit::report::Environment;

/// How long git may take to say whether files were changed.
const GIT_TIMEOUT: Duration = Duration::from_secs(2);

/// The environment of this process; whether files were changed, git says.
pub(crate) fn detect() -> Environment {
    let mut environment = Environment::detect(Clock::os().name());
    complete(&mut environment);
    environment
}

/// Adds whether tracked files differ from the commit, where that is missing.
pub(crate) fn complete(environment: &mut Environment) {
    if let Some(git) = &mut environment.git
        && git.dirty.is_none()
    {
        git.dirty = is_dirty();
    }
}

/// Asks git; `None` if it does not answer in time. Nobody waits for its end then.
fn is_dirty() -> Option<bool> {
    let mut child = Command::new("git")
        .args([
            "-c",
            "core.fsmonitor=false",
            "status",
            "--porcelain",
            "--untracked-files=no",
        ])
        .env("GIT_OPTIONAL_LOCKS", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut stdout = child.stdout.take()?;
    let (sender, answer) = mpsc::channel();
    std::thread::spawn(move || {
        // One byte tells: there is a changed file.
        let has_change = matches!(stdout.read(&mut [0]), Ok(1));
        drop(stdout);
        let ended_well = child.wait().is_ok_and(|status| status.success());
        let _ = sender.send((has_change || ended_well).then_some(has_change));
    });
    answer.recv_timeout(GIT_TIMEOUT).ok().flatten()
}

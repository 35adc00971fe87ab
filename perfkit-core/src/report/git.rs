//! The revision of the working directory.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// The most time that one question to git may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// The most bytes of an answer that are read.
const LONGEST_ANSWER: u64 = 4096;

/// A git revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Git {
    /// The full hash of the commit that is checked out.
    pub commit: String,
    /// Whether tracked files differ from it; `None` if git did not say in time.
    #[serde(default)]
    pub dirty: Option<bool>,
}

impl Git {
    /// The revision of the working directory; `None` outside a checkout, before
    /// the first commit and without git.
    pub(super) fn of_working_directory() -> Option<Self> {
        let commit = ask(&["rev-parse", "--verify", "HEAD"])?.trim().to_owned();
        let is_hash = commit.len() >= 40 && commit.bytes().all(|b| b.is_ascii_hexdigit());
        is_hash.then(|| Self {
            commit,
            dirty: ask(&["status", "--porcelain", "--untracked-files=no"])
                .map(|changes| !changes.is_empty()),
        })
    }
}

/// The standard output of a git command that succeeded in time.
fn ask(arguments: &[&str]) -> Option<String> {
    let mut child = Command::new("git")
        // A repository's own settings must not make git run a program of theirs.
        .args([
            "-c",
            "core.fsmonitor=false",
            "-c",
            "core.hooksPath=/dev/null",
        ])
        .args(arguments)
        .env("GIT_OPTIONAL_LOCKS", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let stdout = child.stdout.take()?;
    let reader = std::thread::Builder::new()
        .name("perfkit-git".to_owned())
        .spawn(move || {
            let mut answer = Vec::new();
            let read = stdout.take(LONGEST_ANSWER).read_to_end(&mut answer);
            read.ok().map(|_| answer)
        });
    let succeeded = ended_well(&mut child);
    let answer = reader.ok()?.join().ok()??;
    // A longer answer ends git with a broken pipe, and its start is enough.
    let was_cut = answer.len() as u64 == LONGEST_ANSWER;
    (succeeded || was_cut).then(|| String::from_utf8_lossy(&answer).into_owned())
}

/// Waits for a child and ends it when it takes too long.
fn ended_well(child: &mut Child) -> bool {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(1));
            }
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return false;
            }
        }
    }
}

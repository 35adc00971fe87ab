//! Git, asked in such a way that nothing runs which a repository names.
//!
//! The configuration of a repository, and `.gitattributes` together with it, can name
//! programs that git starts: hooks, filters, monitors of files, pagers, transports. A
//! folder from elsewhere may have any of these, and looking at it must run none.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::shown;
use crate::text::printable;

/// What a repository could have git start when it is only asked something.
const NOTHING_RUNS: [&str; 4] = [
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.sshCommand=false",
    "credential.helper=",
];

/// More filters than anybody has: beyond, they are not known.
const MOST_FILTERS: usize = 200;

/// How much of the first line of a commit's message is read, in columns.
const LONGEST_SUBJECT: usize = 200;

/// Git in a repository of the user's. It reads objects and references, and fetches
/// nothing that is missing.
pub(crate) fn in_repository(directory: &Path) -> Command {
    let mut command = Command::new("git");
    command.current_dir(directory).arg("--no-pager");
    for setting in NOTHING_RUNS {
        command.args(["-c", setting]);
    }
    command
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_ALLOW_PROTOCOL", "none")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_TERMINAL_PROMPT", "0")
        .stdin(Stdio::null());
    command
}

/// Git in a repository that perfkit made. No configuration but its own counts, nor any
/// variable that would lead git elsewhere.
pub(crate) fn in_own_repository(directory: &Path) -> Command {
    let mut command = in_repository(directory);
    let names = std::env::vars_os().map(|(name, _)| name);
    for name in names.filter(|name| name.as_encoded_bytes().starts_with(b"GIT_")) {
        command.env_remove(name);
    }
    command
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_ALLOW_PROTOCOL", "none")
        .env("GIT_TERMINAL_PROMPT", "0");
    command
}

/// Git that talks to another repository, as the user asks it to: by the user's and this
/// repository's configuration, as `git push` would. No hook runs, and nobody is asked anything.
#[cfg(feature = "history")]
pub(crate) fn over_network(directory: &Path) -> Command {
    let mut command = Command::new("git");
    command.current_dir(directory).arg("--no-pager");
    for setting in [
        "core.hooksPath=/dev/null",
        "core.fsmonitor=false",
        "push.gpgSign=false",
    ] {
        command.args(["-c", setting]);
    }
    command.env("GIT_TERMINAL_PROMPT", "0").stdin(Stdio::null());
    command
}

/// The same as [`in_repository`], for what compares files with what is committed: no filter
/// has a program. `None` where the filters cannot be known.
pub(crate) fn without_filters(directory: &Path) -> Option<Command> {
    let listed = in_repository(directory)
        .args(["config", "--null", "--name-only", "--list"])
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let names = String::from_utf8(listed.stdout).ok()?;
    let filter = |key: &str| {
        let (name, setting) = key.strip_prefix("filter.")?.rsplit_once('.')?;
        let is_meant = ["clean", "smudge", "process", "required"].contains(&setting);
        is_meant.then(|| name.to_owned())
    };
    let mut filters: Vec<String> = names.split('\0').filter_map(filter).collect();
    filters.sort();
    filters.dedup();
    if !listed.status.success() || filters.len() > MOST_FILTERS {
        return None;
    }
    let mut command = in_repository(directory);
    // Those that the user's environment sets already stay.
    let first: usize = match std::env::var("GIT_CONFIG_COUNT") {
        Ok(count) => count.parse().ok()?,
        Err(_) => 0,
    };
    let off = [
        ("clean", ""),
        ("smudge", ""),
        ("process", ""),
        ("required", "false"),
    ];
    let settings = filters
        .iter()
        .flat_map(|name| off.map(|(setting, value)| (format!("filter.{name}.{setting}"), value)));
    let mut count = first;
    for (key, value) in settings {
        command.env(format!("GIT_CONFIG_KEY_{count}"), key);
        command.env(format!("GIT_CONFIG_VALUE_{count}"), value);
        count += 1;
    }
    command.env("GIT_CONFIG_COUNT", count.to_string());
    Some(command)
}

/// The folder of the tree that a directory is in, or why git knows of none.
pub(crate) fn top(directory: &Path) -> Result<PathBuf, String> {
    let mut path = bytes(in_repository(directory), ["rev-parse", "--show-toplevel"])?;
    path.pop_if(|last| *last == b'\n');
    Ok(OsString::from_vec(path).into())
}

/// The same where a directory may be in no tree or git may not be there, which is no failure;
/// git may refuse a repository, as one of another owner.
pub(crate) fn top_if_any(directory: &Path) -> Result<Option<PathBuf>, String> {
    match top(directory) {
        Ok(top) => Ok(Some(top)),
        Err(why) if is_in_repository(directory) && is_there() => Err(why),
        Err(_) => Ok(None),
    }
}

/// The first line of a commit's message, cut where it is long; `None` where git does not
/// tell it. Other than `git log`, this command checks no signature, for which a repository
/// can name a program.
pub(crate) fn subject(directory: &Path, commit: &str) -> Option<String> {
    let format = format!("--format=%<({LONGEST_SUBJECT},trunc)%s");
    let arguments = ["rev-list", "--max-count=1", &format, commit];
    let told = output(in_repository(directory), arguments).ok()?;
    // The line before it has the hash again.
    let subject = printable(told.lines().nth(1)?.trim());
    (!subject.is_empty()).then_some(subject)
}

/// What a commit says of itself.
#[cfg(feature = "history")]
pub(crate) struct CommitHeader {
    /// Its parents, also those that a shallow clone does not have.
    pub(crate) parents: Vec<String>,
    /// When it was made, in seconds since 1970.
    pub(crate) committed_s: u64,
}

/// The header of a commit; `None` where git does not have it.
#[cfg(feature = "history")]
pub(crate) fn commit_header(directory: &Path, commit: &str) -> Option<CommitHeader> {
    if !commit.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let text = output(in_repository(directory), ["cat-file", "commit", commit]).ok()?;
    let header = text.split("\n\n").next()?;
    let parents = header
        .lines()
        .filter_map(|line| line.strip_prefix("parent "));
    let committer = header
        .lines()
        .find_map(|line| line.strip_prefix("committer "))?;
    // Seconds and the zone stand at the end.
    let committed_s = committer.rsplit(' ').nth(1)?.parse().ok()?;
    Some(CommitHeader {
        parents: parents.map(str::to_owned).collect(),
        committed_s,
    })
}

/// The commit that a revision is, or why git knows of none.
#[cfg(feature = "history")]
pub(crate) fn commit(directory: &Path, revision: &str) -> Result<String, String> {
    let name = format!("{revision}^{{commit}}");
    let options = [
        "rev-parse",
        "--verify",
        "--quiet",
        "--end-of-options",
        &name,
    ];
    match output(in_repository(directory), options) {
        Ok(commit) => Ok(commit),
        Err(why) if why.is_empty() => Err("git knows no such commit here".to_owned()),
        Err(why) => Err(why),
    }
}

/// Whether a directory is in what looks like a tree of git's.
fn is_in_repository(directory: &Path) -> bool {
    let mut folders = directory.ancestors().map(|folder| folder.join(".git"));
    folders.any(|git| git.is_file() || git.join("HEAD").exists())
}

/// Whether git can be run at all.
fn is_there() -> bool {
    let mut git = Command::new("git");
    let git = git.arg("--version").stdin(Stdio::null());
    git.output().is_ok_and(|output| output.status.success())
}

/// The text that git writes to standard output, or why it failed.
pub(crate) fn output<S: AsRef<OsStr>>(
    git: Command,
    arguments: impl IntoIterator<Item = S>,
) -> Result<String, String> {
    let bytes = bytes(git, arguments)?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.trim_end_matches('\n').to_owned())
}

/// The bytes that git writes to standard output when it is given `input`, or why it failed.
#[cfg(feature = "history")]
pub(crate) fn answer_to<S: AsRef<OsStr>>(
    mut git: Command,
    arguments: impl IntoIterator<Item = S>,
    input: &[u8],
) -> Result<Vec<u8>, String> {
    use std::io::Write as _;
    let failed = |error: std::io::Error| format!("git cannot be run: {error}");
    let mut child = git
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    // What is asked here answers only after all of its input.
    let written = child.stdin.take().map(|mut stdin| stdin.write_all(input));
    let output = child.wait_with_output().map_err(failed)?;
    match (output.status.success(), written) {
        (true, Some(Ok(()))) => Ok(output.stdout),
        _ => {
            let text = String::from_utf8_lossy(&output.stderr);
            Err(printable(text.trim()))
        }
    }
}

/// The bytes that git writes to standard output, or why it failed.
pub(crate) fn bytes<S: AsRef<OsStr>>(
    mut git: Command,
    arguments: impl IntoIterator<Item = S>,
) -> Result<Vec<u8>, String> {
    if let Some(directory) = git.get_current_dir()
        && !directory.is_dir()
    {
        return Err(format!("there is no folder {}", shown(directory)));
    }
    let output = git
        .args(arguments)
        .output()
        .map_err(|error| format!("git cannot be run: {error}"))?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        let text = String::from_utf8_lossy(&output.stderr);
        Err(printable(text.trim()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_top_of_a_tree_is_found_whatever_it_is_called() {
        let folder = tempfile::tempdir().unwrap();
        let tree = folder.path().canonicalize().unwrap();
        let tree = tree.join(OsString::from_vec(b"a \xff\n".to_vec()));
        // A folder of that name alone makes no repository.
        let inner = tree.join("inner");
        std::fs::create_dir_all(inner.join(".git")).unwrap();
        output(in_own_repository(&tree), ["init", "--quiet"]).unwrap();
        assert_eq!(top(&inner).unwrap(), tree);
    }
}

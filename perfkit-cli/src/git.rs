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

fn bytes<S: AsRef<OsStr>>(
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

//! Another revision of this tree, checked out beside it.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::{Error, shown};
use crate::text::printable;

use super::Tree;
use super::cargo::target_folder;

/// This tree and another revision of it, and the right to use that alone.
#[derive(Debug)]
pub(crate) struct Checkout {
    /// The revision that was asked for.
    pub(crate) base: Tree,
    /// The tree as it stands, with whatever is not committed.
    pub(crate) own: Tree,
    /// Released at the end of the process or of this value.
    _lock: File,
}

/// Checks a revision out into a worktree of this repository, in the folder where
/// cargo builds. It stays there, so that the next time little is built anew.
pub(crate) fn check_out(revision: &str) -> Result<Checkout, Error> {
    let here = std::env::current_dir()
        .map_err(|error| Error::data(format!("the current folder cannot be found: {error}")))?;
    let top = git(&here, &["rev-parse", "--show-toplevel"])
        .map_err(|said| Error::usage(format!("--base needs a git repository: {said}")))?;
    let top = PathBuf::from(top);
    let named = format!("{revision}^{{commit}}");
    let commit = git(
        &here,
        &[
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &named,
        ],
    );
    let commit = commit.map_err(|_| {
        Error::usage(format!("--base {}: no such revision", printable(revision))).hint(
            "give a branch, a tag or a commit; in a shallow clone, fetch more of the history first",
        )
    })?;
    let folder = match target_folder(&here) {
        Some(target) => target.join("perfkit"),
        None => PathBuf::from(
            git(
                &here,
                &["rev-parse", "--path-format=absolute", "--git-common-dir"],
            )
            .map_err(Error::data)?,
        )
        .join("perfkit"),
    };
    fs::create_dir_all(&folder).map_err(|error| Error::file("create", &folder, error))?;
    let lock = lock(&folder.join("lock"))?;
    let worktree = folder.join("base");
    place(&top, &worktree, &commit)?;
    let inside = here.strip_prefix(&top).unwrap_or(Path::new(""));
    Ok(Checkout {
        base: Tree {
            directory: worktree.join(inside),
            target: folder.join("base-target"),
            label: revision.to_owned(),
        },
        own: Tree {
            directory: here,
            target: folder.join("own-target"),
            label: "this tree".to_owned(),
        },
        _lock: lock,
    })
}

/// Moves the worktree to a commit, or makes it.
fn place(top: &Path, worktree: &Path, commit: &str) -> Result<(), Error> {
    let cannot = |said: String| {
        Error::data(format!(
            "revision {commit} cannot be checked out into {}: {said}",
            shown(worktree)
        ))
    };
    // Of a folder that is no worktree any more, git would move the one around it.
    let own_top = git(worktree, &["rev-parse", "--show-toplevel"]).map(PathBuf::from);
    let is_worktree = own_top.is_ok_and(|found| same_folder(&found, worktree));
    if is_worktree {
        git(
            worktree,
            &["checkout", "--quiet", "--detach", "--force", commit],
        )
        .map_err(cannot)?;
        git(worktree, &["clean", "-fdq"]).map_err(cannot)?;
        return Ok(());
    }
    if worktree.exists() {
        fs::remove_dir_all(worktree).map_err(|error| Error::file("remove", worktree, error))?;
    }
    git(top, &["worktree", "prune"]).map_err(cannot)?;
    let path = worktree.to_string_lossy();
    git(
        top,
        &[
            "worktree", "add", "--quiet", "--detach", "--force", &path, commit,
        ],
    )
    .map_err(cannot)?;
    Ok(())
}

fn same_folder(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// Two at once would check out under each other's feet.
fn lock(path: &Path) -> Result<File, Error> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(|error| Error::file("open", path, error))?;
    file.try_lock().map_err(|_| {
        Error::data(format!(
            "another perfkit compares revisions of this tree (it holds {})",
            shown(path)
        ))
        .hint("wait until it has ended")
    })?;
    Ok(file)
}

/// Runs git; what it says on standard output, or why it failed.
fn git(directory: &Path, arguments: &[&str]) -> Result<String, String> {
    if !directory.is_dir() {
        return Err(format!("there is no folder {}", shown(directory)));
    }
    let output = Command::new("git")
        .current_dir(directory)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("git cannot be run: {error}"))?;
    if output.status.success() {
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text.trim_end_matches('\n').to_owned())
    } else {
        let text = String::from_utf8_lossy(&output.stderr);
        Err(printable(text.trim()))
    }
}

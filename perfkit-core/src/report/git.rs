//! The revision of the working directory, read from git's own files.
//!
//! No program is run: a library must not start processes in its host, and a
//! repository's settings could make git run programs of its own.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The largest file with one line that is read, in bytes.
const LARGEST_FILE: u64 = 4096;

/// The largest list of packed references that is searched, in bytes.
const LARGEST_LIST: u64 = 64 << 20;

/// A git revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Git {
    /// The full hash of the commit that is checked out.
    pub commit: String,
    /// Whether tracked files differ from it; `None` where nobody looked, which
    /// is so in reports that a program saves by itself.
    #[serde(default)]
    pub dirty: Option<bool>,
    /// The first line of the commit's message, cut where it is long; `None` where nobody
    /// looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The branch that is checked out; `None` where none is, or nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
}

impl Git {
    /// The revision of the working directory; `None` outside a checkout and
    /// before the first commit.
    pub(super) fn of_working_directory() -> Option<Self> {
        Self::of(&std::env::current_dir().ok()?)
    }

    fn of(folder: &Path) -> Option<Self> {
        let found = folder.ancestors().map(|folder| folder.join(".git"));
        let git = git_folder(&found.into_iter().find(|path| path.exists())?)?;
        let head = first_line(&git.join("HEAD"))?;
        let reference = head.strip_prefix("ref: ");
        let branch = reference.and_then(|reference| reference.strip_prefix("refs/heads/"));
        let branch = branch.map(str::to_owned);
        let commit = match reference {
            None => head,
            Some(reference) => resolve(&git, reference)?,
        };
        let is_hash = commit.len() >= 40 && commit.bytes().all(|b| b.is_ascii_hexdigit());
        is_hash.then_some(Self {
            commit,
            dirty: None,
            subject: None,
            branch,
        })
    }
}

/// `.git` is a folder or, in a further work tree, a file that names one.
fn git_folder(path: &Path) -> Option<PathBuf> {
    if path.is_dir() {
        return Some(path.to_owned());
    }
    let line = first_line(path)?;
    let named = line.strip_prefix("gitdir: ")?;
    Some(path.parent()?.join(named))
}

/// The hash that a reference stands for: in a file of its own, or in the list
/// of packed ones. Work trees share both with the repository.
fn resolve(git: &Path, reference: &str) -> Option<String> {
    let common = match first_line(&git.join("commondir")) {
        Some(named) => git.join(named),
        None => git.to_owned(),
    };
    let is_plain = !reference.split('/').any(|part| part == "..") && !reference.starts_with('/');
    let own_file = [git, &common]
        .into_iter()
        .filter(|_| is_plain)
        .find_map(|folder| first_line(&folder.join(reference)));
    own_file.or_else(|| {
        let list = File::open(common.join("packed-refs")).ok()?;
        let lines = BufReader::new(list.take(LARGEST_LIST)).lines();
        lines.map_while(Result::ok).find_map(|line| {
            let (hash, name) = line.split_once(' ')?;
            (name == reference).then(|| hash.to_owned())
        })
    })
}

fn first_line(path: &Path) -> Option<String> {
    let mut text = String::new();
    let file = File::open(path).ok()?;
    file.take(LARGEST_FILE).read_to_string(&mut text).ok()?;
    Some(text.lines().next()?.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const HASH: &str = "0123456789abcdef0123456789abcdef01234567";

    struct Repository(PathBuf);

    impl Repository {
        fn new(name: &str, files: &[(&str, &str)]) -> Self {
            let root =
                std::env::temp_dir().join(format!("perfkit-git-{}-{name}", std::process::id()));
            let _ = fs::remove_dir_all(&root);
            for (path, content) in files {
                let path = root.join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, content).unwrap();
            }
            Self(root)
        }

        fn commit(&self, folder: &str) -> Option<String> {
            Git::of(&self.0.join(folder)).map(|git| git.commit)
        }
    }

    impl Drop for Repository {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_branch_a_packed_branch_and_a_detached_head() {
        let hash = format!("{HASH}\n");
        let head = (".git/HEAD", "ref: refs/heads/main\n");
        let branch = Repository::new(
            "branch",
            &[head, (".git/refs/heads/main", &hash), ("src/lib.rs", "")],
        );
        assert_eq!(branch.commit("src").as_deref(), Some(HASH));
        let found = Git::of(&branch.0).unwrap().branch;
        assert_eq!(found.as_deref(), Some("main"));
        let list = format!("# pack-refs\n{HASH} refs/heads/main\n");
        let packed = Repository::new("packed", &[head, (".git/packed-refs", &list)]);
        assert_eq!(packed.commit(".").as_deref(), Some(HASH));
        let detached = Repository::new("detached", &[(".git/HEAD", &hash)]);
        assert_eq!(detached.commit(".").as_deref(), Some(HASH));
    }

    #[test]
    fn a_further_work_tree_shares_the_references() {
        let hash = format!("{HASH}\n");
        let repository = Repository::new(
            "worktree",
            &[
                ("main/.git/refs/heads/topic", &hash),
                ("main/.git/worktrees/w/HEAD", "ref: refs/heads/topic\n"),
                ("main/.git/worktrees/w/commondir", "../..\n"),
                ("tree/.git", "gitdir: ../main/.git/worktrees/w\n"),
            ],
        );
        assert_eq!(repository.commit("tree").as_deref(), Some(HASH));
    }

    #[test]
    fn nothing_to_find_and_hostile_files() {
        let head = |text: &'static str| Repository::new("odd", &[(".git/HEAD", text)]);
        assert_eq!(head("ref: refs/heads/unborn\n").commit("."), None);
        assert_eq!(head("ref: ../../../etc/passwd\n").commit("."), None);
        assert_eq!(head("not a hash\n").commit("."), None);
        assert_eq!(head("").commit("."), None);
    }
}

//! Another revision of this tree, checked out outside of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use perfkit::report::Side;

use crate::error::{Error, shown};
use crate::git::{self, in_own_repository, in_repository, output};
use crate::text::printable;

use super::cache::{Removed, RepositoryCache, remove};
use super::surroundings::Surroundings;
use super::tree::Tree;

/// Larger files of attributes, git does not read either.
const LARGEST_ATTRIBUTES_BYTES: u64 = 100 << 20;

/// This tree and another revision of it, and the right to use that alone.
#[derive(Debug)]
pub(crate) struct Checkout {
    /// The revision that was asked for.
    pub(crate) base: Tree,
    /// The full hash of its commit.
    pub(crate) commit: String,
    /// The tree as it stands, with whatever is not committed.
    pub(crate) own: Tree,
    /// Whether files of the revision have filters, which are not run.
    pub(crate) has_filters: bool,
    _cache: RepositoryCache,
}

/// Checks a revision out into the repository's folder of the cache. It stays there, so that
/// the next time little is built anew.
pub(crate) fn check_out(revision: &str) -> Result<Checkout, Error> {
    let mut own = Tree::here()?;
    let repository = Repository::around(&own.directory)
        .map_err(|said| Error::usage(format!("--base needs a git repository: {said}")))?;
    own.top.clone_from(&repository.top);
    let here = &own.directory;
    let commit = repository.commit(revision)?;
    let cache = RepositoryCache::open(&repository.top)?;
    let tree = cache.tree();
    repository.place(&tree, &commit)?;
    let inside = here.strip_prefix(&repository.top).unwrap_or(Path::new(""));
    let directory = tree.join(inside).components().collect();
    Ok(Checkout {
        base: Tree {
            directory,
            top: tree.clone(),
            target: Some(cache.target()),
            surroundings: Surroundings::of(here, &repository.top, &tree),
            label: revision.to_owned(),
            side: Side::Baseline,
        },
        own,
        has_filters: has_filters(&tree),
        commit,
        _cache: cache,
    })
}

/// Removes what comparing revisions of the repository around the current folder left.
pub(crate) fn remove_checkouts() -> Result<Removed, Error> {
    let repository = Repository::around(&Tree::here()?.directory).map_err(|said| {
        Error::usage(format!("this folder is in no git repository: {said}"))
            .hint("`perfkit clean --all` removes what was left by every repository")
    })?;
    remove(&repository.top)
}

/// A repository of the user's.
struct Repository {
    /// The folder of its tree.
    top: PathBuf,
}

impl Repository {
    fn around(directory: &Path) -> Result<Self, String> {
        git::top(directory).map(|top| Self { top })
    }

    fn ask(&self, arguments: &[&str]) -> Result<String, String> {
        output(in_repository(&self.top), arguments)
    }

    fn commit(&self, revision: &str) -> Result<String, Error> {
        let verify = |name: &str| {
            let verify = ["rev-parse", "--verify", "--quiet", "--end-of-options"];
            self.ask(&[&verify[..], &[name]].concat())
        };
        // Of `:/text`, all that follows is text.
        let named = verify(revision).and_then(|hash| verify(&format!("{hash}^{{commit}}")));
        named.map_err(|_| {
            Error::usage(format!("--base {}: no such revision", printable(revision))).hint(
                "give a branch, a tag or a commit; in a shallow clone, fetch more of the history first",
            )
        })
    }

    /// Moves the tree to a commit, or makes it. What an interrupted checkout left is moved
    /// too, and made anew where that fails.
    fn place(&self, tree: &Path, commit: &str) -> Result<(), Error> {
        for lock in ["index.lock", "HEAD.lock", "config.lock"] {
            let _ = fs::remove_file(tree.join(".git").join(lock));
        }
        if tree.join(".git/HEAD").is_file() && self.move_to(tree, commit).is_ok() {
            return Ok(());
        }
        if tree.exists() {
            fs::remove_dir_all(tree).map_err(|error| Error::file("remove", tree, error))?;
        }
        fs::create_dir_all(tree).map_err(|error| Error::file("create", tree, error))?;
        self.move_to(tree, commit).map_err(|said| {
            let place = shown(tree);
            Error::data(format!(
                "revision {commit} cannot be checked out into {place}: {said}"
            ))
            .hint("where the repository is a partial clone, fetch what it lacks first")
        })
    }

    /// Checks a commit out by a repository of perfkit's own, which borrows the objects: no
    /// configuration of the user's repository counts, and nothing is registered in it.
    fn move_to(&self, tree: &Path, commit: &str) -> Result<(), String> {
        let own = |arguments: &[&str]| output(in_own_repository(tree), arguments);
        let format = self.ask(&["rev-parse", "--show-object-format"])?;
        let format = format!("--object-format={format}");
        own(&["init", "--quiet", "--template=", &format])?;
        self.lend(&tree.join(".git"))?;
        own(&["checkout", "--quiet", "--force", "--detach", commit])?;
        own(&["clean", "-ffdq"]).map(drop)
    }

    /// Lends objects and tags, by which builds say what version they are.
    fn lend(&self, borrower: &Path) -> Result<(), String> {
        let path =
            |name: &str| self.ask(&["rev-parse", "--path-format=absolute", "--git-path", name]);
        let write = |name: &str, text: String| {
            let path = borrower.join(name);
            let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
            let written = folder.and_then(|()| fs::write(&path, text));
            written.map_err(|error| format!("cannot write {}: {error}", shown(&path)))
        };
        let objects = path("objects")?;
        if objects.contains('\n') {
            return Err("the path of its objects has a line break".to_owned());
        }
        write("objects/info/alternates", format!("{objects}\n"))?;
        let form = "--format=%(objectname) %(refname)";
        let tags = self.ask(&["for-each-ref", "--sort=refname", form, "refs/tags"])?;
        let tags = tags.lines().map(|tag| format!("{tag}\n"));
        let sorted = ["# pack-refs with: sorted\n".to_owned()].into_iter();
        write("packed-refs", sorted.chain(tags).collect())?;
        let shallow = fs::read_to_string(path("shallow")?);
        shallow.map_or(Ok(()), |shallow| write("shallow", shallow))
    }
}

/// Whether any file of a tree has a filter, such as of git-lfs.
fn has_filters(tree: &Path) -> bool {
    let listed = ["ls-files", "-z", "--", ".gitattributes", "*/.gitattributes"];
    let listed = in_own_repository(tree)
        .args(listed)
        .stderr(Stdio::null())
        .output();
    let listed = listed.map_or_else(|_| Vec::new(), |listed| listed.stdout);
    let names = String::from_utf8_lossy(&listed).into_owned();
    let has_filter = |name: &str| {
        let path = tree.join(name);
        let found = fs::symlink_metadata(&path);
        let is_read = found.is_ok_and(|f| f.is_file() && f.len() <= LARGEST_ATTRIBUTES_BYTES);
        let text = is_read.then(|| fs::read(path).ok()).flatten();
        let text = String::from_utf8_lossy(&text.unwrap_or_default()).into_owned();
        let mut words = text.split_whitespace();
        words.any(|word| word.starts_with("filter="))
    };
    names
        .split('\0')
        .filter(|name| !name.is_empty())
        .any(has_filter)
}

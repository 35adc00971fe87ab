//! Records under a reference of git's that ordinary clones do not carry.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use crate::error::{Error, shown};
use crate::git;
use crate::history::record::{HeadLine, LARGEST_BYTES, Record, RecordName};

use super::git_tree::{RecordTree, path_of};
use super::interface::{Added, Reader, Store};

/// The reference that has the records.
pub(crate) const REFERENCE: &str = "refs/perfkit/history";

/// How often somebody else may be quicker before it is an error.
const MOST_TRIES: usize = 100;

/// The records of a repository.
#[derive(Clone, Debug)]
pub(crate) struct GitStore {
    directory: PathBuf,
    /// The repository's own folder, which its work trees share.
    common: PathBuf,
}

impl GitStore {
    /// The store of the repository that a directory is in.
    pub(crate) fn open(directory: &Path) -> Result<Self, Error> {
        let ask = ["rev-parse", "--path-format=absolute", "--git-common-dir"];
        let common = git::output(git::in_repository(directory), ask).map_err(|why| {
            Error::data(format!("the history cannot be kept in git here: {why}"))
                .hint("--store DIR keeps it in a folder")
        })?;
        Ok(Self {
            directory: directory.to_owned(),
            common: common.into(),
        })
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The commit that the reference is at; `None` before the first record.
    pub(crate) fn tip(&self) -> Option<String> {
        let ask = ["rev-parse", "--verify", "--quiet", REFERENCE];
        git::output(git::in_repository(&self.directory), ask).ok()
    }

    /// What a commit has.
    pub(crate) fn tree_of(&self, commit: &str) -> Result<RecordTree, Error> {
        RecordTree::read(&self.directory, commit).map_err(|why| self.failed(&why))
    }

    /// Makes a commit of a tree. It names no person: who measured what, nobody asks.
    pub(crate) fn commit(&self, tree: &str, parents: &[&str]) -> Result<String, Error> {
        let mut command = git::in_repository(&self.directory);
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), "perfkit");
            command.env(format!("GIT_{role}_EMAIL"), "perfkit@localhost");
        }
        let parents = parents.iter().flat_map(|parent| ["-p", parent]);
        let arguments = ["commit-tree", "-m", "Records of perfkit history", tree];
        let made = git::output(command, arguments.into_iter().chain(parents));
        made.map_err(|why| self.failed(&why))
    }

    /// Moves the reference, unless somebody else did so meanwhile.
    pub(crate) fn move_to(&self, commit: &str, from: Option<&str>) -> bool {
        // Zeros say that there must be none yet.
        let none = "0".repeat(commit.len());
        let arguments = ["update-ref", REFERENCE, commit, from.unwrap_or(&none)];
        git::output(git::in_repository(&self.directory), arguments).is_ok()
    }

    /// Changes the tree until nobody was quicker. The commit's parents are what it was made
    /// of, unless what is gone shall not be kept.
    fn change(
        &self,
        has_parents: bool,
        change: impl Fn(&mut RecordTree) -> bool,
    ) -> Result<(), Error> {
        for _ in 0..MOST_TRIES {
            let tip = self.tip();
            let mut tree = match &tip {
                Some(tip) => self.tree_of(tip)?,
                None => RecordTree::default(),
            };
            if !change(&mut tree) {
                return Ok(());
            }
            let written = tree.write(&self.directory);
            let written = written.map_err(|why| self.failed(&why))?;
            let parents: Vec<&str> = tip.as_deref().filter(|_| has_parents).into_iter().collect();
            let commit = self.commit(&written, &parents)?;
            if self.move_to(&commit, tip.as_deref()) {
                return Ok(());
            }
        }
        Err(self.failed("the reference could not be moved: other programs do, or it is locked"))
    }

    pub(crate) fn failed(&self, why: &str) -> Error {
        let common = shown(&self.common);
        Error::data(format!("{REFERENCE} of {common}: {why}"))
            .hint("what was kept is unchanged; --store DIR keeps records in a folder")
    }
}

impl Store for GitStore {
    fn place(&self) -> String {
        format!("{REFERENCE} of {}", shown(&self.common))
    }

    fn key(&self) -> String {
        format!("git {}", self.common.display())
    }

    fn names(&self) -> Result<Vec<RecordName>, Error> {
        match self.tip() {
            Some(tip) => Ok(self.tree_of(&tip)?.names()),
            None => Ok(Vec::new()),
        }
    }

    fn add(&self, records: &[Record]) -> Result<Vec<Added>, Error> {
        let known = self.names()?;
        let is_known = |record: &Record| known.binary_search(&record.name).is_ok();
        let mut blobs = Vec::new();
        for record in records.iter().filter(|record| !is_known(record)) {
            let write = ["hash-object", "-w", "--stdin"];
            let written =
                git::answer_to(git::in_repository(&self.directory), write, &record.content);
            let blob = written.map_err(|why| self.failed(&why))?;
            let blob = String::from_utf8_lossy(&blob).trim().to_owned();
            blobs.push((record.name.clone(), blob));
        }
        self.change(true, |tree| {
            let added = blobs.iter();
            let added = added.filter(|(name, blob)| tree.insert(name, blob));
            added.count() > 0
        })?;
        let told = |record| match is_known(record) {
            true => Added::Known,
            false => Added::New,
        };
        Ok(records.iter().map(told).collect())
    }

    /// A commit without parents takes the place of those that have what is removed, which git
    /// then clears away.
    fn remove(&self, names: &[RecordName]) -> Result<(), Error> {
        self.change(false, |tree| tree.remove_all(names))
    }

    fn reader(&self) -> Result<Box<dyn Reader + '_>, Error> {
        let reader = GitReader::start(self.clone()).map_err(|why| self.failed(&why))?;
        Ok(Box::new(reader))
    }
}

/// A git that is asked for one object after the other.
struct GitReader {
    store: GitStore,
    child: Child,
    asked: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl GitReader {
    fn start(store: GitStore) -> Result<Self, String> {
        let mut child = git::in_repository(&store.directory)
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("git cannot be run: {error}"))?;
        let (asked, answers) = child
            .stdin
            .take()
            .zip(child.stdout.take())
            .ok_or_else(|| "git has no streams".to_owned())?;
        Ok(Self {
            store,
            child,
            asked,
            answers: BufReader::new(answers),
        })
    }

    fn content(&mut self, name: &RecordName) -> Result<Vec<u8>, String> {
        let gone = |error: std::io::Error| format!("git cannot read it: {error}");
        writeln!(self.asked, "{REFERENCE}:{}", path_of(name)).map_err(gone)?;
        let mut header = String::new();
        self.answers.read_line(&mut header).map_err(gone)?;
        let mut words = header.split_whitespace().skip(1);
        let size = match (words.next(), words.next().map(str::parse::<u64>)) {
            (Some("blob"), Some(Ok(size))) => size,
            _ => return Err("git does not have it".to_owned()),
        };
        if size > LARGEST_BYTES {
            // What git would write is not read, and so this one is of no more use.
            *self = Self::start(self.store.clone())?;
            return Err(format!(
                "the record is larger than {} MiB",
                LARGEST_BYTES >> 20
            ));
        }
        let mut content = vec![0; usize::try_from(size).unwrap_or(0) + 1];
        self.answers.read_exact(&mut content).map_err(gone)?;
        content.pop();
        Ok(content)
    }
}

impl Reader for GitReader {
    fn head_line(&mut self, name: &RecordName) -> Result<HeadLine, String> {
        let mut line = self.content(name)?;
        let end = line.iter().position(|byte| *byte == b'\n');
        line.truncate(end.map_or(line.len(), |end| end + 1));
        Ok(HeadLine { line, last: None })
    }

    fn record(&mut self, name: &RecordName) -> Result<Record, String> {
        let content = self.content(name)?;
        Record::of_content(name, content)
    }
}

impl Drop for GitReader {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

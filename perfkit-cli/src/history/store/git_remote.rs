//! The records of other repositories, merged by union.

use crate::error::Error;
use crate::git;
use crate::text::printable;

use super::git::{GitStore, REFERENCE};
use super::git_tree::RecordTree;

/// How often somebody else may be quicker before it is an error.
const MOST_TRIES: usize = 20;

/// What an exchange with another repository came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Exchanged {
    /// How many records there are now, and how many there were here and there.
    pub(crate) all: usize,
    pub(crate) here_before: usize,
    pub(crate) there_before: usize,
}

impl GitStore {
    /// Adds what another repository has to what is here.
    pub(crate) fn fetch(&self, remote: &str) -> Result<Exchanged, Error> {
        let Some(theirs) = self.fetched(remote)? else {
            return Err(Error::data(format!(
                "{} has no {REFERENCE}: nobody pushed a history there",
                printable(remote)
            )));
        };
        self.merge(&theirs).map(|(exchanged, _)| exchanged)
    }

    /// Makes what is here and what is there the same.
    pub(crate) fn push(&self, remote: &str) -> Result<Exchanged, Error> {
        for _ in 0..MOST_TRIES {
            let theirs = self.fetched(remote)?;
            let (exchanged, _) = match &theirs {
                Some(theirs) => self.merge(theirs)?,
                None => self.merged_with_nothing()?,
            };
            let Some(tip) = self.tip() else {
                return Err(self.failed("there is no record to push"));
            };
            if theirs.as_ref() == Some(&tip) {
                return Ok(exchanged);
            }
            let Err(why) = self.send(remote, &tip, theirs.as_deref()) else {
                return Ok(exchanged);
            };
            // A server may take no commit that does not follow what it has, as after pruning.
            if let Some(theirs) = &theirs
                && self.tip_of(remote)?.as_ref() == Some(theirs)
            {
                let tree = self.tree_of(&tip)?.write(self.directory());
                let tree = tree.map_err(|why| self.failed(&why))?;
                let joined = self.commit(&tree, &[theirs, &tip])?;
                self.send(remote, &joined, Some(theirs)).map_err(|_| {
                    Error::data(format!("{} took no history: {why}", printable(remote)))
                })?;
                self.move_to(&joined, Some(&tip));
                return Ok(exchanged);
            }
            if theirs.is_none() && self.tip_of(remote)?.is_none() {
                return Err(Error::data(format!(
                    "{} took no history: {why}",
                    printable(remote)
                )));
            }
        }
        Err(self.failed("others pushed all the time: try once more"))
    }

    fn send(&self, remote: &str, tip: &str, theirs: Option<&str>) -> Result<(), String> {
        let lease = format!(
            "--force-with-lease={REFERENCE}:{}",
            theirs.unwrap_or_default()
        );
        let what = format!("{tip}:{REFERENCE}");
        let push = [
            "push",
            "--quiet",
            "--no-verify",
            &lease,
            "--",
            remote,
            &what,
        ];
        git::output(git::over_network(self.directory()), push).map(drop)
    }

    fn merged_with_nothing(&self) -> Result<(Exchanged, RecordTree), Error> {
        let tree = match self.tip() {
            Some(tip) => self.tree_of(&tip)?,
            None => RecordTree::default(),
        };
        let all = tree.names().len();
        let exchanged = Exchanged {
            all,
            here_before: all,
            there_before: 0,
        };
        Ok((exchanged, tree))
    }

    /// Brings the reference to what it has and what their commit has.
    fn merge(&self, theirs: &str) -> Result<(Exchanged, RecordTree), Error> {
        let other = self.tree_of(theirs)?;
        for _ in 0..MOST_TRIES {
            let tip = self.tip();
            let mut tree = match &tip {
                Some(tip) => self.tree_of(tip)?,
                None => RecordTree::default(),
            };
            let exchanged = |all, here_before| Exchanged {
                all,
                here_before,
                there_before: other.names().len(),
            };
            let here_before = tree.names().len();
            // What one of them pruned is not kept as the past of both.
            let is_kept_there = !tree.has_pruned_more_than(&other);
            let is_kept_here = !other.has_pruned_more_than(&tree);
            if !tree.merge(&other) {
                return Ok((exchanged(here_before, here_before), tree));
            }
            let all = tree.names().len();
            // Where there is nothing but theirs, their commit will do.
            let mut same = other.clone();
            let commit = match !same.merge(&tree) && same.names() == tree.names() {
                true => theirs.to_owned(),
                false => {
                    let written = tree.write(self.directory());
                    let written = written.map_err(|why| self.failed(&why))?;
                    let there = is_kept_there.then_some(theirs);
                    let here = tip.as_deref().filter(|_| is_kept_here);
                    let parents: Vec<&str> = there.into_iter().chain(here).collect();
                    self.commit(&written, &parents)?
                }
            };
            if self.move_to(&commit, tip.as_deref()) {
                return Ok((exchanged(all, here_before), tree));
            }
        }
        Err(self.failed("the reference could not be moved: other programs do, or it is locked"))
    }

    /// The commit that the other repository's reference is at.
    fn tip_of(&self, remote: &str) -> Result<Option<String>, Error> {
        let ask = ["ls-remote", "--quiet", "--", remote, REFERENCE];
        let told = git::output(git::over_network(self.directory()), ask);
        let told = told.map_err(|why| unreachable_remote(remote, &why))?;
        let tip = told.split_whitespace().next();
        Ok(tip.map(str::to_owned))
    }

    /// The same, with all that it has, brought here.
    fn fetched(&self, remote: &str) -> Result<Option<String>, Error> {
        if self.tip_of(remote)?.is_none() {
            return Ok(None);
        }
        // No two processes have the same.
        let incoming = format!("refs/perfkit/incoming/{}", std::process::id());
        let what = format!("+{REFERENCE}:{incoming}");
        let options = [
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-filter",
            "--no-write-fetch-head",
        ];
        let more = ["--recurse-submodules=no", "--", remote, &what];
        let fetched = git::output(
            git::over_network(self.directory()),
            options.into_iter().chain(more),
        );
        fetched.map_err(|why| unreachable_remote(remote, &why))?;
        let ask = |words: &[&str]| git::output(git::in_repository(self.directory()), words);
        let theirs = ask(&["rev-parse", "--verify", "--quiet", &incoming]);
        let _ = ask(&["update-ref", "-d", &incoming]);
        theirs.map(Some).map_err(|why| self.failed(&why))
    }
}

fn unreachable_remote(remote: &str, why: &str) -> Error {
    Error::data(format!("cannot reach {}: {why}", printable(remote)))
        .hint("`git remote -v` lists the names of other repositories")
}

//! The tree that a commit of the history has: a folder for each month, in it one for each day.

use std::collections::BTreeMap;
use std::path::Path;

use crate::git;
use crate::history::record::RecordName;

/// The end of the names of records.
const RECORD: &str = ".json";

/// The file that has the name of the last record that was pruned: whoever has older ones
/// loses them when the histories are merged, and does not bring them back.
const PRUNED: &str = "pruned";

/// The most entries of a tree that are looked at.
const MOST_ENTRIES: usize = 2_000_000;

/// The records of one day, by name.
#[derive(Clone, Debug, Default)]
struct Day {
    /// The tree of git's, where it is as it was.
    tree: Option<String>,
    blobs: BTreeMap<RecordName, String>,
}

/// All records, as git has them.
#[derive(Clone, Debug, Default)]
pub(crate) struct RecordTree {
    /// By month, as `2026-01`, then by day.
    days: BTreeMap<(String, String), Day>,
    /// The trees of months that are as they were.
    months: BTreeMap<String, String>,
    pruned: Option<(RecordName, String)>,
}

/// Where a record is in the tree.
pub(super) fn path_of(name: &RecordName) -> String {
    let (month, day) = name.month_and_day();
    format!("{month}/{day}/{name}{RECORD}")
}

impl RecordTree {
    /// The tree of a commit.
    pub(super) fn read(directory: &Path, commit: &str) -> Result<Self, String> {
        let list = ["ls-tree", "-r", "-t", "-z", commit];
        let listed = git::bytes(git::in_repository(directory), list)?;
        let mut tree = Self::default();
        for (number, entry) in listed.split(|byte| *byte == 0).enumerate() {
            if number > MOST_ENTRIES {
                return Err(format!("it has more than {MOST_ENTRIES} entries"));
            }
            if let Some((kind, id, path)) = std::str::from_utf8(entry).ok().and_then(entry_of) {
                tree.take(directory, kind, id, path)?;
            }
        }
        Ok(tree)
    }

    fn take(&mut self, directory: &Path, kind: &str, id: &str, path: &str) -> Result<(), String> {
        let parts: Vec<&str> = path.split('/').collect();
        match (kind, &parts[..]) {
            ("tree", [month]) => {
                self.months.insert((*month).to_owned(), id.to_owned());
            }
            ("tree", [month, day]) => {
                let key = ((*month).to_owned(), (*day).to_owned());
                self.days.entry(key).or_default().tree = Some(id.to_owned());
            }
            ("blob", [month, day, file]) => {
                let name = file.strip_suffix(RECORD);
                let name = name.and_then(|name| name.parse::<RecordName>().ok());
                if let Some(name) = name.filter(|name| path_of(name) == path) {
                    let key = ((*month).to_owned(), (*day).to_owned());
                    let day = self.days.entry(key).or_default();
                    day.blobs.insert(name, id.to_owned());
                }
            }
            ("blob", [file]) if *file == PRUNED => {
                let text = git::output(git::in_repository(directory), ["cat-file", "blob", id])?;
                let name = text.parse().ok();
                self.pruned = name.map(|name| (name, id.to_owned()));
            }
            _ => {}
        }
        Ok(())
    }

    /// The records, by time.
    pub(crate) fn names(&self) -> Vec<RecordName> {
        let days = self.days.values();
        let mut names: Vec<RecordName> = days.flat_map(|day| day.blobs.keys().cloned()).collect();
        names.sort_unstable();
        names
    }

    /// Adds a record; returns whether it is new.
    pub(crate) fn insert(&mut self, name: &RecordName, blob: &str) -> bool {
        let (month, day) = name.month_and_day();
        let key = (month, day.to_owned());
        let day = self.days.entry(key).or_default();
        let is_new = day.blobs.insert(name.clone(), blob.to_owned()).is_none();
        if is_new {
            day.tree = None;
            self.months.remove(&name.month_and_day().0);
        }
        is_new
    }

    /// Removes records, and notes the last of them; returns whether any was there.
    pub(super) fn remove_all(&mut self, names: &[RecordName]) -> bool {
        let removed = names.iter().filter(|name| self.remove(name)).count();
        if let Some(last) = names.iter().max()
            && self.pruned.as_ref().is_none_or(|(pruned, _)| pruned < last)
        {
            self.pruned = Some((last.clone(), String::new()));
        }
        removed > 0
    }

    fn remove(&mut self, name: &RecordName) -> bool {
        let (month, day) = name.month_and_day();
        let key = (month.clone(), day.to_owned());
        let Some(found) = self.days.get_mut(&key) else {
            return false;
        };
        let is_there = found.blobs.remove(name).is_some();
        if is_there {
            found.tree = None;
            self.months.remove(&month);
        }
        if found.blobs.is_empty() {
            self.days.remove(&key);
        }
        is_there
    }

    /// Adds what another history has and this one lacks, without what either of them pruned;
    /// returns whether this one changed.
    pub(crate) fn merge(&mut self, other: &Self) -> bool {
        let mut is_changed = false;
        if let Some((pruned, id)) = &other.pruned
            && self.pruned.as_ref().is_none_or(|(own, _)| own < pruned)
        {
            self.pruned = Some((pruned.clone(), id.clone()));
            let gone: Vec<RecordName> = self.names();
            let gone = gone.into_iter().filter(|name| name <= pruned);
            for name in gone {
                self.remove(&name);
            }
            is_changed = true;
        }
        let pruned = self.pruned.as_ref().map(|(name, _)| name.clone());
        for (name, blob) in other.days.values().flat_map(|day| &day.blobs) {
            if pruned.as_ref().is_none_or(|pruned| name > pruned) {
                is_changed |= self.insert(name, blob);
            }
        }
        is_changed
    }

    /// Whether it has pruned what the other one has not.
    pub(crate) fn has_pruned_more_than(&self, other: &Self) -> bool {
        let name = |tree: &Self| tree.pruned.as_ref().map(|(name, _)| name.clone());
        name(self) > name(other)
    }

    /// Writes what changed, and returns the tree.
    pub(crate) fn write(&mut self, directory: &Path) -> Result<String, String> {
        let mut of_months: BTreeMap<&str, String> = BTreeMap::new();
        for ((month, day), records) in &mut self.days {
            let tree = match &records.tree {
                Some(tree) => tree.clone(),
                None => {
                    let blobs = records.blobs.iter();
                    let line = |(name, blob): (&RecordName, &String)| {
                        format!("100644 blob {blob}\t{name}{RECORD}\0")
                    };
                    make(directory, &blobs.map(line).collect::<String>())?
                }
            };
            *of_months.entry(month).or_default() += &format!("040000 tree {tree}\t{day}\0");
            records.tree = Some(tree);
        }
        let mut root = String::new();
        for (month, lines) in of_months {
            let tree = match self.months.get(month) {
                Some(tree) => tree.clone(),
                None => make(directory, &lines)?,
            };
            root += &format!("040000 tree {tree}\t{month}\0");
        }
        if let Some((name, id)) = &mut self.pruned {
            if id.is_empty() {
                let write = ["hash-object", "-w", "--stdin"];
                let text = name.to_string();
                let written =
                    git::answer_to(git::in_repository(directory), write, text.as_bytes())?;
                *id = String::from_utf8_lossy(&written).trim().to_owned();
            }
            root += &format!("100644 blob {id}\t{PRUNED}\0");
        }
        make(directory, &root)
    }
}

fn make(directory: &Path, lines: &str) -> Result<String, String> {
    let made = git::answer_to(
        git::in_repository(directory),
        ["mktree", "-z"],
        lines.as_bytes(),
    )?;
    Ok(String::from_utf8_lossy(&made).trim().to_owned())
}

/// Kind, id and path of `100644 blob ID\tPATH`.
fn entry_of(entry: &str) -> Option<(&str, &str, &str)> {
    let (what, path) = entry.split_once('\t')?;
    let mut words = what.split(' ').skip(1);
    Some((words.next()?, words.next()?, path))
}

//! The files of cargo's settings that count for a tree.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::tree::Tree;

/// Larger files are not looked into.
const LARGEST_BYTES: u64 = 1 << 20;

/// How many files are looked into: those that include each other have no end.
const MOST_FILES: usize = 100;

/// A file of settings.
pub(super) struct Settings {
    path: PathBuf,
    table: Table,
}

impl Settings {
    /// All that count for a tree, those that count most first.
    pub(super) fn of(tree: &Tree) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        let mut waiting = tree.settings();
        waiting.reverse();
        while let Some(path) = waiting.pop() {
            let is_known = all.iter().any(|settings| settings.path == path);
            if is_known || all.len() == MOST_FILES {
                continue;
            }
            let Some(table) = read(&path).and_then(|text| text.parse().ok()) else {
                continue;
            };
            let settings = Self { path, table };
            waiting.extend(settings.included());
            all.push(settings);
        }
        all
    }

    #[cfg(test)]
    pub(super) fn parse(text: &str) -> Self {
        Self {
            path: PathBuf::new(),
            table: text.parse().unwrap_or_default(),
        }
    }

    /// The files that it includes, the last of which counts most.
    fn included(&self) -> Vec<PathBuf> {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let path = |value: &Value| {
            let path = value.get("path").unwrap_or(value).as_str()?;
            Some(folder.join(path))
        };
        match self.table.get("include") {
            Some(Value::Array(values)) => values.iter().filter_map(path).collect(),
            value => value.and_then(path).into_iter().collect(),
        }
    }

    /// What `[build]` has of a name.
    pub(super) fn of_build(&self, name: &str) -> Option<&Value> {
        self.table.get("build")?.get(name)
    }

    /// The names of targets and conditions, and the flags that they have.
    pub(super) fn flags_of_targets(&self) -> impl Iterator<Item = (&String, String)> {
        let targets = self.table.get("target").and_then(Value::as_table);
        let targets = targets.into_iter().flatten();
        targets.filter_map(|(name, target)| Some((name, joined(target.get("rustflags")?))))
    }

    /// The flags of all that is built.
    pub(super) fn flags_of_build(&self) -> String {
        self.of_build("rustflags").map(joined).unwrap_or_default()
    }

    /// A path in it, which is relative to where the folder `.cargo` lies.
    pub(super) fn absolute(&self, path: &str) -> PathBuf {
        let folder = self.path.parent().and_then(Path::parent);
        folder.unwrap_or(Path::new("")).join(path)
    }
}

/// Flags, which are a list or a text.
fn joined(flags: &Value) -> String {
    match flags {
        Value::String(text) => text.clone(),
        Value::Array(list) => {
            let flags: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
            flags.join(" ")
        }
        _ => String::new(),
    }
}

fn read(path: &Path) -> Option<String> {
    let mut text = String::new();
    let file = File::open(path).ok()?.take(LARGEST_BYTES);
    { file }.read_to_string(&mut text).ok()?;
    Some(text)
}

//! Cargo.lock: the versions of what a tree depends on.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;

use perfkit::report::{Note, NoteCode};
use serde::Deserialize;

use crate::error::Error;
use crate::git::{in_own_repository, in_repository, output};
use crate::text::printable;

use super::tree::Tree;
use super::workspace::Workspace;

/// Larger files are not read.
const LARGEST_BYTES: u64 = 64 << 20;

/// How many packages a note names.
const MOST_NAMED: usize = 10;

/// How many versions of a package it names.
const MOST_VERSIONS: usize = 4;

/// How much it shows of a name or a version.
const LONGEST_WORD: usize = 60;

/// Builds a revision with the versions that this tree is built with: the Cargo.lock of one
/// workspace is put into the other. Where both have committed one, what differs is part of
/// the change that is measured, be it committed or not, and each keeps its own.
pub(crate) fn share_lock_file(
    own: &Workspace,
    base: &Workspace,
    base_tree: &Tree,
) -> Result<(), Error> {
    if !base.is_part_of(base_tree) {
        return Ok(());
    }
    let (own, base) = (&*own.root, &*base.root);
    let committed = ["rev-parse", "--verify", "--quiet", "HEAD:./Cargo.lock"];
    let of_own = output(in_repository(own), committed).ok();
    let of_base = output(in_own_repository(base), committed).ok();
    if of_own.is_some() && of_base.is_some() {
        return Ok(());
    }
    let Some(content) = read(own) else {
        return Ok(());
    };
    let path = base.join("Cargo.lock");
    if read(base).as_ref() == Some(&content) && is_plain_file(&path) {
        return Ok(());
    }
    // A link would be followed to whatever the revision has it lead to.
    if path.symlink_metadata().is_ok() {
        fs::remove_file(&path).map_err(|error| Error::file("remove", &path, error))?;
    }
    let new = OpenOptions::new().write(true).create_new(true).open(&path);
    let written = new.and_then(|mut file| file.write_all(content.as_bytes()));
    written.map_err(|error| Error::file("write", &path, error))
}

/// A note on the versions that a revision and this tree were built with, where these differ.
pub(crate) fn different_dependencies(
    base: &Workspace,
    own: &Workspace,
    base_tree: &Tree,
) -> Option<Note> {
    let versions = |workspace: &Workspace| Versions::of(&read(&workspace.root)?);
    let (base, own) = (versions(base)?, versions(own)?);
    let named = own.named_differences(&base)?;
    let label = printable(&base_tree.label);
    let message = format!(
        "{label} and this tree are built with different versions of what they depend on, which may be part of a difference: {named}"
    );
    Some(Note::info(NoteCode::DifferentDependencies, message))
}

/// The names of some packages and of all that depend on them, by what the Cargo.lock of a
/// workspace says; `None` where it cannot be read. Versions of one name are not told apart.
pub(super) fn with_dependents(
    workspace: &Workspace,
    mut names: BTreeSet<String>,
) -> Option<BTreeSet<String>> {
    let packages = packages(&read(&workspace.root)?)?;
    loop {
        let depends = |package: &&Locked| {
            let mut dependencies = package.dependencies.iter();
            // `name`, or `name version`, or those and a source.
            dependencies.any(|text| {
                text.split(' ')
                    .next()
                    .is_some_and(|name| names.contains(name))
            })
        };
        let dependents = packages.iter().filter(depends);
        let dependents: Vec<String> = dependents.map(|package| package.name.clone()).collect();
        let known = names.len();
        names.extend(dependents);
        if names.len() == known {
            return Some(names);
        }
    }
}

/// A package in a Cargo.lock.
#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    source: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

/// The packages of a Cargo.lock.
fn packages(text: &str) -> Option<Vec<Locked>> {
    #[derive(Deserialize)]
    struct Lock {
        #[serde(default)]
        package: Vec<Locked>,
    }
    toml::from_str::<Lock>(text).ok().map(|lock| lock.package)
}

/// The versions of each package that comes from outside of the trees.
struct Versions(BTreeMap<String, BTreeSet<String>>);

impl Versions {
    fn of(text: &str) -> Option<Self> {
        let mut versions = BTreeMap::<_, BTreeSet<_>>::new();
        for Locked {
            name,
            version,
            source,
            ..
        } in packages(text)?
        {
            // Of a repository the revision counts, of a registry the version alone.
            let revision = source.as_deref().map(|source| source.rsplit_once('#'));
            let version = match revision {
                None => continue,
                Some(None) => version,
                Some(Some((_, revision))) => format!("{version} ({revision:.12})"),
            };
            versions.entry(name).or_default().insert(version);
        }
        Some(Self(versions))
    }

    /// Packages with other versions there than here, in words; `None` where there are none.
    fn named_differences(&self, base: &Self) -> Option<String> {
        let different = self.different_from(base);
        let further = different.len().saturating_sub(MOST_NAMED);
        let mut named: Vec<String> = different.into_iter().take(MOST_NAMED).collect();
        if further > 0 {
            named.push(format!("and {further} more"));
        }
        (!named.is_empty()).then(|| named.join("; "))
    }

    fn different_from(&self, base: &Self) -> Vec<String> {
        let names: BTreeSet<&String> = self.0.keys().chain(base.0.keys()).collect();
        let different = |name: &&String| self.0.get(*name) != base.0.get(*name);
        let words = |versions: Option<&BTreeSet<String>>| {
            let some = versions.into_iter().flatten().take(MOST_VERSIONS);
            let some: Vec<String> = some.map(|version| short(version)).collect();
            match some.is_empty() {
                true => "none".to_owned(),
                false => some.join(" and "),
            }
        };
        let change = |name: &String| {
            let (base, own) = (words(base.0.get(name)), words(self.0.get(name)));
            format!("{} {base}, here {own}", short(name))
        };
        names.into_iter().filter(different).map(change).collect()
    }
}

/// The text of a folder's Cargo.lock.
fn read(folder: &Path) -> Option<String> {
    let path = folder.join("Cargo.lock");
    let found = fs::metadata(&path).ok()?;
    let mut text = String::new();
    if !found.is_file() || found.len() > LARGEST_BYTES {
        return None;
    }
    let mut file = File::open(&path).ok()?.take(LARGEST_BYTES);
    file.read_to_string(&mut text).ok()?;
    Some(text)
}

fn short(text: &str) -> String {
    printable(&text.chars().take(LONGEST_WORD).collect::<String>())
}

fn is_plain_file(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|found| found.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(packages: &[(&str, &str, &str)]) -> Versions {
        let packages = packages.iter().map(|(name, version, source)| {
            format!("[[package]]\nname = '{name}'\nversion = '{version}'\n{source}\n")
        });
        Versions::of(&packages.collect::<String>()).unwrap()
    }

    #[test]
    fn versions_that_differ_are_named_and_not_too_many() {
        let registry = "source = 'registry+https://example.invalid'";
        let git = |revision: &str| format!("source = 'git+https://example.invalid#{revision}'");
        let (one, other) = (git("0123456789abcdef"), git("fedcba9876543210"));
        let base = versions(&[
            ("measured", "0.1.0", ""),
            ("same", "1.0.0", registry),
            ("two", "1.0.0", registry),
            ("two", "2.0.0", registry),
            ("gone", "1.0.0", registry),
            ("moved", "1.0.0", &one),
        ]);
        let own = versions(&[
            ("measured", "0.2.0", ""),
            ("same", "1.0.0", registry),
            ("two", "2.0.0", registry),
            ("moved", "1.0.0", &other),
        ]);
        assert_eq!(
            own.named_differences(&base).unwrap(),
            "gone 1.0.0, here none; moved 1.0.0 (0123456789ab), here 1.0.0 (fedcba987654); two 1.0.0 and 2.0.0, here 2.0.0"
        );
        assert_eq!(own.named_differences(&own), None);

        let name = |number: usize| format!("{}{number}", "x".repeat(500));
        let names: Vec<String> = (0..500).map(name).collect();
        let many: Vec<_> = names.iter().map(|name| (&**name, "1", registry)).collect();
        let named = versions(&many).named_differences(&own).unwrap();
        assert!(named.ends_with(" more") && named.len() < 1000, "{named}");
    }
}

//! Where a bench program keeps its results.

use std::fs;
use std::path::{Path, PathBuf};

use crate::report::Report;

/// The files of one bench program.
#[derive(Debug)]
pub(super) struct Store {
    folder: PathBuf,
    program: String,
}

impl Store {
    /// For a program that cargo built: in the folder `perfkit` of its target
    /// folder; for another, in that of the current directory.
    pub(super) fn of_program(path: &Path) -> Self {
        let deps = path.parent().filter(|folder| folder.ends_with("deps"));
        let target = deps.and_then(|deps| deps.parent()?.parent());
        Self {
            folder: target.unwrap_or(Path::new("target")).join("perfkit"),
            program: without_hash(path),
        }
    }

    /// The result of the last run.
    pub(super) fn last(&self) -> PathBuf {
        let folder = self.folder.join("benches");
        folder.join(format!("{}.json", self.program))
    }

    /// What was kept under a name.
    pub(super) fn baseline(&self, name: &str) -> PathBuf {
        let folder = self.folder.join("baselines").join(name);
        folder.join(format!("{}.json", self.program))
    }

    /// The reports kept under a name, each a session and the newest last: this program's,
    /// and those that `perfkit baseline save` put beside it.
    ///
    /// # Errors
    /// There is none, or one cannot be read.
    pub(super) fn load(&self, name: &str) -> Result<Vec<Report>, String> {
        let own = self.baseline(name);
        let folder = own.parent().unwrap_or(Path::new("."));
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let paths = entries
            .map(|entry| entry.path())
            .filter(|path| is_session(path));
        let reports = paths.map(|path| {
            Report::load(&path).map_err(|error| format!("{}: {error}", path.display()))
        });
        let mut reports: Vec<Report> = reports.collect::<Result<_, _>>()?;
        if reports.is_empty() {
            return Err(format!(
                "there is no baseline `{name}`: save one with --save-baseline {name} (nothing is in {})",
                folder.display()
            ));
        }
        reports.sort_by_key(|report| report.created);
        Ok(reports)
    }
}

/// Whether this is a report, and none that is still being written.
fn is_session(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    name.ends_with(b".json") && !name.starts_with(b".")
}

/// The program's name without the hash that cargo adds.
fn without_hash(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let is_hash = |text: &str| text.len() == 16 && text.bytes().all(|b| b.is_ascii_hexdigit());
    match stem.rsplit_once('-') {
        Some((name, hash)) if is_hash(hash) => name.to_owned(),
        _ => stem.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_kept_in_the_target_folder() {
        let store = Store::of_program(Path::new("/x/target/release/deps/sum-0123456789abcdef"));
        assert_eq!(
            store.last(),
            Path::new("/x/target/perfkit/benches/sum.json")
        );
        let kept = store.baseline("main");
        assert_eq!(kept, Path::new("/x/target/perfkit/baselines/main/sum.json"));
        let elsewhere = Store::of_program(Path::new("/usr/bin/sum-1"));
        assert_eq!(
            elsewhere.last(),
            Path::new("target/perfkit/benches/sum-1.json")
        );
    }
}

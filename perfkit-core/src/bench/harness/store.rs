//! Where a bench program keeps its results.

use std::fs;
use std::path::{Path, PathBuf};

use crate::report::{Note, NoteCode, Report};

use super::super::worker_process::{Program, without_hash};

/// The variable that names the folder of all baselines, for `perfkit` as well.
const BASELINES: &str = "PERFKIT_BASELINES";

/// The files of one bench program.
#[derive(Debug)]
pub(super) struct Store {
    folder: PathBuf,
    baselines: PathBuf,
    /// What its files are called, without `.json`.
    program: String,
}

/// What is kept under a name.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// Each a session, the newest last.
    pub(super) reports: Vec<Report>,
    /// What was left out.
    pub(super) notes: Vec<Note>,
}

impl Store {
    /// For a program that cargo built: in the folder `perfkit` of its target
    /// folder; for another, in that of the current directory. Baselines are kept where a
    /// variable says, if it does.
    pub(super) fn of_program(program: &Program) -> Self {
        let baselines = std::env::var_os(BASELINES).filter(|folder| !folder.is_empty());
        Self::new(program, baselines.map(PathBuf::from))
    }

    fn new(program: &Program, baselines: Option<PathBuf>) -> Self {
        let deps = program
            .path
            .parent()
            .filter(|folder| folder.ends_with("deps"));
        let target = deps.and_then(|deps| deps.parent()?.parent());
        let folder = target.unwrap_or(Path::new("target")).join("perfkit");
        Self {
            baselines: baselines.unwrap_or_else(|| folder.join("baselines")),
            folder,
            program: program.full_name().replace('/', "."),
        }
    }

    /// The result of the last run.
    pub(super) fn last(&self) -> PathBuf {
        let folder = self.folder.join("benches");
        folder.join(format!("{}.json", self.program))
    }

    /// What was kept under a name.
    pub(super) fn baseline(&self, name: &str) -> PathBuf {
        let folder = self.baselines.join(name);
        folder.join(format!("{}.json", self.program))
    }

    /// What is kept under a name, by bench programs and by `perfkit baseline save`. A file of
    /// another program's that cannot be read is left out.
    ///
    /// # Errors
    /// There is nothing, or a file cannot be read that may be of this program.
    pub(super) fn load(&self, name: &str) -> Result<Kept, String> {
        let own = self.baseline(name);
        let folder = own.parent().unwrap_or(Path::new("."));
        let mut kept = Kept::default();
        for path in session_files(folder) {
            match Report::load(&path) {
                Ok(report) => kept.reports.push(report),
                Err(error) if path == own || is_of_any_program(&path) => {
                    return Err(format!("{}: {error}", path.display()));
                }
                Err(error) => {
                    let message = format!("{} is left out: {error}", path.display());
                    kept.notes
                        .push(Note::warning(NoteCode::Unreadable, message));
                }
            }
        }
        if kept.reports.is_empty() && kept.notes.is_empty() {
            return Err(format!(
                "there is no baseline `{name}`: save one with --save-baseline {name} (nothing is in {})",
                folder.display()
            ));
        }
        kept.reports.sort_by_key(|report| report.created);
        Ok(kept)
    }
}

/// The reports in a folder.
fn session_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    let mut paths: Vec<PathBuf> = paths.filter(|path| is_session(path)).collect();
    paths.sort();
    paths
}

/// Whether this is a report, and none that is still being written.
fn is_session(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    name.ends_with(b".json") && !name.starts_with(b".")
}

/// Whether `perfkit baseline save` named it, by time and hash: no program's name ends so.
fn is_of_any_program(path: &Path) -> bool {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    without_hash(&stem) != stem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_kept_in_the_target_folder() {
        let store = |path: &str, baselines: Option<&str>| {
            let program = Program {
                path: path.into(),
                package: None,
                directory: None,
                variables: Vec::new(),
            };
            Store::new(&program, baselines.map(PathBuf::from))
        };
        let elsewhere = store("/usr/bin/sum-1", Some("/kept"));
        assert_eq!(
            elsewhere.baseline("main"),
            Path::new("/kept/main/sum-1.json")
        );
        let store = store("/x/target/release/deps/sum-0123456789abcdef", None);
        assert_eq!(
            store.last(),
            Path::new("/x/target/perfkit/benches/sum.json")
        );
        let kept = store.baseline("main");
        assert_eq!(kept, Path::new("/x/target/perfkit/baselines/main/sum.json"));
        assert_eq!(
            elsewhere.last(),
            Path::new("target/perfkit/benches/sum-1.json")
        );
    }
}

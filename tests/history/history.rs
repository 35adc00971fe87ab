//! The words that these tests are written in: a repository, and reports of its commits.

use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use perfkit::Report;

use crate::support::{Answer, Folder, git, session};

/// A folder with a repository, and a history in it.
pub(crate) struct History {
    pub(crate) folder: Folder,
    commits: std::cell::Cell<u64>,
}

/// 2026-01-01, in seconds since 1970.
const START: u64 = 1_767_225_600;

impl History {
    pub(crate) fn new() -> Self {
        let folder = Folder::new();
        git(
            &folder.path("."),
            &["init", "--quiet", "--initial-branch=main"],
        );
        Self {
            folder,
            commits: std::cell::Cell::new(0),
        }
    }

    /// Makes a commit, a day after the one before; returns its hash.
    pub(crate) fn commit(&self, subject: &str) -> String {
        let number = self.commits.replace(self.commits.get() + 1);
        self.folder.write("file", &format!("{number} {subject}"));
        let date = format!("--date=@{} +0000", START + number * 86_400);
        let path = self.folder.path(".");
        git(&path, &["add", "file"]);
        let mut commit = std::process::Command::new("git");
        let done = commit
            .current_dir(&path)
            .args(["-c", "user.name=t", "-c", "user.email=t@example.org"])
            .args(["commit", "--quiet", "-m", subject, &date])
            .env(
                "GIT_COMMITTER_DATE",
                format!("@{} +0000", START + number * 86_400),
            )
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .status();
        assert!(done.unwrap().success());
        git(&path, &["rev-parse", "HEAD"]).trim().to_owned()
    }

    /// A report of what is checked out, measured on a day of January, in which `parse` takes
    /// `factor` times 10 ms.
    pub(crate) fn report(&self, day: u64, factor: f64) -> PathBuf {
        let path = self.folder.path(&format!("report-{day}.json"));
        report(day, factor).save(&path).unwrap();
        path
    }

    /// Records such a report.
    pub(crate) fn record(&self, day: u64, factor: f64) -> Answer {
        let path = self.report(day, factor);
        self.run(&["record", path.to_str().unwrap()]).exits_with(0)
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Answer {
        self.folder.run([&["history"], arguments].concat())
    }

    /// The files of records, by time.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let months = std::fs::read_dir(self.folder.path(".perfkit/history"));
        for month in months.into_iter().flatten() {
            let entries = std::fs::read_dir(month.unwrap().path()).unwrap();
            files.extend(entries.map(|entry| entry.unwrap().path()));
        }
        files.sort();
        files
    }

    /// How many records are listed.
    pub(crate) fn count(&self, arguments: &[&str]) -> usize {
        let listed = self.run(&[&["list", "--format", "csv"], arguments].concat());
        listed.exits_with(0).stdout.lines().count() - 1
    }

    pub(crate) fn index_file(&self) -> PathBuf {
        let told = self.run(&["index"]).exits_with(0).stdout;
        told.split_whitespace().nth(2).unwrap().into()
    }
}

/// A report of a day of January 2026, which says nothing of a commit.
pub(crate) fn report(day: u64, factor: f64) -> Report {
    let mut report = session(factor);
    report.environment.git = None;
    report.created = UNIX_EPOCH + Duration::from_secs(START + day * 86_400 + 3600);
    report
}

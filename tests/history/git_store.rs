//! The store in git: what others see of it, and what becomes of it when several write.

use std::process::{Command, Stdio};

use crate::history::History;
use crate::support::{Answer, Folder, git};

const GIT: [&str; 2] = ["--store", "git"];

impl History {
    fn git(&self, arguments: &[&str]) -> Answer {
        self.run(&[arguments, &GIT].concat())
    }

    fn record_in_git(&self, day: u64) {
        let path = self.report(day, 1.0);
        self.git(&["record", path.to_str().unwrap()]).exits_with(0);
    }

    fn count_in_git(&self) -> usize {
        self.count(&GIT)
    }

    fn add_remote(&self, other: &std::path::Path) {
        let path = other.to_str().unwrap();
        git(&self.folder.path("."), &["remote", "add", "origin", path]);
    }
}

fn bare() -> Folder {
    let folder = Folder::new();
    git(&folder.path("."), &["init", "--quiet", "--bare"]);
    folder
}

#[test]
fn records_are_under_a_reference_that_no_clone_carries() {
    let history = History::new();
    history.commit("first");
    for day in 1..=3 {
        history.record_in_git(day);
    }
    assert_eq!(history.count_in_git(), 3);
    assert!(!history.folder.path(".perfkit").exists());
    let status = git(
        &history.folder.path("."),
        &["status", "--porcelain", "-uno"],
    );
    assert_eq!(status, "");
    let clone = Folder::new();
    let from = format!("file://{}", history.folder.path(".").display());
    git(&clone.path("."), &["clone", "--quiet", &from, "clone"]);
    let references = git(&clone.path("clone"), &["for-each-ref"]);
    assert!(!references.contains("perfkit"), "{references}");
    let objects = git(&clone.path("clone"), &["count-objects", "-v"]);
    assert!(objects.contains("in-pack: 3"), "{objects}");
}

#[test]
fn histories_are_joined_and_nobody_overwrites_anybody() {
    let remote = bare();
    let (one, two) = (History::new(), History::new());
    for history in [&one, &two] {
        history.commit("first");
        history.add_remote(&remote.path("."));
    }
    one.git(&["fetch"])
        .exits_with(4)
        .complains("nobody pushed a history there");
    one.record_in_git(1);
    one.git(&["push"])
        .exits_with(0)
        .says("1 record in both; new there: 1, new here: 0");
    two.record_in_git(2);
    two.git(&["push"])
        .exits_with(0)
        .says("2 records in both; new there: 1, new here: 1");
    one.git(&["fetch"])
        .exits_with(0)
        .says("2 records here; new: 1");
    assert_eq!((one.count_in_git(), two.count_in_git()), (2, 2));
    one.git(&["push"])
        .exits_with(0)
        .says("new there: 0, new here: 0");
}

/// Eight repositories push at once, each with records of its own.
#[test]
fn all_of_what_many_push_at_once_is_there() {
    let remote = bare();
    let histories: Vec<History> = (0..8).map(|_| History::new()).collect();
    for (number, history) in (0..).zip(&histories) {
        history.commit("first");
        history.add_remote(&remote.path("."));
        for day in 0..3 {
            history.record_in_git(number * 3 + day);
        }
    }
    let pushing = histories.iter().map(|history| {
        let mut push = history
            .folder
            .perfkit(["history", "push", "--store", "git"]);
        push.stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    });
    for push in pushing.collect::<Vec<_>>() {
        let ended = push.wait_with_output().unwrap();
        assert!(ended.status.success(), "{ended:?}");
    }
    histories[0].git(&["fetch"]).exits_with(0);
    assert_eq!(histories[0].count_in_git(), 24);
}

#[test]
fn nothing_is_lost_of_what_many_record_at_once() {
    let history = History::new();
    history.commit("first");
    let reports: Vec<_> = (0..12).map(|day| history.report(day, 1.0)).collect();
    let writers = reports.iter().map(|path| {
        let mut command = history
            .folder
            .perfkit(["history", "record", "--store", "git"]);
        command.arg(path);
        command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    });
    for writer in writers.collect::<Vec<_>>() {
        let ended = writer.wait_with_output().unwrap();
        assert!(ended.status.success(), "{ended:?}");
    }
    assert_eq!(history.count_in_git(), 12);
}

#[test]
fn a_shallow_clone_records_parents_and_exchanges_records() {
    let remote = bare();
    let history = History::new();
    let parent = history.commit("first");
    history.commit("second");
    history.add_remote(&remote.path("."));
    history.record_in_git(1);
    git(
        &history.folder.path("."),
        &["push", "--quiet", "origin", "main"],
    );
    history.git(&["push"]).exits_with(0);
    let shallow = Folder::new();
    let from = format!("file://{}", remote.path(".").display());
    let clone = ["clone", "--quiet", "--depth=1", "--branch=main", &from, "."];
    git(&shallow.path("."), &clone);
    let report = history.report(2, 1.0);
    let answer = shallow.run([
        "history",
        "record",
        report.to_str().unwrap(),
        "--store",
        "git",
    ]);
    answer.exits_with(0);
    let push = shallow
        .run(["history", "push", "--store", "git"])
        .exits_with(0);
    push.says("2 records in both; new there: 1, new here: 1");
    let listed = shallow.run(["history", "list", "--store", "git", "--format", "json"]);
    assert_eq!(listed.exits_with(0).stdout.matches(&parent).count(), 2);
}

#[test]
fn records_outlive_the_commits_that_they_are_of() {
    let history = History::new();
    history.commit("first");
    let gone = history.commit("second");
    history.record_in_git(1);
    let path = history.folder.path(".");
    git(&path, &["reset", "--quiet", "--hard", "HEAD~1"]);
    git(&path, &["reflog", "expire", "--expire=now", "--all"]);
    git(&path, &["gc", "--quiet", "--prune=now"]);
    history.commit("another second");
    history.record_in_git(2);
    let listed = history.git(&["list"]).exits_with(0);
    listed.says(&gone[..12]).says("another second");
    let shown = history
        .git(&["show", "parse", "--format", "csv"])
        .exits_with(0);
    assert_eq!(shown.stdout.lines().count(), 3);
}

#[test]
fn what_was_pruned_is_not_brought_back_and_its_room_is_free() {
    let remote = bare();
    let (one, two) = (History::new(), History::new());
    for history in [&one, &two] {
        history.commit("first");
        history.add_remote(&remote.path("."));
    }
    for day in 1..=4 {
        one.record_in_git(day);
    }
    one.git(&["push"]).exits_with(0);
    two.git(&["fetch"]).exits_with(0);
    one.git(&["prune", "--keep", "1"])
        .exits_with(0)
        .says("Removed 3 of 4");
    one.git(&["push"]).exits_with(0).says("1 record in both");
    two.record_in_git(9);
    two.git(&["push"]).exits_with(0).says("2 records in both");
    one.git(&["fetch"]).exits_with(0).says("2 records here");
    // Nothing leads to what was pruned.
    let reachable = git(&remote.path("."), &["rev-list", "--objects", "--all"]);
    assert_eq!(reachable.matches(".json").count(), 2, "{reachable}");
}

/// A server that takes nothing but what follows what it has keeps what was pruned, and gives
/// up nothing else.
#[test]
fn a_server_that_allows_no_other_commits_is_pushed_to_as_well() {
    let remote = bare();
    git(
        &remote.path("."),
        &["config", "receive.denyNonFastForwards", "true"],
    );
    let history = History::new();
    history.commit("first");
    history.add_remote(&remote.path("."));
    for day in 1..=3 {
        history.record_in_git(day);
    }
    history.git(&["push"]).exits_with(0);
    history.git(&["prune", "--keep", "1"]).exits_with(0);
    history
        .git(&["push"])
        .exits_with(0)
        .says("1 record in both");
    let other = History::new();
    other.commit("first");
    other.add_remote(&remote.path("."));
    other
        .git(&["fetch"])
        .exits_with(0)
        .says("1 record here; new: 1");
}

#[test]
fn a_folder_is_not_pushed_and_no_repository_is_no_store() {
    let history = History::new();
    history
        .run(&["push"])
        .exits_with(2)
        .complains("copy its files");
    let folder = Folder::new();
    let answer = folder
        .run(["history", "list", "--store", "git"])
        .exits_with(4);
    answer.complains("cannot be kept in git here");
    history
        .git(&["push", "/nowhere"])
        .exits_with(4)
        .complains("cannot reach /nowhere");
}

/// The configuration of a repository names a program; recording runs none.
#[test]
fn nothing_runs_that_a_repository_names() {
    let history = History::new();
    history.commit("first");
    let path = history.folder.path(".");
    let hook = history.folder.script("hook", "touch ran");
    for name in ["reference-transaction", "post-update", "pre-push"] {
        let target = path.join(".git/hooks").join(name);
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(&hook, target).unwrap();
    }
    git(&path, &["config", "core.fsmonitor", hook.to_str().unwrap()]);
    history.record_in_git(1);
    history.add_remote(&bare_path(&history));
    history.git(&["push"]).exits_with(0);
    assert!(!history.folder.path("ran").exists());
}

fn bare_path(history: &History) -> std::path::PathBuf {
    let path = history.folder.path("bare");
    let made = Command::new("git")
        .args(["init", "--quiet", "--bare"])
        .arg(&path)
        .status();
    assert!(made.unwrap().success());
    path
}

//! The store in a folder: where it is, who writes to it, and what is removed.

use std::process::Stdio;

use crate::history::{History, report};
use crate::support::Answer;

#[test]
fn the_store_is_where_the_flag_the_variable_or_the_configuration_says() {
    let history = History::new();
    history.commit("first");
    let path = history.report(1, 1.0);
    let path = path.to_str().unwrap();
    history
        .run(&["record", path])
        .exits_with(0)
        .says(".perfkit/history");
    history
        .folder
        .write("perfkit.toml", "[history]\nstore = \"of-file\"\n");
    history.run(&["record", path]).exits_with(0).says("of-file");
    let mut with_variable = history.folder.perfkit(["history", "record", path]);
    with_variable.env("PERFKIT_HISTORY", "of-variable");
    Answer::of(with_variable).exits_with(0).says("of-variable");
    let flag = ["record", path, "--store", "of-flag"];
    history.run(&flag).exits_with(0).says("of-flag");
    for folder in [".perfkit/history", "of-file", "of-variable", "of-flag"] {
        assert!(history.folder.path(folder).is_dir(), "{folder}");
    }
    // From a folder below, a path of the configuration is the same place.
    let below = history.folder.inside("below");
    let listed = Answer::of(below_of(&history, &below)).exits_with(0);
    assert_eq!(listed.stdout.lines().count(), 2, "{listed:?}");
    let unknown = history
        .run(&["list", "--store", "postgres://x/y"])
        .exits_with(2);
    unknown.complains("no store that this perfkit knows");
    history
        .folder
        .write("perfkit.toml", "[history]\nstore = \"\"\n");
    history
        .run(&["list"])
        .exits_with(2)
        .complains("the store has no name");
}

fn below_of(history: &History, below: &crate::support::Folder) -> std::process::Command {
    let mut command = history
        .folder
        .perfkit(["history", "list", "--format", "csv"]);
    command.current_dir(below.path("."));
    command
}

/// Sixteen writers, each with ten reports, half of which all of them have.
#[test]
fn nothing_is_lost_of_what_many_write_at_once() {
    let history = History::new();
    history.commit("first");
    let reports: Vec<_> = (0..85).map(|day| history.report(day, 1.0)).collect();
    let writers = (0..16).map(|writer| {
        let own = &reports[5 + writer * 5..][..5];
        let mut command = history.folder.perfkit(["history", "record"]);
        command.args(own).args(&reports[..5]);
        command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    });
    let writers: Vec<_> = writers.collect();
    for writer in writers {
        let ended = writer.wait_with_output().unwrap();
        assert!(ended.status.success(), "{ended:?}");
    }
    assert_eq!(history.files().len(), 85);
    assert_eq!(history.count(&[]), 85);
}

#[test]
fn old_records_are_removed_and_the_last_one_stays() {
    let history = History::new();
    history.commit("first");
    for day in 1..=5 {
        history.record(day, 1.0);
    }
    let dry = history
        .run(&["prune", "--keep", "2", "--dry-run"])
        .exits_with(0);
    dry.says("Would remove 3 of 5 records")
        .says("  20260102T010000Z-");
    assert_eq!(history.count(&[]), 5);
    let pruned = history.run(&["prune", "--keep", "2"]).exits_with(0);
    pruned.says("Removed 3 of 5 records");
    assert_eq!(history.count(&[]), 2);
    // All of them are older than that.
    history
        .run(&["prune", "--older-than", "1h"])
        .exits_with(0)
        .says("Removed 1 of 2");
    history
        .run(&["prune", "--keep", "0"])
        .exits_with(0)
        .says("Removed 0 of 1");
    let listed = history.run(&["list"]).exits_with(0);
    listed.says("2026-01-06 01:00");
    history.run(&["prune"]).exits_with(2);
}

#[test]
fn what_is_no_record_is_left_alone() {
    let history = History::new();
    history.commit("first");
    history.record(1, 1.0);
    let store = history.folder.path(".perfkit/history");
    std::fs::write(store.join("README"), "mine").unwrap();
    std::fs::write(store.join("2026-01/notes.json.gz"), "mine").unwrap();
    std::fs::create_dir(store.join("other")).unwrap();
    history.run(&["prune", "--keep", "1"]).exits_with(0);
    assert_eq!(history.count(&[]), 1);
    assert!(store.join("2026-01/notes.json.gz").exists());
    let empty = report(1, 1.0);
    let mut empty = empty;
    empty.benchmarks.clear();
    empty.save(history.folder.path("empty.json")).unwrap();
    let answer = history.run(&["record", "empty.json"]).exits_with(4);
    answer.complains("no number that a history could be of");
}

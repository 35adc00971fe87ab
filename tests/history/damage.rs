//! Files that are damaged, of the future or hostile; disks that are full; kills at any moment.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use perfkit::report::Environment;

use crate::history::{History, report};
use crate::support::Answer;

fn three_records() -> History {
    let history = History::new();
    history.commit("first");
    for day in 1..=3 {
        history.record(day, 1.0);
    }
    history
}

/// Others are listed, and the exit code says that something is wrong; also where the index
/// was made before.
#[track_caller]
fn assert_passed_over(history: &History, why: &str) {
    for _ in 0..2 {
        let listed = history.run(&["list", "--format", "csv"]).exits_with(4);
        assert_eq!(listed.stdout.lines().count(), 3, "{listed:?}");
        listed
            .complains("passed over the record 20260103T010000Z-")
            .complains(why);
    }
    let shown = history
        .run(&["show", "parse", "--format", "csv"])
        .exits_with(4);
    assert_eq!(shown.stdout.lines().count(), 3, "{shown:?}");
}

fn unpacked(path: &Path) -> String {
    let mut text = String::new();
    let file = std::fs::File::open(path).unwrap();
    MultiGzDecoder::new(file).read_to_string(&mut text).unwrap();
    text
}

/// As perfkit writes it: the head and the rest apart.
fn pack(path: &Path, text: &str) {
    let (head, rest) = text.split_once('\n').unwrap();
    let mut bytes = Vec::new();
    for part in [format!("{head}\n"), rest.to_owned()] {
        let mut encoder = GzEncoder::new(bytes, Compression::fast());
        encoder.write_all(part.as_bytes()).unwrap();
        bytes = encoder.finish().unwrap();
    }
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_record_that_is_cut_off_anywhere_is_told_and_the_others_are_shown() {
    let history = three_records();
    let file = &history.files()[1];
    let whole = std::fs::read(file).unwrap();
    for length in [0, 1, 10, whole.len() / 2, whole.len() - 9, whole.len() - 1] {
        std::fs::write(file, &whole[..length]).unwrap();
        history.run(&["index", "--rebuild"]).exits_with(4);
        assert_passed_over(&history, "the record");
    }
    // What is mended is read again.
    std::fs::write(file, &whole).unwrap();
    assert_eq!(history.count(&[]), 3);
}

#[test]
fn a_record_of_a_newer_perfkit_is_told_as_such() {
    let history = three_records();
    let file = &history.files()[1];
    let text = unpacked(file).replacen("\"version\":1", "\"version\":7,\"new\":[]", 1);
    pack(
        file,
        &text.replacen("\"series\":[", "\"series\":[{\"other\":1},", 1),
    );
    history.run(&["index", "--rebuild"]).exits_with(4);
    assert_passed_over(
        &history,
        "of a newer perfkit: its form is 7, and this one reads 1",
    );
}

#[test]
fn a_record_that_says_something_else_than_its_name_is_not_exported() {
    let history = three_records();
    let file = &history.files()[1];
    let text = unpacked(file);
    let changed = text.replacen(",40,10030000.0,", ",40,11030000.0,", 1);
    assert_ne!(text, changed);
    pack(file, &changed);
    let exported = history.run(&["export"]).exits_with(4);
    exported.complains("hash is another");
}

#[test]
fn what_unpacks_to_gigabytes_is_not_unpacked() {
    let history = three_records();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(b"{\"history\":{\"version\":1,").unwrap();
    let spaces = vec![b' '; 1 << 20];
    for _ in 0..400 {
        encoder.write_all(&spaces).unwrap();
    }
    std::fs::write(&history.files()[1], encoder.finish().unwrap()).unwrap();
    history.run(&["index", "--rebuild"]).exits_with(4);
    assert_passed_over(&history, "it is no record");
}

#[test]
fn what_is_no_file_is_not_waited_for() {
    let history = three_records();
    let file = &history.files()[1];
    std::fs::remove_file(file).unwrap();
    let made = Command::new("mkfifo").arg(file).status().unwrap();
    assert!(made.success());
    history.run(&["index", "--rebuild"]).exits_with(4);
    assert_passed_over(&history, "no regular file");
}

/// A file may be no larger than nothing: as on a full disk, nothing can be written.
#[test]
fn a_full_disk_is_told_and_what_was_kept_stays() {
    let history = three_records();
    let path = history.report(9, 1.0);
    let perfkit = history.folder.perfkit(["history", "record"]);
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "ulimit -f 0; exec \"$0\" \"$@\""])
        .arg(perfkit.get_program())
        .args(perfkit.get_args())
        .arg(&path)
        .current_dir(history.folder.path("."))
        .env("XDG_CACHE_HOME", history.folder.cache());
    let answer = Answer::of(limited).exits_with(4);
    answer
        .complains("cannot write")
        .complains("nothing that was kept is changed");
    assert_eq!(history.count(&[]), 3);
    assert_eq!(history.files().len(), 3);
}

/// Writers are killed at moments that are spread over all of what they do: each record is
/// whole or not there, and the next perfkit finds the index as it should be.
#[test]
fn a_kill_at_any_moment_loses_nothing() {
    let history = History::new();
    history.commit("first");
    history.record(0, 1.0);
    history.run(&["index"]).exits_with(0);
    let kills = std::env::var("PERFKIT_KILLS").map_or(60, |kills| kills.parse().unwrap());
    let mut finished = 1;
    for kill in 0..kills {
        let path = history.report(kill + 1, 1.0);
        let mut writer = history
            .folder
            .perfkit(["history", "record"])
            .arg(&path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_micros(kill * 7919 % 30_000));
        let _ = writer.kill();
        finished += usize::from(writer.wait().unwrap().success());
    }
    let records = history.count(&[]);
    assert!(records >= finished, "{records} of {finished}");
    let whole = history.files();
    let whole = whole
        .iter()
        .filter(|file| file.extension().unwrap() == "gz")
        .count();
    assert_eq!(records, whole);
}

/// A report may give any text for its commit.
#[test]
fn what_a_report_says_of_its_commit_harms_nothing() {
    let history = History::new();
    history.commit("first");
    let mut made = report(1, 1.0);
    let mut record = |commit: &str| {
        made.environment.git = Environment::detect("x").git.map(|mut git| {
            git.commit = commit.to_owned();
            git.subject = Some("\u{1b}[31m".to_owned());
            git
        });
        made.save(history.folder.path("report.json")).unwrap();
        history.run(&["record", "report.json"])
    };
    for commit in [
        "a\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}",
        "",
        "\u{1b}[31m",
        "../x",
    ] {
        let answer = record(commit).exits_with(0);
        assert!(!answer.stdout.contains('\u{1b}'), "{answer:?}");
    }
    // What could not be read again is not kept.
    record(&"a".repeat(100_000))
        .exits_with(4)
        .complains("a text of more than");
    let listed = history.run(&["list", "--format", "csv"]).exits_with(0);
    assert_eq!(listed.stdout.lines().count(), 5, "{listed:?}");
}

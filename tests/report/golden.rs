//! What reports look like, kept as files: `PERFKIT_GOLDEN=overwrite cargo test
//! --test whole golden` writes them anew, and a look at the difference is the review.

use std::path::PathBuf;

use crate::support::{Folder, workspace};

fn golden(name: &str) -> PathBuf {
    workspace().join("tests/golden").join(name)
}

/// Fails unless the text is that of the file, or makes it so.
#[track_caller]
fn is_golden(name: &str, text: &str) {
    let path = golden(name);
    if std::env::var("PERFKIT_GOLDEN").is_ok_and(|value| value == "overwrite") {
        std::fs::write(&path, text).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = expected
        .lines()
        .zip(text.lines())
        .position(|(expected, line)| expected != line);
    assert!(
        expected == text,
        "{} differs (first in line {:?}); it would be:\n{}",
        path.display(),
        differs.map(|line| line + 1),
        text.chars().take(4000).collect::<String>()
    );
}

/// What a report looks like in a format.
fn printed(report: &str, format: &[&str]) -> String {
    let path = golden(&format!("{report}.json"));
    let arguments = [&["report", path.to_str().unwrap()], format].concat();
    let folder = Folder::new();
    let mut command = folder.perfkit(arguments);
    command.current_dir(workspace()).env_remove("COLUMNS");
    command.env("LC_ALL", "C.UTF-8");
    let answer = crate::support::Answer::of(command).exits_with(0);
    assert_eq!(answer.stderr, "");
    answer.stdout
}

#[test]
fn every_report_looks_as_it_did() {
    for report in ["none", "one", "two", "many", "gate", "counts"] {
        is_golden(&format!("{report}.txt"), &printed(report, &[]));
        let markdown = printed(report, &["--format", "markdown"]);
        assert!(markdown.len() < 65_536, "{}", markdown.len());
        is_golden(&format!("{report}.md"), &markdown);
        is_golden(
            &format!("{report}.csv"),
            &printed(report, &["--format", "csv"]),
        );
    }
}

#[test]
fn every_plot_looks_as_it_did() {
    let folder = Folder::new();
    for report in ["one", "two", "many"] {
        let path = golden(&format!("{report}.json"));
        folder
            .run(["report", path.to_str().unwrap(), "--plot", "plot.svg"])
            .exits_with(0);
        is_golden(&format!("{report}.svg"), &folder.read("plot.svg"));
    }
}

#[test]
fn where_there_is_only_ascii_only_ascii_is_written() {
    let path = golden("two.json");
    let folder = Folder::new();
    let mut command = folder.perfkit(["report", path.to_str().unwrap()]);
    command.env("LC_ALL", "C");
    let text = crate::support::Answer::of(command).exits_with(0).stdout;
    assert!(text.is_ascii(), "{text}");
    is_golden("two.ascii.txt", &text);
}

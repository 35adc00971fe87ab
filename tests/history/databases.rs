//! The queries of docs/history.md, run by a database on what is exported.

use std::process::Command;

use crate::history::History;
use crate::support::required::skip;
use crate::support::workspace;

#[test]
fn duckdb_answers_the_query_of_the_docs() {
    let python = std::env::var("PERFKIT_TEST_DUCKDB").unwrap_or_else(|_| "python3".to_owned());
    let has_duckdb = Command::new(&python).args(["-c", "import duckdb"]).output();
    if !has_duckdb.is_ok_and(|output| output.status.success()) {
        return skip("the package duckdb of Python (PERFKIT_TEST_DUCKDB names a Python with it)");
    }
    let history = History::new();
    for day in 0..21 {
        history.commit("next");
        history.record(day, 1.0 + day as f64 / 10.0);
    }
    history
        .run(&["export", "-o", "history.jsonl"])
        .exits_with(0);
    let page = std::fs::read_to_string(workspace().join("docs/history.md")).unwrap();
    let (_, query) = page.split_once("```sql duckdb\n").unwrap();
    let (query, _) = query.split_once("```").unwrap();
    let program = "import duckdb, sys\nfor row in duckdb.sql(sys.argv[1]).fetchall(): print(row[0], row[1].date(), row[2])";
    let answer = Command::new(&python)
        .args(["-c", program, query])
        .current_dir(history.folder.path("."))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&answer.stdout).into_owned();
    let lines: Vec<&str> = told.lines().collect();
    // The 1st of January 2026 is a Thursday: weeks of 4, 7, 7 and 3 days, of which these are
    // the medians.
    assert_eq!(lines.len(), 4, "{answer:?}");
    for (line, day, ms) in [
        (lines[0], "2025-12-29", 10.03 * 1.15),
        (lines[1], "2026-01-05", 10.03 * 1.7),
        (lines[2], "2026-01-12", 10.03 * 2.4),
        (lines[3], "2026-01-19", 10.03 * 2.9),
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        assert_eq!(words[..2], ["parse", day], "{told}");
        let value: f64 = words[2].parse().unwrap();
        assert!((value - ms).abs() < 1e-3, "{told}");
    }
}

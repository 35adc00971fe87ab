//! What holds of the lessons on any machine: results, counts and bounds, never times.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod allocation;
mod backpressure;
mod batch_executor;
mod batch_upload;
mod blocking;
mod budgets;
mod bulk_writes;
mod cache_aside;
mod columns;
mod compression;
mod concurrent;
mod encoding;
mod eviction;
mod indexes;
mod invalidation;
mod later;
mod layered_cache;
mod lists;
mod memoisation;
mod n_plus_one;
mod offline_queue;
mod pagination;
mod pool;
mod publish;
mod query_analysis;
mod query_batching;
mod retry;
#[cfg(feature = "servers")]
mod servers;
mod sqlite_settings;
mod streaming;
#[cfg(feature = "servers")]
mod without_servers;
mod write_behind;

use std::collections::BTreeSet;
use std::path::Path;

use perfkit_patterns::{Effort, Finding, LESSONS, Lab, Lesson, Measured, claims, page, table};

/// What a lesson finds, each form run a few times.
fn found(lesson: &Lesson) -> Vec<Finding> {
    let mut lab = Lab::new(Effort::Quick, |_| ());
    lab.run(lesson).unwrap();
    lab.findings
}

/// What a lesson counted of its wrong and its right form, by the question and the metric.
fn counted(lesson: &Lesson, what: &str, metric: &str) -> [u64; 2] {
    let findings = found(lesson);
    let of_both = findings.iter().find_map(|finding| match finding.measured {
        Measured::Counted(counted, amounts, _)
            if (finding.question.what, counted) == (what, metric) =>
        {
            Some(amounts)
        }
        _ => None,
    });
    of_both.unwrap()
}

#[test]
fn every_lesson_runs_and_is_shown_in_report_table_and_page() {
    let mut lab = Lab::new(Effort::Quick, |_| ());
    for lesson in LESSONS {
        let before = lab.findings.len();
        lab.run(lesson)
            .unwrap_or_else(|error| panic!("{}: {error}", lesson.name));
        assert!(lab.findings.len() > before, "{} finds nothing", lesson.name);
    }
    let report = lab.report();
    let names: BTreeSet<_> = report.benchmarks.iter().map(|b| &b.name).collect();
    assert_eq!(names.len(), report.benchmarks.len(), "names are told apart");
    for name in &names {
        assert!(name.chars().count() <= 60, "perfkit would cut {name}");
    }
    let json = report.to_json().unwrap();
    let read = perfkit::Report::from_json(json.as_bytes()).unwrap();
    assert_eq!(read.comparisons.len(), lab.findings.len());
    let html = perfkit_cli::html_page(&report).unwrap();
    let (table, page) = (table(&lab.findings, 140), page(&lab, LESSONS));
    let claims = claims(&lab.findings);
    let rows = page.lines().filter(|line| line.starts_with("| ")).count();
    assert_eq!(
        rows,
        lab.findings.len() + LESSONS.len(),
        "and their headings"
    );
    for finding in &lab.findings {
        assert!(page.contains(finding.question.holds));
        assert!(html.contains(finding.right), "{}", finding.right);
        assert!(!finding.question.holds.contains('|'));
    }
    assert!(table.contains("measured here"));
    // What did not show stands in the page word by word, and a line tells how many showed.
    let (first, others) = claims.split_once('\n').unwrap();
    let claimed = lab.findings.iter().filter(|f| f.question.claimed.is_some());
    let numbers = first
        .split(' ')
        .filter_map(|word| word.parse::<usize>().ok());
    assert_eq!(numbers.sum::<usize>(), claimed.count(), "{first}");
    assert!(others.lines().all(|line| page.contains(line)), "{others}");
}

#[test]
fn lessons_are_numbered_short_and_say_what_they_are_about() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lessons");
    let numbers: Vec<u32> = LESSONS.iter().map(|lesson| lesson.number).collect();
    assert!(numbers.is_sorted(), "{numbers:?}");
    let names: BTreeSet<_> = LESSONS.iter().map(|lesson| lesson.name).collect();
    assert_eq!(names.len(), LESSONS.len());
    for lesson in LESSONS {
        let file = std::fs::read_to_string(folder.join(lesson.file())).unwrap();
        assert_eq!(file, lesson.source, "{}", lesson.file());
        let lines = file.lines().count();
        assert!(lines <= 220, "{} has {lines} lines", lesson.file());
        let text = lesson.text();
        assert!(text.contains("The knob: "), "{}", lesson.name);
        assert!(text.contains("In production, "), "{}", lesson.name);
    }
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/patterns.md");
    let docs = std::fs::read_to_string(docs).unwrap();
    for lesson in LESSONS {
        assert!(
            docs.contains(&lesson.text()),
            "write docs/patterns.md anew: {}",
            lesson.name
        );
    }
    let files = std::fs::read_dir(folder).unwrap().count();
    assert_eq!(
        files,
        LESSONS.len() + 1,
        "every file is a lesson, but for mod.rs"
    );
}

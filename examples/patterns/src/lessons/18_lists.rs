//! Build what is seen, and copy what has changed. A list of 100,000 rows shows thirty of them:
//! a windowed (virtual) list builds these, and leaves blank space for the others. A new version of
//! a list, for undo or for readers of the old one, shares with it all that has not changed.
//!
//! The knob: how much is used. A list that fits the screen gains nothing; a list that is read and
//! hardly ever changed is read more slowly when it is not in one piece.
//!
//! In production, watch how long the slowest frame takes while somebody scrolls, not the mean, and
//! the memory of all versions that somebody still holds. A windowed list has no rows for the
//! search of a browser, or for a screen reader.

use std::ops::Range;

use crate::{Amounts, Error, Form, Lab, Lesson, Question, memory_of};

/// This lesson.
pub const LESSON: Lesson = Lesson {
    number: 18,
    name: "lists",
    title: "Windowed lists, and lists that share unchanged parts",
    source: include_str!("18_lists.rs"),
    measure,
};

fn row(number: usize) -> String {
    format!("<li>row {number}</li>")
}

/// Wrong: all rows are built, and thirty of them are seen.
#[must_use]
pub fn all_rows(items: usize, seen: Range<usize>) -> Vec<String> {
    let rows: Vec<String> = (0..items).map(row).collect();
    rows.get(seen).unwrap_or_default().to_vec()
}

/// Right: those are built that are seen; the rest is blank space of the same height.
#[must_use]
pub fn window(items: usize, seen: Range<usize>) -> Vec<String> {
    (seen.start..seen.end.min(items)).map(row).collect()
}

/// Wrong: a hundred versions of a list, all of it copied at each change.
#[must_use]
pub fn copies(length: usize) -> Vec<Vec<u64>> {
    let mut versions = vec![vec![0; length]];
    for change in 1..100 {
        let mut next = versions[change - 1].clone();
        next[change * 31 % length] = change as u64;
        versions.push(next);
    }
    versions
}

/// Right: each version shares what has not changed with the one before it.
#[must_use]
pub fn sharing(length: usize) -> Vec<rpds::Vector<u64>> {
    let mut versions = vec![std::iter::repeat_n(0, length).collect::<rpds::Vector<u64>>()];
    for change in 1..100 {
        let next = versions[change - 1].set(change * 31 % length, change as u64);
        versions.extend(next);
    }
    versions
}

fn measure(lab: &mut Lab) -> Result<(), Error> {
    let rows = ["all rows", "the window"];
    let memory = [all_rows, window].map(|list| memory_of(|| list(100_000, 500..530)).1);
    let bytes = Amounts::Bytes(memory.map(|memory| memory.peak_bytes));
    let holds = "far more is there than can be seen";
    lab.counted(
        Question::of("100,000 rows", holds),
        rows,
        "peak_growth",
        bytes,
    )?;
    for (items, what, holds) in [
        (100_000, "the time of 100,000 rows", holds),
        (30, "the time of 30 rows", "hardly: all of them are seen"),
    ] {
        let seen = || 0..30;
        lab.compare(
            Question::of(what, holds),
            [
                Form::new(rows[0], || all_rows(items, seen())),
                Form::new(rows[1], || window(items, seen())),
            ],
        )?;
    }
    let forms = ["copies", "shared parts"];
    let (first, copied) = memory_of(|| copies(10_000));
    let (second, shared) = memory_of(|| sharing(10_000));
    let bytes = Amounts::Bytes([copied.peak_bytes, shared.peak_bytes]);
    let question = Question::of("100 versions of 10,000 items", "a change touches little");
    lab.counted(question, forms, "peak_growth", bytes)?;
    let (first, second) = (&first[99], &second[99]);
    lab.compare(
        Question::of(
            "reading a version",
            "never: what is shared is not in one piece",
        ),
        [
            Form::new(forms[0], || first.iter().sum::<u64>()),
            Form::new(forms[1], || second.iter().sum::<u64>()),
        ],
    )
}

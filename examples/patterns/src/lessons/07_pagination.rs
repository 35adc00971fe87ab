//! `OFFSET n` reads n rows to throw them away, so that a page takes the longer the deeper it
//! is. A cursor is the key of the last row that was seen: the next page begins right after it
//! in the index, however deep. It must be unique and in the order of the pages, so a time
//! alone is none: time and number are.
//!
//! The knob: the page. The first one takes as long in either form. And a cursor without an
//! index in its order sorts everything for each page, as an offset does.
//!
//! In production, watch the slowest pages, not the typical one: crawlers read the deep ones. What
//! is inserted meanwhile moves all offsets, so that a row is seen twice or never; a cursor
//! stays where it is. It cannot jump to page 500, which people seldom want.

use rusqlite::{Connection, Statement, StatementStatus, params};

use crate::{Amounts, Database, Error, Form, Lab, Lesson, Question};

/// This lesson.
pub const LESSON: Lesson = Lesson {
    number: 7,
    name: "pagination",
    title: "Cursors in place of offsets",
    source: include_str!("07_pagination.rs"),
    measure,
};

/// Rows of a page.
pub const PAGE: u64 = 20;

/// What happened: three events in each second, so that the time alone is not unique.
///
/// # Errors
/// Those of SQLite.
pub fn events(events: u64) -> Result<Database, Error> {
    let log = Database::new(
        "CREATE TABLE events (id INTEGER PRIMARY KEY, second INTEGER NOT NULL, text TEXT NOT NULL);
         CREATE INDEX events_by_time ON events (second, id);",
    )?;
    log.connection.execute_batch(&format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {events})
         INSERT INTO events SELECT i, i / 3, 'what happened as number ' || i FROM n;"
    ))?;
    Ok(log)
}

/// Where a page ends: time and number of its last event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    second: u64,
    id: u64,
}

/// An event, and the cursor after it.
pub type Event = (Cursor, String);

/// A page, and how many steps the database's machine took for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The events, the oldest first.
    pub events: Vec<Event>,
    /// Instructions of SQLite's virtual machine.
    pub steps: u64,
}

/// Wrong: the page after so many rows.
///
/// # Errors
/// Those of SQLite.
pub fn by_offset(log: &Connection, offset: u64) -> Result<Page, Error> {
    let mut query = log.prepare_cached(
        "SELECT second, id, text FROM events ORDER BY second, id LIMIT ? OFFSET ?",
    )?;
    page(&mut query, params![PAGE, offset])
}

/// Right: the page after the last row that was seen.
///
/// # Errors
/// Those of SQLite.
pub fn by_cursor(log: &Connection, after: Cursor) -> Result<Page, Error> {
    let mut query = log.prepare_cached(
        "SELECT second, id, text FROM events WHERE (second, id) > (?, ?) \
         ORDER BY second, id LIMIT ?",
    )?;
    page(&mut query, params![after.second, after.id, PAGE])
}

fn page(query: &mut Statement<'_>, parameters: impl rusqlite::Params) -> Result<Page, Error> {
    let rows = query.query_map(parameters, |row| {
        let (second, id) = (row.get(0)?, row.get(1)?);
        Ok((Cursor { second, id }, row.get(2)?))
    })?;
    let events = rows.collect::<Result<_, _>>()?;
    let steps = query.reset_status(StatementStatus::VmStep);
    let steps = u64::try_from(steps)?;
    Ok(Page { events, steps })
}

fn measure(lab: &mut Lab) -> Result<(), Error> {
    lab.engine("SQLite", rusqlite::version());
    let all = if lab.is_quick() { 3_000 } else { 300_000 };
    let log = events(all)?;
    let log = &log.connection;
    let deep = all / 3 * 2;
    let before = by_offset(log, deep - PAGE)?;
    let last = before.events.last().map(|(cursor, _)| *cursor);
    let last = last.unwrap_or_default();
    let forms = ["offset", "cursor"];
    for (what, offset, cursor, holds) in [
        (
            "the first page",
            0,
            Cursor::default(),
            "never: there is nothing to skip",
        ),
        (
            "a page at two thirds of 300,000 rows",
            deep,
            last,
            "pages are deep: the offset reads all rows before them",
        ),
    ] {
        let question = Question::of(what, holds);
        lab.compare(
            question,
            [
                Form::fallible(forms[0], || by_offset(log, offset)),
                Form::fallible(forms[1], || by_cursor(log, cursor)),
            ],
        )?;
        let steps = [by_offset(log, offset)?.steps, by_cursor(log, cursor)?.steps];
        lab.counted(question, forms, "steps", Amounts::Count(steps))?;
    }
    Ok(())
}

//! Lesson 7 on PostgreSQL: cursors in place of offsets.

use std::time::Duration;

use tokio_postgres::{Row, Statement};

use super::{Postgres, Schema, Servers};
use crate::{Error, Form, Lab, Question};

const PAGE: i64 = 20;

/// Events in the order of their times, with an index in that order.
pub struct Events {
    schema: Schema,
    by_offset: Statement,
    by_cursor: Statement,
}

/// Where a page ends: time and number of its last event.
pub type Cursor = (i32, i32);

impl Events {
    /// So many events, three a second.
    ///
    /// # Errors
    /// Those of the server.
    pub fn new(postgres: &Postgres, events: u32) -> Result<Self, Error> {
        let tables = format!(
            "CREATE TABLE events (id integer PRIMARY KEY, second integer NOT NULL,
                 text text NOT NULL);
             INSERT INTO events SELECT i, i / 3, 'what happened as number ' || i
                 FROM generate_series(1, {events}) i;
             CREATE INDEX events_by_time ON events (second, id);"
        );
        let schema = Schema::new(postgres, Duration::ZERO, &tables)?;
        schema.run("VACUUM ANALYZE events")?;
        let by_offset = schema.prepare(
            "SELECT second, id, text FROM events ORDER BY second, id LIMIT $1 OFFSET $2",
        )?;
        let by_cursor = schema.prepare(
            "SELECT second, id, text FROM events WHERE (second, id) > ($2, $3)
             ORDER BY second, id LIMIT $1",
        )?;
        Ok(Self {
            schema,
            by_offset,
            by_cursor,
        })
    }

    /// Wrong: the page after so many rows.
    ///
    /// # Errors
    /// Those of the server.
    pub fn by_offset(&self, offset: i64) -> Result<Vec<(Cursor, String)>, Error> {
        page(&self.schema.query(&self.by_offset, &[&PAGE, &offset])?)
    }

    /// Right: the page after the last row that was seen.
    ///
    /// # Errors
    /// Those of the server.
    pub fn by_cursor(&self, (second, id): Cursor) -> Result<Vec<(Cursor, String)>, Error> {
        page(&self.schema.query(&self.by_cursor, &[&PAGE, &second, &id])?)
    }
}

fn page(rows: &[Row]) -> Result<Vec<(Cursor, String)>, Error> {
    let event = |row: &Row| Ok(((row.try_get(0)?, row.try_get(1)?), row.try_get(2)?));
    rows.iter().map(event).collect()
}

pub(super) fn measure(lab: &mut Lab, servers: &Servers) -> Result<(), Error> {
    let Some(postgres) = &servers.postgres else {
        return Ok(());
    };
    let all = if lab.is_quick() { 3_000 } else { 300_000 };
    let events = Events::new(postgres, all)?;
    let deep = i64::from(all / 3 * 2);
    let before = events.by_offset(deep - PAGE)?;
    let last = before.last().map(|(cursor, _)| *cursor).unwrap_or_default();
    for (what, offset, cursor, holds) in [
        (
            "the first page",
            0,
            (0, 0),
            "never: there is nothing to skip",
        ),
        (
            "a page at two thirds of 300,000",
            deep,
            last,
            "pages are deep: the offset reads all rows before them",
        ),
    ] {
        lab.compare(
            Question::of(what, holds).on("PostgreSQL"),
            [
                Form::fallible("offset", || events.by_offset(offset)),
                Form::fallible("cursor", || events.by_cursor(cursor)),
            ],
        )?;
    }
    Ok(())
}

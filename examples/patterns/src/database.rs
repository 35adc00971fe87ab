//! A database for a lesson: SQLite, in a folder of its own that goes with it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::Connection;
use rusqlite::trace::{TraceEvent, TraceEventCodes};
use rusqlite::vtab::array;
use tempfile::TempDir;

use crate::lesson::Error;

/// A database in a file, and a connection to it.
pub struct Database {
    /// The connection. It is the first to go, before the file.
    pub connection: Connection,
    folder: TempDir,
}

/// What went between a program and its database, as SQLite itself counts it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Statements that were run.
    pub statements: u64,
    /// Rows that these returned.
    pub rows: u64,
}

impl Database {
    /// A database with these tables, with a journal that is written ahead.
    ///
    /// # Errors
    /// Those of SQLite, and of the folder for temporary files.
    pub fn new(tables: &str) -> Result<Self, Error> {
        let folder = tempfile::tempdir()?;
        let connection = open(folder.path().join(FILE))?;
        connection.execute_batch("PRAGMA journal_mode = wal; PRAGMA synchronous = normal;")?;
        connection.execute_batch(tables)?;
        Ok(Self { connection, folder })
    }

    /// Where the database is.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.path().join(FILE)
    }

    /// One more connection, with the settings that SQLite begins with.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn connect(&self) -> Result<Connection, Error> {
        open(self.path())
    }

    /// Counts what a function asks of the database.
    ///
    /// # Errors
    /// Those of the function.
    pub fn traffic<T>(
        &mut self,
        function: impl FnOnce(&mut Connection) -> Result<T, Error>,
    ) -> Result<(T, Traffic), Error> {
        let counts = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
        let events = TraceEventCodes::SQLITE_TRACE_STMT | TraceEventCodes::SQLITE_TRACE_ROW;
        let seen = Arc::clone(&counts);
        let count = move |event: TraceEvent<'_>| {
            let [statements, rows] = &*seen;
            match event {
                TraceEvent::Stmt(..) => statements.fetch_add(1, Ordering::Relaxed),
                TraceEvent::Row(_) => rows.fetch_add(1, Ordering::Relaxed),
                _ => 0,
            };
        };
        self.connection.trace_v2(events, Some(count))?;
        let value = function(&mut self.connection);
        let nobody = None::<fn(TraceEvent<'_>)>;
        self.connection.trace_v2(TraceEventCodes::empty(), nobody)?;
        let [statements, rows] = counts.each_ref().map(|count| count.load(Ordering::Relaxed));
        Ok((value?, Traffic { statements, rows }))
    }
}

const FILE: &str = "lesson.db";

fn open(path: PathBuf) -> Result<Connection, Error> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    // `rarray(?)` is what `= ANY(?)` is elsewhere.
    array::load_module(&connection)?;
    Ok(connection)
}

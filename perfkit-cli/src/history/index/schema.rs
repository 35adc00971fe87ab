//! The tables of the index, and which form of them a file has.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

/// The form of the tables; another one is built anew.
const FORM: i64 = 1;

/// What tells the file from other databases: `pkhi`.
const APPLICATION: i64 = 0x706b_6869;

/// How long another perfkit is waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Points stand by series: reading one is reading a few rows that lie beside each other, and
/// not one of each record. Those of the last records stand by record, in `latest`, until they
/// are worth a row for each series.
const TABLES: &str = "
    CREATE TABLE machine (number INTEGER PRIMARY KEY, key TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (key, name));
    CREATE TABLE toolchain (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    CREATE TABLE series (
        number INTEGER PRIMARY KEY,
        kind TEXT NOT NULL, program TEXT NOT NULL, name TEXT NOT NULL, metric TEXT NOT NULL,
        statistic TEXT NOT NULL, unit TEXT NOT NULL, better TEXT NOT NULL, anchor TEXT NOT NULL,
        UNIQUE (name, metric, kind, program, statistic, unit, anchor)
    );
    CREATE TABLE record (
        number INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        place_ms INTEGER NOT NULL, measured_ms INTEGER NOT NULL,
        commit_id TEXT, parents TEXT NOT NULL, branch TEXT, subject TEXT, dirty INTEGER,
        machine INTEGER NOT NULL, toolchain INTEGER NOT NULL, tool TEXT,
        series INTEGER NOT NULL
    );
    CREATE INDEX record_place ON record (place_ms, measured_ms, number);
    CREATE TABLE bad (name TEXT PRIMARY KEY, why TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE points (series_and_record INTEGER PRIMARY KEY, packed BLOB NOT NULL);
    CREATE TABLE latest (record INTEGER PRIMARY KEY, packed BLOB NOT NULL);
";

/// Whether what is built may be lost with the power, or also with the program.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Safety {
    /// A file that is renamed when it is finished.
    Unfinished,
    /// One that is in use.
    InUse,
}

/// Opens the index at a path; `None` where it is of another form, and an error where it is
/// damaged.
pub(super) fn open(path: &Path) -> rusqlite::Result<Option<Connection>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    prepare(&connection, Safety::InUse)?;
    let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let is_own = number("application_id")? == APPLICATION && number("user_version")? == FORM;
    Ok(is_own.then_some(connection))
}

/// Makes an empty index.
pub(super) fn create(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "page_size", 8192)?;
    prepare(&connection, Safety::Unfinished)?;
    connection.execute_batch(TABLES)?;
    connection.pragma_update(None, "application_id", APPLICATION)?;
    connection.pragma_update(None, "user_version", FORM)?;
    Ok(connection)
}

/// The index is no truth: what is lost with the power is built anew.
fn prepare(connection: &Connection, safety: Safety) -> rusqlite::Result<()> {
    connection.busy_timeout(LONGEST_WAIT)?;
    connection.set_prepared_statement_cache_capacity(64);
    let journal = match safety {
        Safety::Unfinished => "OFF",
        Safety::InUse => "TRUNCATE",
    };
    connection.pragma_update(None, "synchronous", "OFF")?;
    connection.pragma_update_and_check(None, "journal_mode", journal, |_| Ok(()))?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // In KiB.
    connection.pragma_update(None, "cache_size", -32_768)
}

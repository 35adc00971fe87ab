//! SQLite begins with settings for safety on any disk: a journal that is deleted after each
//! transaction, and a wait for the disk at each step. A journal that is written ahead
//! (`journal_mode = wal`) needs one wait in place of several, with `synchronous = normal` none
//! but at checkpoints, and readers and a writer no longer keep each other out.
//!
//! The knob: how many rows a transaction has. A large one waits no more often than one of a single
//! row, so that little is left to gain; and what only reads gains nothing by them. A larger cache and `mmap`
//! gain where the rows that are read fit in them and not in SQLite's 2 MiB.
//!
//! In production, set them when a connection opens, and read back `journal_mode`: it stays as
//! it was where the file system does not allow another. With `normal` a power cut may take the last
//! transactions, and a crash of the program takes none. Watch the size of the `-wal`
//! file: a reader that never ends keeps it from being reused.

use rusqlite::Connection;

use crate::{Amounts, Database, Error, Form, Lab, Lesson, Question};

/// This lesson.
pub const LESSON: Lesson = Lesson {
    number: 9,
    name: "sqlite_settings",
    title: "Settings of SQLite",
    source: include_str!("09_sqlite_settings.rs"),
    measure,
};

/// How transactions get to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Journal {
    /// `delete`, with which SQLite begins, or `wal`.
    pub mode: &'static str,
    /// `full`, with which SQLite begins, or `normal`.
    pub synchronous: &'static str,
}

/// What SQLite begins with, and two better ones.
pub const JOURNALS: [(&str, Journal); 3] = [
    ("delete, full", Journal::of("delete", "full")),
    ("wal, full", Journal::of("wal", "full")),
    ("wal, normal", Journal::of("wal", "normal")),
];

impl Journal {
    const fn of(mode: &'static str, synchronous: &'static str) -> Self {
        Self { mode, synchronous }
    }

    /// A table of events with this journal.
    ///
    /// # Errors
    /// Those of SQLite, or it did not take the setting.
    pub fn open(self) -> Result<Database, Error> {
        let database =
            Database::new("CREATE TABLE events (id INTEGER PRIMARY KEY, text TEXT NOT NULL);")?;
        let connection = &database.connection;
        let set = format!("PRAGMA journal_mode = {}", self.mode);
        let taken: String = connection.query_one(&set, [], |row| row.get(0))?;
        if taken != self.mode {
            return Err(format!("the journal is `{taken}` in place of `{}`", self.mode).into());
        }
        connection.pragma_update(None, "synchronous", self.synchronous)?;
        Ok(database)
    }
}

/// Writes so many rows, in so many transactions.
///
/// # Errors
/// Those of SQLite.
pub fn write(connection: &Connection, transactions: u32, rows: u32) -> Result<(), Error> {
    for _ in 0..transactions {
        let transaction = connection.unchecked_transaction()?;
        for _ in 0..rows {
            let mut insert =
                transaction.prepare_cached("INSERT INTO events (text) VALUES ('x')")?;
            insert.execute([])?;
        }
        transaction.commit()?;
    }
    Ok(())
}

/// How many of ten reads are refused while somebody writes.
///
/// # Errors
/// Those of SQLite, but for a lock.
pub fn reads_refused(database: &Database) -> Result<u64, Error> {
    let reader = impatient(database)?;
    let writer = &database.connection;
    // What every transaction holds while it gets to the disk.
    writer.execute_batch("BEGIN EXCLUSIVE; INSERT INTO events (text) VALUES ('x');")?;
    let mut refused = 0;
    for _ in 0..10 {
        let read = reader.query_one("SELECT count(*) FROM events", [], |row| {
            row.get::<_, u64>(0)
        });
        refused += is_refused(read)?;
    }
    writer.execute_batch("COMMIT")?;
    Ok(refused)
}

/// How many of ten writes are refused while somebody reads.
///
/// # Errors
/// Those of SQLite, but for a lock.
pub fn writes_refused(database: &Database) -> Result<u64, Error> {
    let writer = impatient(database)?;
    let reader = &database.connection;
    reader.execute_batch("BEGIN; SELECT count(*) FROM events;")?;
    let mut refused = 0;
    for _ in 0..10 {
        refused += is_refused(writer.execute("INSERT INTO events (text) VALUES ('x')", []))?;
    }
    reader.execute_batch("COMMIT")?;
    Ok(refused)
}

/// A connection that does not wait for a lock.
fn impatient(database: &Database) -> Result<Connection, Error> {
    let connection = database.connect()?;
    connection.busy_timeout(std::time::Duration::ZERO)?;
    Ok(connection)
}

fn is_refused<T>(result: rusqlite::Result<T>) -> Result<u64, Error> {
    match result {
        Ok(_) => Ok(0),
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => Ok(1),
        Err(error) => Err(error.into()),
    }
}

/// Reads a thousand rows all over a table, and adds up their lengths.
///
/// # Errors
/// Those of SQLite.
pub fn read_all_over(connection: &Connection, rows: i64) -> Result<i64, Error> {
    let mut query = connection.prepare_cached("SELECT length(text) FROM events WHERE id = ?")?;
    let mut sum = 0;
    for n in 0..1000 {
        sum += query.query_one([n * 7919 % rows + 1], |row| row.get::<_, i64>(0))?;
    }
    Ok(sum)
}

fn measure(lab: &mut Lab) -> Result<(), Error> {
    lab.engine("SQLite", rusqlite::version());
    let databases = [0, 1, 2].map(|n| JOURNALS[n].1.open());
    let [first, second, third] = databases;
    let databases = [first?, second?, third?];
    for (what, transactions, rows, holds) in [
        (
            "10 transactions of one row",
            10,
            1,
            "there are many small transactions: each waits for the disk, or does not",
        ),
        (
            "one transaction of 10,000 rows",
            1,
            10_000,
            "less: few waits are saved, beside the work on the rows",
        ),
    ] {
        let form = |n: usize| {
            let connection = &databases[n].connection;
            Form::fallible(JOURNALS[n].0, move || write(connection, transactions, rows))
        };
        lab.compare(Question::of(what, holds), [0, 1, 2].map(form))?;
    }
    let beside = Question::of(
        "ten reads beside a writer",
        "others read while a transaction is written",
    );
    let names = [JOURNALS[0].0, JOURNALS[2].0];
    let reads = [reads_refused(&databases[0])?, reads_refused(&databases[2])?];
    lab.counted(beside, names, "refused", Amounts::Count(reads))?;
    let beside = Question::of("ten writes beside a reader", "a reader takes its time");
    let writes = [
        writes_refused(&databases[0])?,
        writes_refused(&databases[2])?,
    ];
    lab.counted(beside, names, "refused", Amounts::Count(writes))?;
    drop(databases);
    reading(lab)
}

fn reading(lab: &mut Lab) -> Result<(), Error> {
    let rows: i64 = if lab.is_quick() { 1_000 } else { 40_000 };
    let database = JOURNALS[2].1.open()?;
    database.connection.execute_batch(&format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
         INSERT INTO events SELECT i, printf('%.400c', 'x') FROM n;
         PRAGMA wal_checkpoint(truncate);"
    ))?;
    let with = |settings: &str| {
        let connection = database.connect()?;
        connection.execute_batch(settings)?;
        Ok::<_, Error>(connection)
    };
    let small = with("")?;
    let cached = with("PRAGMA cache_size = -65536;")?;
    let mapped = with("PRAGMA mmap_size = 268435456;")?;
    let read = |name, connection| Form::fallible(name, move || read_all_over(connection, rows));
    lab.compare(
        Question::of(
            "a thousand reads all over 16 MB",
            "what is read does not fit in the cache of 2 MiB and does in the larger one",
        ),
        [
            read("a cache of 2 MiB", &small),
            read("a cache of 64 MiB", &cached),
            read("mmap", &mapped),
        ],
    )
}

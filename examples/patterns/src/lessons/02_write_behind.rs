//! Write-through: a write is answered once the source has it. Write-behind: it is answered once
//! it is in a queue, and a worker brings many at once to the source. That is quick, and a crash
//! takes what is in the queue, though somebody was told that it is written. The durable form
//! puts the queue into a local log first, from which whoever starts next goes on.
//!
//! The knob: what the source takes for a write. Where it is as near as the log, the durable form
//! is a write more and no gain.
//!
//! In production, watch how long the queue is and how old its oldest write (`perfkit::gauge`):
//! that is what a crash takes, and how far the source is behind. Bound it. The log here outlives
//! the program's end, even by `kill -9`; against a power cut it must wait for the disk too, and
//! then gains by its batches alone.

use rusqlite::Connection;

use crate::{Amounts, Database, Error, Form, Lab, Lesson, Question};

/// This lesson.
pub const LESSON: Lesson = Lesson {
    number: 2,
    name: "write_behind",
    title: "Write-through and write-behind, and what a crash takes",
    source: include_str!("02_write_behind.rs"),
    measure,
};

/// The source: each of its transactions waits for the disk.
///
/// # Errors
/// Those of SQLite.
pub fn accounts() -> Result<Database, Error> {
    let accounts =
        Database::new("CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL);")?;
    accounts
        .connection
        .execute_batch("PRAGMA synchronous = full")?;
    Ok(accounts)
}

/// A local log, which does not wait for the disk and outlives the program.
///
/// # Errors
/// Those of SQLite.
pub fn log() -> Result<Database, Error> {
    Database::new(
        "CREATE TABLE log (number INTEGER PRIMARY KEY, account INTEGER NOT NULL,
             balance INTEGER NOT NULL);",
    )
}

/// An account and its new balance.
pub type Write = (i64, i64);

/// Something that takes writes for a source.
pub trait Writer {
    /// Takes a write; when it returns, whoever writes has been told that it is done.
    ///
    /// # Errors
    /// Those of SQLite.
    fn write(&mut self, write: Write) -> Result<(), Error>;

    /// Brings all that is waiting to the source.
    ///
    /// # Errors
    /// Those of SQLite.
    fn flush(&mut self) -> Result<(), Error>;
}

/// Writes in one transaction.
fn apply(accounts: &Connection, writes: &[Write]) -> Result<(), Error> {
    let transaction = accounts.unchecked_transaction()?;
    let mut set = transaction.prepare_cached("INSERT OR REPLACE INTO accounts VALUES (?, ?)")?;
    for write in writes {
        set.execute(*write)?;
    }
    drop(set);
    Ok(transaction.commit()?)
}

/// Writes to the source at once.
pub struct Through<'a>(pub &'a Connection);

impl Writer for Through<'_> {
    fn write(&mut self, write: Write) -> Result<(), Error> {
        apply(self.0, &[write])
    }

    fn flush(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

/// So many writes go to the source together.
const BATCH: usize = 32;

/// Quick, and wrong where a write that was answered must not be lost: a queue in memory.
pub struct Behind<'a>(&'a Connection, Vec<Write>);

impl<'a> Behind<'a> {
    /// A queue before this source.
    #[must_use]
    pub fn new(accounts: &'a Connection) -> Self {
        Self(accounts, Vec::new())
    }
}

impl Writer for Behind<'_> {
    fn write(&mut self, write: Write) -> Result<(), Error> {
        self.1.push(write);
        if self.1.len() >= BATCH {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Error> {
        apply(self.0, &self.1)?;
        self.1.clear();
        Ok(())
    }
}

/// Right: the queue is a log that outlives the program.
/// The source, the log, and how many writes wait in it.
pub struct Durable<'a>(&'a Connection, &'a Connection, usize);

impl<'a> Durable<'a> {
    /// Goes on with what the log has, before it takes writes.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn new(accounts: &'a Connection, log: &'a Connection) -> Result<Self, Error> {
        let mut writer = Self(accounts, log, 0);
        writer.flush()?;
        Ok(writer)
    }
}

impl Writer for Durable<'_> {
    fn write(&mut self, write: Write) -> Result<(), Error> {
        const APPEND: &str = "INSERT INTO log (account, balance) VALUES (?, ?)";
        self.1.prepare_cached(APPEND)?.execute(write)?;
        self.2 += 1;
        if self.2 >= BATCH {
            self.flush()?;
        }
        Ok(())
    }

    /// The source has them before the log forgets them: after a crash in between they are
    /// written twice, which changes nothing, because a write says what the balance is.
    fn flush(&mut self) -> Result<(), Error> {
        const WAITING: &str = "SELECT account, balance FROM log ORDER BY number";
        let mut waiting = self.1.prepare_cached(WAITING)?;
        let writes = waiting.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        apply(self.0, &writes.collect::<Result<Vec<_>, _>>()?)?;
        self.1.execute("DELETE FROM log", [])?;
        self.2 = 0;
        Ok(())
    }
}

/// So many writes to as many accounts.
///
/// # Errors
/// Those of SQLite.
pub fn write_all(writer: &mut dyn Writer, writes: i64) -> Result<(), Error> {
    (0..writes).try_for_each(|id| writer.write((id, 100 * id)))
}

/// How many of a hundred answered writes the source lacks after a crash and a new start: of
/// write-through, of write-behind and of its durable form.
///
/// # Errors
/// Those of SQLite.
pub fn lost() -> Result<[u64; 3], Error> {
    let (sources, log) = ([accounts()?, accounts()?, accounts()?], log()?);
    let [through, behind, durable] = sources.each_ref().map(|source| &source.connection);
    write_all(&mut Through(through), 100)?;
    // Each of these is gone before it has flushed: that is the crash.
    write_all(&mut Behind::new(behind), 100)?;
    write_all(&mut Durable::new(durable, &log.connection)?, 100)?;
    Durable::new(durable, &log.connection)?;
    let mut lost = [100; 3];
    for (lost, source) in lost.iter_mut().zip([through, behind, durable]) {
        let there = "SELECT count(*) FROM accounts WHERE balance = 100 * id";
        *lost -= source.query_one(there, [], |row| row.get::<_, u64>(0))?;
    }
    Ok(lost)
}

fn measure(lab: &mut Lab) -> Result<(), Error> {
    lab.engine("SQLite", rusqlite::version());
    let (accounts, log) = (accounts()?, log()?);
    let (accounts, log) = (&accounts.connection, &log.connection);
    let forms = ["write-through", "write-behind", "with a durable log"];
    let question = Question::of(
        "64 writes, each is answered",
        "the source waits for the disk or is far, and many writes share a transaction",
    );
    let mut through = Through(accounts);
    let mut behind = Behind::new(accounts);
    let mut durable = Durable::new(accounts, log)?;
    lab.compare(
        question,
        [
            Form::fallible(forms[0], || write_all(&mut through, 64)),
            Form::fallible(forms[1], || write_all(&mut behind, 64)),
            Form::fallible(forms[2], || write_all(&mut durable, 64)),
        ],
    )?;
    let [_, behind, durable] = lost()?;
    let crash = Question::of(
        "100 answered writes, and a crash",
        "always: a queue in memory is lost with the program",
    );
    let lost = Amounts::Count([behind, durable]);
    lab.counted(crash, [forms[1], forms[2]], "lost", lost)
}

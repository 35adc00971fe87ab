//! While the other side cannot be reached, writes go into a local queue on the disk and the user
//! goes on; once it answers, they are sent in their order. Each has a key of its own, so that
//! one that is sent twice counts once, and says which version it was made from, so that the
//! other side sees what has changed meanwhile: a conflict has a rule.
//!
//! The knob: whether the other side is there. While it is, a queue is a write more for each
//! write, and no gain.
//!
//! In production, watch how many writes wait and how old the oldest is (`perfkit::gauge`), and
//! count conflicts (`perfkit::counter`). A queue in memory is lost with the program. Remove a
//! write after the answer and not before: a crash in between sends it again, which the key
//! makes harmless.

use std::cell::RefCell;

use rusqlite::{Connection, OptionalExtension as _};

use crate::{Amounts, Database, Error, Form, Lab, Lesson, Question};

/// This lesson.
pub const LESSON: Lesson = Lesson {
    number: 20,
    name: "offline_queue",
    title: "A queue for writes while the other side is away",
    source: include_str!("20_offline_queue.rs"),
    measure,
};

/// A write to a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The change's own number, by which it counts once.
    pub key: i64,
    /// Which note.
    pub note: i64,
    /// The version that the user saw.
    pub seen: i64,
    /// The new text.
    pub text: String,
}

/// What the other side says of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is written, now or before.
    Written,
    /// The note has changed since the user saw it: both texts are kept.
    Conflict,
}

/// The other side.
pub struct Server {
    database: Connection,
    /// Whether it can be reached.
    pub is_there: bool,
}

impl Server {
    /// A server with these notes.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn new(database: Connection) -> Result<Self, Error> {
        database.execute_batch(
            "CREATE TABLE IF NOT EXISTS notes (note INTEGER PRIMARY KEY,
                 version INTEGER NOT NULL, text TEXT NOT NULL);
             CREATE TABLE IF NOT EXISTS done (key INTEGER PRIMARY KEY);",
        )?;
        let is_there = true;
        Ok(Self { database, is_there })
    }

    /// Takes a change; one that it has had before changes nothing.
    ///
    /// # Errors
    /// It cannot be reached, or those of SQLite.
    pub fn take(&mut self, change: &Change) -> Result<Answer, Error> {
        if !self.is_there {
            return Err("the server cannot be reached".into());
        }
        let transaction = self.database.transaction()?;
        let once = "INSERT OR IGNORE INTO done VALUES (?)";
        if transaction.execute(once, [change.key])? == 0 {
            return Ok(Answer::Written);
        }
        let note = "SELECT version, text FROM notes WHERE note = ?";
        let there = transaction.query_row(note, [change.note], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
        });
        let (version, text) = there.optional()?.unwrap_or_default();
        let (text, answer) = match version == change.seen {
            true => (change.text.clone(), Answer::Written),
            false => (format!("{text}\n{}", change.text), Answer::Conflict),
        };
        let write = "INSERT OR REPLACE INTO notes VALUES (?, ?, ?)";
        transaction.execute(write, (change.note, version + 1, text))?;
        transaction.commit()?;
        Ok(answer)
    }

    /// The text of a note.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn text(&self, note: i64) -> Result<Option<String>, Error> {
        let text = "SELECT text FROM notes WHERE note = ?";
        let text = self.database.query_row(text, [note], |row| row.get(0));
        Ok(text.optional()?)
    }

    /// How many changes it has taken.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn taken(&self) -> Result<u64, Error> {
        let taken = "SELECT count(*) FROM done";
        Ok(self.database.query_one(taken, [], |row| row.get(0))?)
    }
}

/// Changes that wait for the server, on the disk.
pub struct Queue(Connection);

impl Queue {
    /// Goes on with what waits in this database.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn new(database: Connection) -> Result<Self, Error> {
        database.execute_batch(
            "PRAGMA journal_mode = wal; PRAGMA synchronous = normal;
             CREATE TABLE IF NOT EXISTS queue (key INTEGER PRIMARY KEY AUTOINCREMENT,
                 note INTEGER NOT NULL, seen INTEGER NOT NULL, text TEXT NOT NULL);",
        )?;
        Ok(Self(database))
    }

    /// Adds a change; once it returns, the change outlives the program. Returns its key.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn add(&self, note: i64, seen: i64, text: &str) -> Result<i64, Error> {
        const ADD: &str = "INSERT INTO queue (note, seen, text) VALUES (?, ?, ?)";
        self.0.prepare_cached(ADD)?.execute((note, seen, text))?;
        Ok(self.0.last_insert_rowid())
    }

    /// What waits, in its order.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn waiting(&self) -> Result<Vec<Change>, Error> {
        const ALL: &str = "SELECT key, note, seen, text FROM queue ORDER BY key";
        let mut all = self.0.prepare_cached(ALL)?;
        let changes = all.query_map([], |row| {
            let (key, note, seen, text) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
            Ok(Change {
                key,
                note,
                seen,
                text,
            })
        });
        Ok(changes?.collect::<Result<_, _>>()?)
    }

    /// Sends what waits until the server is away; returns how many conflicts there were.
    ///
    /// # Errors
    /// The server's; what it has taken no longer waits.
    pub fn send(&self, server: &mut Server) -> Result<u64, Error> {
        let mut conflicts = 0;
        for change in self.waiting()? {
            conflicts += u64::from(server.take(&change)? == Answer::Conflict);
            self.0
                .execute("DELETE FROM queue WHERE key = ?", [change.key])?;
        }
        Ok(conflicts)
    }
}

fn measure(lab: &mut Lab) -> Result<(), Error> {
    lab.engine("SQLite", rusqlite::version());
    let (here, there) = (Database::new("")?, Database::new("")?);
    let queue = Queue::new(here.connect()?)?;
    let mut server = Server::new(there.connect()?)?;
    server.is_there = false;
    for note in 0..10 {
        queue.add(note, 0, "a text")?;
    }
    let changes = queue.waiting()?;
    // Without a queue each change is refused, and gone.
    let refused = changes.iter().filter(|c| server.take(c).is_err()).count() as u64;
    server.is_there = true;
    queue.send(&mut server)?;
    let lost = Amounts::Count([refused, 10 - server.taken()?]);
    let forms = ["sent at once", "by a queue"];
    let away = Question::of("ten writes while the server is away", "the server is away");
    lab.counted(away, forms, "lost", lost)?;
    let server = RefCell::new(server);
    let mut change = changes.into_iter().next().ok_or("nothing waited")?;
    // Keys that the queue never comes to.
    change.key = 1 << 40;
    let there = Question::of("a write while the server is there", "never: it is one more");
    lab.compare(
        there,
        [
            Form::fallible(forms[0], || {
                change.key += 1;
                server.borrow_mut().take(&change)
            }),
            Form::fallible(forms[1], || {
                queue.add(0, 0, "a text")?;
                queue.send(&mut server.borrow_mut())
            }),
        ],
    )
}

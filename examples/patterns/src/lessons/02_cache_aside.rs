//! Cache-aside: the program looks into the cache, asks the source on a miss, and puts the answer
//! in. Read-through: the cache does that by itself, and where many ask for the same key at once
//! it asks the source for one of them, while the others wait (single flight). Without it, a key
//! that expires under load is a stampede: all who miss ask the source at the same time.
//!
//! The knob: how many ask for one key at once. One alone asks once in either form.
//!
//! In production, watch how often the source is asked (`perfkit::counter`) beside how often the
//! cache is. Whoever writes removes the key, after the source has changed and not before: who
//! reads in between would put the old value back. A time to live is the net below that, not
//! the rule.

use std::sync::{Barrier, Mutex, PoisonError};
use std::thread;

use moka::sync::Cache;
use perfkit::{Counter, Monitor};
use rusqlite::Connection;

use crate::{Amounts, Database, Error, Form, Lab, Lesson, Question};

/// This lesson.
pub const LESSON: Lesson = Lesson {
    number: 2,
    name: "cache_aside",
    title: "Cache-aside, read-through and single flight",
    source: include_str!("02_cache_aside.rs"),
    measure,
};

/// Profiles of users in a database, and a cache before it.
pub struct Profiles {
    database: Mutex<Connection>,
    cache: Cache<u64, String>,
    loads: Counter,
    /// Where all who have missed meet, so that the stampede does not depend on chance.
    missed: Barrier,
}

impl Profiles {
    /// Profiles which so many ask for at once. Counts, in the monitor, how often the database
    /// is asked.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn new(
        database: &Database,
        together: usize,
        monitor: &Monitor,
        loads: &str,
    ) -> Result<Self, Error> {
        Ok(Self {
            database: Mutex::new(database.connect()?),
            cache: Cache::new(1000),
            loads: monitor.counter(loads),
            missed: Barrier::new(together),
        })
    }

    /// The source.
    fn load(&self, user: u64) -> Result<String, Error> {
        self.loads.increment();
        let database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        let mut query = database.prepare_cached("SELECT name FROM users WHERE id = ?")?;
        Ok(query.query_one([user], |row| row.get(0))?)
    }

    /// Cache-aside. Wrong where many ask at once: whoever misses asks the source.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn aside(&self, user: u64) -> Result<String, Error> {
        if let Some(name) = self.cache.get(&user) {
            return Ok(name);
        }
        self.missed.wait();
        let name = self.load(user)?;
        self.cache.insert(user, name.clone());
        Ok(name)
    }

    /// Read-through with single flight. Right: one asks, the others get its answer.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn through(&self, user: u64) -> Result<String, Error> {
        let name = self.cache.try_get_with(user, || self.load(user));
        name.map_err(|error| error.to_string().into())
    }

    /// Wrong: changes the source, and leaves the cache as it was.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn rename(&self, user: u64, name: &str) -> Result<(), Error> {
        let database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        let mut update = database.prepare_cached("UPDATE users SET name = ? WHERE id = ?")?;
        update.execute((name, user))?;
        Ok(())
    }

    /// Right: changes the source, and then removes what the cache has of it.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn rename_and_invalidate(&self, user: u64, name: &str) -> Result<(), Error> {
        self.rename(user, name)?;
        self.cache.invalidate(&user);
        Ok(())
    }
}

/// A hundred users.
///
/// # Errors
/// Those of SQLite.
pub fn users() -> Result<Database, Error> {
    Database::new(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
         INSERT INTO users SELECT i, 'user ' || i FROM n;",
    )
}

/// A way to ask for a profile.
pub type Ask = fn(&Profiles, u64) -> Result<String, Error>;

/// So many ask for the same profile at once; returns how often the database was asked.
///
/// # Errors
/// Those of SQLite.
pub fn loads(users: &Database, together: usize, ask: Ask) -> Result<u64, Error> {
    let monitor = Monitor::new();
    let profiles = Profiles::new(users, together, &monitor, "loads")?;
    thread::scope(|scope| {
        let one = || scope.spawn(|| ask(&profiles, 7));
        let all: Vec<_> = (0..together).map(|_| one()).collect();
        let names = all.into_iter().map(|thread| {
            let name = thread.join().map_err(|_| "a thread panicked")?;
            name.map(drop)
        });
        names.collect::<Result<(), Error>>()
    })?;
    let snapshot = monitor.snapshot();
    let loads = snapshot.counter("loads");
    Ok(loads.map_or(0, |loads| loads.lifetime.total))
}

/// A way to change a profile.
pub type Rename = fn(&Profiles, u64, &str) -> Result<(), Error>;

/// Of ten reads that each follow a change, how many find what was before it.
///
/// # Errors
/// Those of SQLite.
pub fn stale_reads(users: &Database, rename: Rename) -> Result<u64, Error> {
    let profiles = Profiles::new(users, 1, &Monitor::new(), "loads")?;
    let mut stale = 0;
    for change in 0..10 {
        let name = format!("name {change}");
        profiles.through(7)?;
        rename(&profiles, 7, &name)?;
        stale += u64::from(profiles.through(7)? != name);
    }
    Ok(stale)
}

fn measure(lab: &mut Lab) -> Result<(), Error> {
    lab.engine("SQLite", rusqlite::version());
    let users = users()?;
    let forms = ["cache-aside", "single flight"];
    for (what, together, holds) in [
        ("16 ask for one key", 16, "many miss the same key at once"),
        (
            "one asks for one key",
            1,
            "never: there is nobody to wait for",
        ),
    ] {
        let counts = [Profiles::aside as Ask, Profiles::through];
        let [wrong, right] = counts.map(|ask| loads(&users, together, ask));
        let counts = Amounts::Count([wrong?, right?]);
        lab.counted(Question::of(what, holds), forms, "loads", counts)?;
    }
    let [wrong, right] = [Profiles::rename as Rename, Profiles::rename_and_invalidate]
        .map(|rename| stale_reads(&users, rename));
    lab.counted(
        Question::of(
            "ten changes, a read after each",
            "a cached value must be what the source has",
        ),
        ["left in the cache", "invalidated"],
        "stale_reads",
        Amounts::Count([wrong?, right?]),
    )?;
    let profiles = Profiles::new(&users, 1, &Monitor::new(), "loads")?;
    lab.compare(
        Question::of(
            "a profile that is read again",
            "reads are many and changes few; here the source is as near as the cache can be",
        ),
        [
            Form::fallible("the database", || profiles.load(7)),
            Form::fallible("the cache", || profiles.through(7)),
        ],
    )
}

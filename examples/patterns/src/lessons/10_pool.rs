//! To connect takes longer than most queries: a round trip or several, a process or a file to
//! open, a schema to read. A pool keeps connections and lends them. Its size bounds what
//! the database does at once: whoever finds none waits, and that wait is the number to watch.
//!
//! The knob: the load. A pool of n connections, each busy for 10 ms, serves n times 100 queries
//! a second. Below that nobody waits, whatever the size; above it the queue grows without end, and
//! a larger pool helps only as far as the database can do more at once.
//!
//! In production, watch how long callers wait for a connection (`perfkit::measure` around
//! `get`), not how many are in use: all in use and nobody waiting is a good size. A timeout
//! on `get` turns an endless queue into an error that says what is wrong.

use std::path::PathBuf;
use std::time::Duration;

use deadpool::managed::{Manager, Metrics, Pool, RecycleError, RecycleResult};
use futures_util::future::join_all;
use perfkit::MetricSummary;
use perfkit::unit::Unit;
use rusqlite::Connection;
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, sleep, sleep_until};

use crate::{Amounts, Database, Error, Form, Lab, Lesson, Question};

/// This lesson.
pub const LESSON: Lesson = Lesson {
    number: 10,
    name: "pool",
    title: "A pool of connections, and its size",
    source: include_str!("10_pool.rs"),
    measure,
};

/// Makes connections for a pool.
pub struct Connections(PathBuf);

impl Manager for Connections {
    type Type = Connection;
    type Error = rusqlite::Error;

    async fn create(&self) -> Result<Connection, rusqlite::Error> {
        connect(&self.0)
    }

    /// A connection that somebody left in a transaction is not lent again.
    async fn recycle(
        &self,
        connection: &mut Connection,
        _: &Metrics,
    ) -> RecycleResult<rusqlite::Error> {
        if connection.is_autocommit() {
            Ok(())
        } else {
            Err(RecycleError::message("it was left in a transaction"))
        }
    }
}

fn connect(path: &PathBuf) -> Result<Connection, rusqlite::Error> {
    let connection = Connection::open(path)?;
    // Each connection has settings of its own.
    connection.pragma_update(None, "synchronous", "normal")?;
    Ok(connection)
}

/// A pool of at most so many connections to a database.
///
/// # Errors
/// There is no such pool.
pub fn pool(database: &Database, size: usize) -> Result<Pool<Connections>, Error> {
    let manager = Connections(database.path());
    Ok(Pool::builder(manager).max_size(size).build()?)
}

/// Users, and some tables more: a schema such as one has.
///
/// # Errors
/// Those of SQLite.
pub fn users() -> Result<Database, Error> {
    let tables = (0..50).map(|n| format!("CREATE TABLE t{n} (a INTEGER PRIMARY KEY, b, c);"));
    let tables: String = tables.collect();
    Database::new(&format!(
        "{tables} CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
         INSERT INTO users VALUES (7, 'user 7');"
    ))
}

fn query(connection: &Connection) -> Result<String, Error> {
    let mut query = connection.prepare_cached("SELECT name FROM users WHERE id = 7")?;
    Ok(query.query_one([], |row| row.get(0))?)
}

/// Wrong: connects for each query.
///
/// # Errors
/// Those of SQLite.
pub fn connect_each_time(users: &Database) -> Result<String, Error> {
    query(&connect(&users.path())?)
}

/// Right: takes a connection from the pool and gives it back.
///
/// # Errors
/// Those of SQLite.
pub async fn from_pool(pool: &Pool<Connections>) -> Result<String, Error> {
    query(&*pool.get().await?)
}

/// Queries arrive in so many intervals, and each keeps its connection for 10 ms. Returns
/// the 99th percentile of the time for which they waited for one.
///
/// # Errors
/// Those of SQLite.
pub async fn p99_wait(
    pool: &Pool<Connections>,
    queries: u32,
    interval: Duration,
) -> Result<Duration, Error> {
    let start = Instant::now();
    let one = |n: u32| async move {
        sleep_until(start + interval * n).await;
        let asks = Instant::now();
        let connection = pool.get().await?;
        let waited = asks.elapsed().as_nanos() as f64;
        query(&connection)?;
        sleep(Duration::from_millis(10)).await;
        Ok::<_, Error>(waited)
    };
    let waits = join_all((0..queries).map(one)).await;
    let waits: Vec<f64> = waits.into_iter().collect::<Result<_, _>>()?;
    let waits = MetricSummary::from_samples(Unit::Nanoseconds, waits);
    Ok(waits.percentile_duration(0.99).unwrap_or_default())
}

/// A runtime whose clock runs ahead whenever all wait, so that waits are exact.
///
/// # Errors
/// That of the system.
pub fn mock_clock() -> Result<Runtime, Error> {
    let mut builder = Builder::new_current_thread();
    Ok(builder.enable_time().start_paused(true).build()?)
}

fn measure(lab: &mut Lab) -> Result<(), Error> {
    lab.engine("SQLite", rusqlite::version());
    let users = users()?;
    let runtime = mock_clock()?;
    let pooled = pool(&users, 4)?;
    lab.compare(
        Question::of(
            "a query by its key",
            "to connect takes long beside the query; still more with a network and TLS",
        )
        .claimed("50 % less latency", 2.0),
        [
            Form::fallible("connecting each time", || connect_each_time(&users)),
            Form::fallible("a pool", || runtime.block_on(from_pool(&pooled))),
        ],
    )?;
    for (what, interval, holds) in [
        (
            "200 queries a second of 10 ms each",
            Duration::from_millis(5),
            "the load is above what the smaller pool serves, here 100 a second",
        ),
        (
            "380 queries a second of 10 ms each",
            Duration::from_micros(2632),
            "the same; four connections serve 400 a second",
        ),
        (
            "80 queries a second of 10 ms each",
            Duration::from_micros(12_500),
            "never: one connection is enough, and nobody waits",
        ),
    ] {
        let wait = |size| {
            let pool = pool(&users, size)?;
            runtime.block_on(p99_wait(&pool, 500, interval))
        };
        let waits = Amounts::Time([wait(1)?, wait(4)?]);
        let sizes = ["one connection", "four connections"];
        lab.counted(Question::of(what, holds), sizes, "p99_wait", waits)?;
    }
    Ok(())
}

//! A cache in two layers: a small one in memory, which is quick and gone with the process, over a
//! larger one that others share or that outlives it, over the source. What is found below is
//! promoted to the layer above, and each entry has a time to live. The gain is the share of hits
//! times what a miss costs.
//!
//! The knob: what is asked for. Where few keys get most requests, a small cache answers nearly
//! all; where each is asked for once, both layers are only work on the way to the source.
//!
//! In production, watch the hit rate of each layer (`perfkit::ratio` of counters) and hold it to
//! a budget, as lesson 21 does: above 95 % is usual, and a rate that falls shows what
//! averages hide. Size a cache by its memory, and never trust that a key was not cached before
//! it existed.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use moka::sync::Cache;
use perfkit::{Counter, Monitor};
use rusqlite::{Connection, OptionalExtension as _};

use crate::{Amounts, Database, Error, Form, Lab, Lesson, Question};

/// This lesson.
pub const LESSON: Lesson = Lesson {
    number: 1,
    name: "layered_cache",
    title: "A cache in two layers",
    source: include_str!("01_layered_cache.rs"),
    measure,
};

/// Orders, of which a report for a customer is slow to make: the source.
///
/// # Errors
/// Those of SQLite.
pub fn orders(orders: u32) -> Result<Database, Error> {
    Database::new(&format!(
        "CREATE TABLE orders (customer INTEGER NOT NULL, cents INTEGER NOT NULL);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {orders})
         INSERT INTO orders SELECT i % 1000, i FROM n;"
    ))
}

/// The source: goes through all orders.
///
/// # Errors
/// Those of SQLite.
pub fn report(orders: &Connection, customer: u64) -> Result<String, Error> {
    let mut query = orders.prepare_cached(
        "SELECT count(*), coalesce(sum(cents), 0) FROM orders WHERE customer = ?",
    )?;
    let row = query.query_one([customer], |row| {
        Ok((row.get::<_, u64>(0)?, row.get::<_, u64>(1)?))
    });
    let (orders, cents) = row?;
    Ok(format!(
        "customer {customer}: {orders} orders, {cents} cents"
    ))
}

/// A layer in memory over one in a database of its own.
pub struct Layers {
    memory: Cache<u64, String>,
    shared: Mutex<Connection>,
    time_to_live: Duration,
    hits: Counter,
    promotions: Counter,
    misses: Counter,
}

impl Layers {
    /// Layers that keep at most so many entries in memory, and each for so long. Counts hits and
    /// misses in the monitor: as the ratio `hit_rate`.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn new(
        shared: Connection,
        most: u64,
        time_to_live: Duration,
        monitor: &Monitor,
    ) -> Result<Self, Error> {
        // What a power cut takes of a cache can be made anew.
        shared.execute_batch(
            "PRAGMA synchronous = normal;
             CREATE TABLE IF NOT EXISTS cache (key INTEGER PRIMARY KEY, value TEXT NOT NULL,
                 until_ms INTEGER NOT NULL)",
        )?;
        let memory = Cache::builder().max_capacity(most);
        let names = ["hits", "promotions", "misses"];
        let [hits, promotions, misses] = names.map(|name| monitor.counter(name));
        monitor.ratio("hit_rate", &hits, &[&hits, &misses]);
        Ok(Self {
            memory: memory.time_to_live(time_to_live).build(),
            shared: Mutex::new(shared),
            time_to_live,
            hits,
            promotions,
            misses,
        })
    }

    /// The value of a key at this time since some beginning, from the uppermost layer that has it.
    ///
    /// # Errors
    /// Those of SQLite and of the source.
    pub fn get(
        &self,
        key: u64,
        now: Duration,
        source: impl FnOnce() -> Result<String, Error>,
    ) -> Result<String, Error> {
        if let Some(value) = self.memory.get(&key) {
            self.hits.increment();
            return Ok(value);
        }
        let shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let now = now.as_millis() as u64;
        let kept = "SELECT value FROM cache WHERE key = ? AND until_ms > ?";
        let mut kept = shared.prepare_cached(kept)?;
        let kept = kept.query_one((key, now), |row| row.get(0)).optional()?;
        let value: String = if let Some(value) = kept {
            self.hits.increment();
            self.promotions.increment();
            value
        } else {
            self.misses.increment();
            let value = source()?;
            let until = now + self.time_to_live.as_millis() as u64;
            let mut keep =
                shared.prepare_cached("INSERT OR REPLACE INTO cache VALUES (?, ?, ?)")?;
            keep.execute((key, &value, until))?;
            value
        };
        self.memory.insert(key, value.clone());
        Ok(value)
    }
}

/// So many requests for a thousand customers: nine in ten for ten of them, or each for
/// another one.
#[must_use]
pub fn requests(number: u64, are_skewed: bool) -> Vec<u64> {
    let customer = |n: u64| {
        if are_skewed && !n.is_multiple_of(10) {
            n * 7 % 10
        } else {
            n * 7919 % 1000
        }
    };
    (0..number).map(customer).collect()
}

const DAY: Duration = Duration::from_secs(86_400);

fn measure(lab: &mut Lab) -> Result<(), Error> {
    lab.engine("SQLite", rusqlite::version());
    let orders = orders(if lab.is_quick() { 1_000 } else { 20_000 })?;
    let source = &orders.connection;
    let names = ["the source", "two layers"];
    for (what, requests, holds) in [
        (
            "200 requests, 9 of 10 for ten keys",
            requests(200, true),
            "few keys get most requests, and a miss costs much",
        ),
        (
            "200 requests for 200 keys",
            requests(200, false),
            "never: nothing is asked for twice, and keeping it costs something",
        ),
    ] {
        let empty = || {
            let cache = Database::new("")?;
            let layers = Layers::new(cache.connect()?, 1000, DAY, &Monitor::new())?;
            Ok((layers, cache))
        };
        let question = Question::of(what, holds);
        let requests = &requests;
        lab.compare(
            question,
            [
                Form::with_input(names[0], empty, |_| {
                    let mut all = requests.iter();
                    all.try_for_each(|key| report(source, *key).map(drop))
                }),
                Form::with_input(names[1], empty, |(layers, _cache)| {
                    let get = |key: &u64| layers.get(*key, Duration::ZERO, || report(source, *key));
                    requests.iter().try_for_each(|key| get(key).map(drop))
                }),
            ],
        )?;
        let reports = made(&Monitor::new(), requests)?;
        let reports = Amounts::Count([requests.len() as u64, reports]);
        lab.counted(question, names, "reports", reports)?;
    }
    // What the report of the gallery shows of it, and what lesson 21 holds to a budget.
    made(&lab.monitor, &requests(10_000, true))?;
    Ok(())
}

/// How many reports are made for these requests, by the monitor's own count.
///
/// # Errors
/// Those of SQLite.
pub fn made(monitor: &Monitor, requests: &[u64]) -> Result<u64, Error> {
    let cache = Database::new("")?;
    let layers = Layers::new(cache.connect()?, 1000, DAY, monitor)?;
    for key in requests {
        layers.get(*key, Duration::ZERO, || Ok(format!("report {key}")))?;
    }
    let snapshot = monitor.snapshot();
    let misses = snapshot.counter("misses");
    Ok(misses.map_or(0, |misses| misses.lifetime.total))
}

//! Parts of a page that do not know of each other each ask for what they need. A loader
//! waits until all that can run have asked, takes out what is asked for twice, and asks once
//! for all of it. The parts stay as simple as they were; the queries are those of lesson 6.
//!
//! The knob: how many ask at once, and how often for the same. A part that asks alone has a
//! query of its own, and waits a little before it.
//!
//! In production, make a loader for each request: it keeps what it has loaded, so that one for
//! all requests would show users what has changed since, or what is not theirs. Watch keys asked
//! for and keys loaded (`perfkit::ratio`), and bound a batch by what a query may take.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dataloader::BatchFn;
use dataloader::cached::Loader;
use futures_util::future::join_all;
use perfkit::{Counter, Monitor};
use rusqlite::Connection;
use rusqlite::types::Value;
use tokio::runtime::Builder;
use tokio::time::sleep;

use crate::n_plus_one::blog;
use crate::{Amounts, Error, Form, Lab, Lesson, Question};

/// This lesson.
pub const LESSON: Lesson = Lesson {
    number: 5,
    name: "query_batching",
    title: "Queries batched and without what is asked for twice",
    source: include_str!("05_query_batching.rs"),
    measure,
};

/// Authors in a database that is so far away.
#[derive(Clone)]
pub struct Authors {
    blog: Arc<Mutex<Connection>>,
    distance: Duration,
    queries: Counter,
    keys: Counter,
}

/// What came of a query for some authors.
type Names = Result<HashMap<i64, String>, String>;

impl Authors {
    /// Counts queries, and keys asked for, in a monitor.
    #[must_use]
    pub fn new(blog: Connection, distance: Duration, monitor: &Monitor) -> Self {
        Self {
            blog: Arc::new(Mutex::new(blog)),
            distance,
            queries: monitor.counter("queries"),
            keys: monitor.counter("keys"),
        }
    }

    /// The names of some authors, by one query.
    async fn names(&self, ids: &[i64]) -> Names {
        self.queries.increment();
        self.keys.add(ids.len() as u64);
        sleep(self.distance).await;
        let blog = self.blog.lock().unwrap_or_else(PoisonError::into_inner);
        query(&blog, ids).map_err(|error| error.to_string())
    }

    /// Wrong: each part asks by itself.
    pub async fn each_by_itself(&self, parts: &[i64]) -> Vec<Result<String, String>> {
        let ask = |id: &i64| {
            let id = *id;
            async move { name_of(id, self.names(&[id]).await) }
        };
        join_all(parts.iter().map(ask)).await
    }

    /// Right: each part asks a loader, which asks for all of them.
    pub async fn by_loader(&self, parts: &[i64]) -> Vec<Result<String, String>> {
        let loader = Loader::new(self.clone());
        join_all(parts.iter().map(|id| loader.load(*id))).await
    }
}

impl BatchFn<i64, Result<String, String>> for Authors {
    async fn load(&mut self, ids: &[i64]) -> HashMap<i64, Result<String, String>> {
        let names = self.names(ids).await;
        // A loader wants an answer for each key.
        let answer = |id: &i64| (*id, name_of(*id, names.clone()));
        ids.iter().map(answer).collect()
    }
}

fn name_of(id: i64, names: Names) -> Result<String, String> {
    let name = names?.remove(&id);
    name.ok_or_else(|| format!("there is no author {id}"))
}

fn query(blog: &Connection, ids: &[i64]) -> Result<HashMap<i64, String>, Error> {
    let mut query = blog.prepare_cached("SELECT id, name FROM authors WHERE id IN rarray(?)")?;
    let ids: Vec<Value> = ids.iter().map(|id| Value::from(*id)).collect();
    let rows = query.query_map([Rc::new(ids)], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What parts of a page ask for: a hundred of them for twenty authors.
pub fn parts() -> Vec<i64> {
    (0..100).map(|part| part % 20 + 1).collect()
}

/// How many queries both forms take for these parts, and how many keys they ask for.
///
/// # Errors
/// Those of SQLite.
pub fn counts(parts: &[i64]) -> Result<[[u64; 2]; 2], Error> {
    let mut counts = [[0; 2]; 2];
    let runtime = Builder::new_current_thread().enable_time().build()?;
    for (form, right) in [false, true].into_iter().enumerate() {
        let (blog, monitor) = (blog(20)?, Monitor::new());
        let authors = Authors::new(blog.connect()?, Duration::ZERO, &monitor);
        if right {
            runtime.block_on(authors.by_loader(parts));
        } else {
            runtime.block_on(authors.each_by_itself(parts));
        }
        let snapshot = monitor.snapshot();
        for (metric, name) in ["queries", "keys"].into_iter().enumerate() {
            let counted = snapshot.counter(name);
            counts[metric][form] = counted.map_or(0, |counter| counter.lifetime.total);
        }
    }
    Ok(counts)
}

fn measure(lab: &mut Lab) -> Result<(), Error> {
    lab.engine("SQLite", rusqlite::version());
    let runtime = Builder::new_current_thread().enable_time().build()?;
    let blog = blog(20)?;
    let forms = ["each by itself", "by a loader"];
    for (what, parts, holds) in [
        (
            "100 parts, 20 authors",
            parts(),
            "for queries and keys always; for time only where they would wait for each other",
        ),
        (
            "one part, one author",
            vec![7],
            "never: there is nothing to join it with",
        ),
    ] {
        let [queries, keys] = counts(&parts)?;
        let question = Question::of(what, holds);
        let monitor = Monitor::new();
        let authors = Authors::new(blog.connect()?, Duration::from_millis(1), &monitor);
        lab.compare(
            question,
            [
                Form::new(forms[0], || {
                    runtime.block_on(authors.each_by_itself(&parts))
                }),
                Form::new(forms[1], || runtime.block_on(authors.by_loader(&parts))),
            ],
        )?;
        lab.counted(question, forms, "queries", Amounts::Count(queries))?;
        lab.counted(question, forms, "keys", Amounts::Count(keys))?;
    }
    Ok(())
}

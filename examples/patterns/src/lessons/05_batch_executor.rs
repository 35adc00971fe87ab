//! Callers that each bring something small, and a step with a cost of its own: an executor
//! collects what arrives, until there is enough or the first one has waited long enough, does the
//! step once for all of them and hands each caller its own result. Each key has a batch of
//! its own, so that keys go on in parallel and what belongs together stays in order.
//!
//! The knob: how many callers there are at once. One alone waits for others that do not
//! come: the interval is what it pays. And where the step has no cost of its own, there is
//! nothing to share.
//!
//! In production, watch how large batches are (`perfkit::gauge`) and what ends them: always the
//! interval says that it is too short, or the load too small; always the size, that there is
//! room for more. One bad item must not fail the others: answers are one for each.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use perfkit::{Counter, Monitor};
use rusqlite::Connection;
use tokio::runtime::Builder;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use crate::{Amounts, Database, Error, Form, Lab, Lesson, Question};

/// This lesson.
pub const LESSON: Lesson = Lesson {
    number: 5,
    name: "batch_executor",
    title: "A batch executor in place of a step for each caller",
    source: include_str!("05_batch_executor.rs"),
    measure,
};

/// An item, and whoever waits for what comes of it.
type Job<T, R> = (T, oneshot::Sender<R>);

/// What is done to items of a key; it returns a result for each, in their order.
type Work<K, T, R> = Arc<dyn Fn(&K, Vec<T>) -> Vec<R> + Send + Sync>;

/// Collects items by key, and works on those of a key together.
pub struct Executor<K, T, R> {
    queues: Mutex<HashMap<K, mpsc::Sender<Job<T, R>>>>,
    most: usize,
    interval: Duration,
    work: Work<K, T, R>,
}

impl<K, T, R> Executor<K, T, R>
where
    K: Eq + Hash + Clone + Send + Sync + 'static,
    T: Send + 'static,
    R: Send + 'static,
{
    /// Works on `most` items at once, or on fewer once the first of them has waited for the
    /// interval. `work` may block. It returns a result for each item, in their order.
    pub fn new(
        most: usize,
        interval: Duration,
        work: impl Fn(&K, Vec<T>) -> Vec<R> + Send + Sync + 'static,
    ) -> Self {
        Self {
            queues: Mutex::default(),
            most,
            interval,
            work: Arc::new(work),
        }
    }

    /// Adds an item, and waits for what comes of it.
    ///
    /// # Errors
    /// The work panicked, or had no result for this item.
    pub async fn submit(&self, key: &K, item: T) -> Result<R, Error> {
        let (sender, result) = oneshot::channel();
        let queue = self.queue(key);
        let gone = || "the batch has ended without a result for this item";
        queue.send((item, sender)).await.map_err(|_| gone())?;
        Ok(result.await.map_err(|_| gone())?)
    }

    /// The queue of a key, with a task of its own at its end.
    fn queue(&self, key: &K) -> mpsc::Sender<Job<T, R>> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let of_key = queues.entry(key.clone()).or_insert_with(|| {
            let (sender, jobs) = mpsc::channel(2 * self.most);
            let work = Arc::clone(&self.work);
            tokio::spawn(run(key.clone(), jobs, self.most, self.interval, work));
            sender
        });
        of_key.clone()
    }
}

/// Works on batches of a key, one after the other, until the executor is gone.
async fn run<K, T, R>(
    key: K,
    mut jobs: mpsc::Receiver<Job<T, R>>,
    most: usize,
    interval: Duration,
    work: Work<K, T, R>,
) where
    K: Clone + Send + Sync + 'static,
    T: Send + 'static,
    R: Send + 'static,
{
    while let Some(first) = jobs.recv().await {
        let until = Instant::now() + interval;
        let mut batch = vec![first];
        while batch.len() < most
            && let Ok(Some(next)) = timeout_at(until, jobs.recv()).await
        {
            batch.push(next);
        }
        let (items, callers): (Vec<T>, Vec<_>) = batch.into_iter().unzip();
        let (key, work) = (key.clone(), Arc::clone(&work));
        let results = tokio::task::spawn_blocking(move || work(&key, items)).await;
        for (caller, result) in callers.into_iter().zip(results.unwrap_or_default()) {
            // Who does not wait any more has no use for it.
            let _ = caller.send(result);
        }
    }
}

/// Writes texts in one transaction, which waits for the disk; returns their numbers.
///
/// # Errors
/// Those of SQLite.
pub fn write(log: &mut Connection, texts: &[String]) -> Result<Vec<i64>, Error> {
    let transaction = log.transaction()?;
    let mut numbers = Vec::new();
    let mut insert = transaction.prepare_cached("INSERT INTO log (text) VALUES (?)")?;
    for text in texts {
        insert.execute([text])?;
        numbers.push(transaction.last_insert_rowid());
    }
    drop(insert);
    transaction.commit()?;
    Ok(numbers)
}

/// An empty log, and what was written to it: transactions.
///
/// # Errors
/// Those of SQLite.
pub fn log() -> Result<(Database, Connection), Error> {
    let log = Database::new("CREATE TABLE log (number INTEGER PRIMARY KEY, text TEXT NOT NULL)")?;
    let connection = log.connect()?;
    connection.execute_batch("PRAGMA synchronous = full")?;
    Ok((log, connection))
}

/// So many callers at once, each with a text; returns the texts' numbers. Counts transactions.
///
/// # Errors
/// Those of SQLite.
pub async fn callers(
    log: Arc<Mutex<Connection>>,
    number: u64,
    most: usize,
    transactions: Counter,
) -> Result<Vec<i64>, Error> {
    let executor = Executor::new(most, Duration::from_millis(1), move |(), texts: Vec<_>| {
        transactions.increment();
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        // A caller gets no number where the transaction failed.
        write(&mut log, &texts).unwrap_or_default()
    });
    let calls = (0..number).map(|caller| executor.submit(&(), format!("text {caller}")));
    join_all(calls).await.into_iter().collect()
}

fn measure(lab: &mut Lab) -> Result<(), Error> {
    lab.engine("SQLite", rusqlite::version());
    let runtime = Builder::new_current_thread().enable_time().build()?;
    let (_database, connection) = log()?;
    let connection = Arc::new(Mutex::new(connection));
    let forms = ["each by itself", "in batches of 32"];
    for (what, number, holds) in [
        (
            "64 callers who write to the disk",
            64,
            "there are many callers at once, and the step costs more than an item of it",
        ),
        (
            "one caller who writes to the disk",
            1,
            "never: it waits the interval of 1 ms for others who do not come",
        ),
    ] {
        let monitor = Monitor::new();
        let call = |most, counter: &str| {
            let all = callers(connection.clone(), number, most, monitor.counter(counter));
            runtime.block_on(all)
        };
        let question = Question::of(what, holds).claimed("5x throughput", 5.0);
        lab.compare(
            question,
            [
                Form::fallible(forms[0], || call(1, "each")),
                Form::fallible(forms[1], || call(32, "batches")),
            ],
        )?;
        for (most, counter) in [(1, "once each"), (32, "once in batches")] {
            call(most, counter)?;
        }
        let snapshot = monitor.snapshot();
        let counted = ["once each", "once in batches"].map(|name| {
            snapshot
                .counter(name)
                .map_or(0, |counter| counter.lifetime.total)
        });
        lab.counted(question, forms, "transactions", Amounts::Count(counted))?;
    }
    Ok(())
}

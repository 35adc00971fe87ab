//! What is cached gets old. Fetched anew when its time is over, it lets a reader wait each time;
//! stale-while-revalidate answers with the old value at once, and fetches the new one meanwhile,
//! once for all who ask. After a change of one's own, only what it touches is dropped, not all.
//!
//! The knob: how much a change touches. To drop the four of ten queries that a change concerns
//! fetches 60 % less than to drop all ten, which is the claim; where it concerns all ten, nothing
//! is saved: choose the share, and any number comes out.
//!
//! In production, count fetches and how often a reader waited for one, and watch how old the
//! answers are: stale-while-revalidate without a limit serves yesterday's value to whoever comes
//! after a quiet night.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use perfkit::Counter;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

use crate::backpressure::mock_clock;
use crate::{Amounts, Error, Lab, Lesson, Question};

/// This lesson.
pub const LESSON: Lesson = Lesson {
    number: 3,
    name: "invalidation",
    title: "Stale values, and what is fetched again",
    source: include_str!("03_invalidation.rs"),
    measure,
};

/// How long a value is fresh, and how long it takes to fetch it.
const FRESH: Duration = Duration::from_millis(50);
const FETCH: Duration = Duration::from_millis(10);

/// A value, and when it was fetched.
type Fetched = (u64, Instant);

/// A cache of one value of a service that is somewhere else.
#[derive(Clone)]
pub struct Cached {
    values: Cache<(), Fetched>,
    fetching: Arc<Mutex<()>>,
    fetches: Counter,
}

impl Cached {
    /// Empty; the counter counts how often the value is fetched.
    #[must_use]
    pub fn new(fetches: Counter) -> Self {
        let (values, fetching) = (Cache::new(1), Arc::default());
        Self {
            values,
            fetching,
            fetches,
        }
    }

    /// Fetches the value, unless somebody else did while this one waited for its turn.
    async fn fetch(&self, seen: Option<Fetched>) -> u64 {
        let _turn = self.fetching.lock().await;
        match self.values.get(&()) {
            Some(known) if seen != Some(known) => known.0,
            _ => {
                sleep(FETCH).await;
                self.fetches.increment();
                let value = seen.map_or(1, |(value, _)| value + 1);
                self.values.insert((), (value, Instant::now()));
                value
            }
        }
    }

    /// Wrong where readers are in a hurry: whoever finds the value old waits for a new one.
    pub async fn when_expired(&self) -> u64 {
        match self.values.get(&()) {
            Some((value, fetched)) if fetched.elapsed() < FRESH => value,
            seen => self.fetch(seen).await,
        }
    }

    /// Right: an old value is good enough while one reader's task fetches the new one.
    pub async fn while_revalidating(&self) -> u64 {
        let seen @ Some((value, fetched)) = self.values.get(&()) else {
            return self.fetch(None).await;
        };
        if fetched.elapsed() >= FRESH && self.fetching.try_lock().is_ok() {
            let cached = self.clone();
            tokio::spawn(async move { cached.fetch(seen).await });
        }
        value
    }
}

/// How many of so many reads, one each millisecond, had to wait; readers do not wait for each
/// other.
pub async fn waits<F: Future<Output = u64> + Send + 'static>(
    reads: usize,
    read: impl Fn() -> F,
) -> u64 {
    let mut readers = Vec::new();
    for _ in 0..reads {
        let reading = read();
        readers.push(tokio::spawn(async {
            let start = Instant::now();
            reading.await;
            u64::from(!start.elapsed().is_zero())
        }));
        sleep(Duration::from_millis(1)).await;
    }
    let mut waited = 0;
    for reader in readers {
        waited += reader.await.unwrap_or_default();
    }
    waited
}

/// Ten queries on a page, which are fetched again once they are dropped from the cache.
pub struct Queries {
    cache: Cache<u32, String>,
    fetches: Counter,
}

impl Queries {
    /// A cache that counts what is fetched.
    #[must_use]
    pub fn new(fetches: Counter) -> Self {
        let cache = Cache::new(100);
        Self { cache, fetches }
    }

    /// Shows all of them.
    pub fn show(&self) -> Vec<String> {
        let fetch = |query| {
            self.fetches.increment();
            format!("answer {query}")
        };
        (0..10)
            .map(|query| self.cache.get_with(query, || fetch(query)))
            .collect()
    }

    /// Wrong: a change drops everything.
    pub fn drop_all(&self) {
        self.cache.invalidate_all();
    }

    /// Right: it drops what it touches.
    pub fn drop_touched(&self, touched: &BTreeSet<u32>) {
        touched
            .iter()
            .for_each(|query| self.cache.invalidate(query));
    }
}

fn measure(lab: &mut Lab) -> Result<(), Error> {
    let runtime = mock_clock()?;
    let count = |name: &str| lab.monitor.counter(&format!("{name}_fetches"));
    let [expired, stale] = [count("expired"), count("stale")].map(Cached::new);
    let waited = runtime.block_on(async {
        let expired = waits(1000, || {
            let cached = expired.clone();
            async move { cached.when_expired().await }
        });
        let stale = || {
            let cached = stale.clone();
            async move { cached.while_revalidating().await }
        };
        [expired.await, waits(1000, stale).await]
    });
    let pages = [(4, "some"), (10, "all")].map(|(touched, name)| {
        let pages = ["all", "touched"].map(|form| Queries::new(count(&format!("{name}_{form}"))));
        let touched: BTreeSet<u32> = (0..touched).collect();
        for _change in 0..100 {
            pages[0].drop_all();
            pages[1].drop_touched(&touched);
            pages.iter().for_each(|page| drop(page.show()));
        }
        pages
    });
    let snapshot = lab.monitor.snapshot();
    let total = |counter: &Counter| {
        let found = snapshot.counter(counter.name());
        found.map_or(0, |counter| counter.lifetime.total)
    };
    let reads = Question::of(
        "1000 reads, fresh for 50 ms",
        "an answer may be a little old",
    );
    let forms = ["fetched when expired", "stale, meanwhile"];
    lab.counted(reads, forms, "readers_that_waited", Amounts::Count(waited))?;
    let fetches = [total(&expired.fetches), total(&stale.fetches)];
    lab.counted(reads, forms, "fetches", Amounts::Count(fetches))?;
    for (pages, what, holds) in [
        (
            &pages[0],
            "a change touches 4 of 10 queries",
            "the share that a change does not touch",
        ),
        (
            &pages[1],
            "a change touches all 10 queries",
            "never: everything has changed",
        ),
    ] {
        let fetches = [total(&pages[0].fetches), total(&pages[1].fetches)];
        let question = Question::of(what, holds).claimed("60 % less refetching", 2.5);
        lab.counted(
            question,
            ["drop all", "drop touched"],
            "fetches",
            Amounts::Count(fetches),
        )?;
    }
    Ok(())
}

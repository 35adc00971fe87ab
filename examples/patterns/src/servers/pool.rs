//! Lesson 10 on PostgreSQL, where a connection is a process of the server and some round
//! trips: a pool, its sizes, and how long callers wait for one of its connections.

use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use futures_util::future::try_join_all;
use perfkit::MetricSummary;
use perfkit::unit::Unit;
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, sleep_until};
use tokio_postgres::{Config, NoTls};

use super::{Network, Postgres, Servers};
use crate::{Amounts, Error, Form, Lab, Question};

/// A program that asks a server which is so far away.
pub struct Callers {
    config: Config,
    runtime: Runtime,
    /// What lies between.
    pub network: Network,
}

impl Callers {
    /// None is connected yet.
    ///
    /// # Errors
    /// Those of the system.
    pub fn new(postgres: &Postgres, delay: Duration) -> Result<Self, Error> {
        let network = postgres.network(delay)?;
        Ok(Self {
            config: postgres.through(&network),
            runtime: Builder::new_current_thread().enable_all().build()?,
            network,
        })
    }

    /// A pool of at most so many connections. None of them is asked before it is lent again
    /// whether it still works, which would be one more round trip.
    ///
    /// # Errors
    /// There is no such pool.
    pub fn pool(&self, size: usize) -> Result<Pool, Error> {
        let recycling_method = RecyclingMethod::Fast;
        let settings = ManagerConfig { recycling_method };
        let manager = Manager::from_config(self.config.clone(), NoTls, settings);
        Ok(Pool::builder(manager).max_size(size).build()?)
    }

    /// Wrong: connects for each query.
    ///
    /// # Errors
    /// Those of the server.
    pub fn connect_each_time(&self) -> Result<i32, Error> {
        self.runtime.block_on(async {
            let (client, connection) = self.config.connect(NoTls).await?;
            let connection = tokio::spawn(connection);
            let answer = client.query_one(QUERY, &[]).await?.try_get(0)?;
            drop(client);
            connection.await??;
            Ok(answer)
        })
    }

    /// Right: takes a connection from the pool and gives it back.
    ///
    /// # Errors
    /// Those of the server.
    pub fn from_pool(&self, pool: &Pool) -> Result<i32, Error> {
        self.runtime.block_on(async {
            let client = pool.get().await?;
            Ok(client.query_one(QUERY, &[]).await?.try_get(0)?)
        })
    }

    /// Fifty queries arrive in such intervals, and each keeps its connection for 5 ms at
    /// least. Returns the 99th percentile of how long they waited for one.
    ///
    /// # Errors
    /// Those of the server.
    pub fn p99_wait(&self, pool: &Pool, interval: Duration) -> Result<Duration, Error> {
        let start = Instant::now();
        let one = |n: u32| async move {
            let arrives = start + interval * n;
            sleep_until(arrives).await;
            let asked = Instant::now();
            let client = pool.get().await?;
            let waited = asked.elapsed().as_nanos() as f64;
            client.execute("SELECT pg_sleep(0.005)", &[]).await?;
            Ok::<_, Error>(waited)
        };
        let waits = self.runtime.block_on(try_join_all((0..50).map(one)))?;
        let waits = MetricSummary::from_samples(Unit::Nanoseconds, waits);
        Ok(waits.percentile_duration(0.99).unwrap_or_default())
    }

    /// Connects all of a pool, so that no query waits for that.
    fn fill(&self, pool: &Pool, size: usize) -> Result<(), Error> {
        self.runtime
            .block_on(try_join_all((0..size).map(|_| pool.get())))?;
        Ok(())
    }
}

const QUERY: &str = "SELECT 7";

/// How often queries come, and when a larger pool does not help.
const RATES: [(&str, Duration, &str); 3] = [
    (
        "p99 wait, 100 queries/s",
        Duration::from_millis(10),
        "hardly: one connection is enough for 100 queries of 5 ms a second",
    ),
    (
        "p99 wait, 333 queries/s",
        Duration::from_millis(3),
        "one connection serves less than 200 a second, and its queue grows",
    ),
    (
        "p99 wait, 1000 queries/s",
        Duration::from_millis(1),
        "four connections serve less than 800 a second; and the server has to keep up",
    ),
];

pub(super) fn measure(lab: &mut Lab, servers: &Servers) -> Result<(), Error> {
    let Some(postgres) = &servers.postgres else {
        return Ok(());
    };
    for (what, delay) in [
        ("a query", Duration::ZERO),
        ("a query, a network away", servers.delay),
    ] {
        let callers = Callers::new(postgres, delay)?;
        let pool = callers.pool(4)?;
        let holds = "to connect is a process of the server and some round trips more";
        lab.compare(
            Question::of(what, holds)
                .claimed("50 % less latency", 2.0)
                .on("PostgreSQL"),
            [
                Form::fallible("connecting each time", || callers.connect_each_time()),
                Form::fallible("a pool", || callers.from_pool(&pool)),
            ],
        )?;
    }
    for (what, interval, holds) in RATES {
        let callers = Callers::new(postgres, Duration::ZERO)?;
        let sizes = [
            ("1 connection", 1),
            ("4 connections", 4),
            ("16 connections", 16),
        ];
        let mut pools = Vec::new();
        for (name, size) in sizes {
            let pool = callers.pool(size)?;
            callers.fill(&pool, size)?;
            pools.push((name, pool));
        }
        let form = |n: usize| {
            let (name, pool) = &pools[n];
            Form::of_time(name, || callers.p99_wait(pool, interval))
        };
        lab.compare(
            Question::of(what, holds).on("PostgreSQL"),
            [0, 1, 2].map(form),
        )?;
    }
    let made = |ask: &dyn Fn(&Callers) -> Result<(), Error>| {
        let callers = Callers::new(postgres, Network::COUNTED)?;
        ask(&callers)?;
        Ok::<_, Error>(callers.network.connections())
    };
    let each = made(&|callers| (0..100).try_for_each(|_| callers.connect_each_time().map(drop)))?;
    let pooled = made(&|callers| {
        let pool = callers.pool(4)?;
        (0..100).try_for_each(|_| callers.from_pool(&pool).map(drop))
    })?;
    let holds = "always: the pool makes as many as are in use at once";
    lab.counted(
        Question::of("100 queries in turn", holds).on("PostgreSQL"),
        ["connecting each time", "a pool"],
        "connections",
        Amounts::Count([each, pooled]),
    )
}

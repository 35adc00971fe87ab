//! Lesson 5 on PostgreSQL: bulk inserts by one statement for each row, in one transaction, in
//! one statement with many rows, from arrays by `unnest`, and by `COPY`.

use std::fmt::Write as _;
use std::io::Cursor;
use std::pin::pin;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::SinkExt as _;
use tokio_postgres::Statement;
use tokio_postgres::types::ToSql;

use super::{Network, Postgres, Servers, Session};
use crate::bulk_writes::Price;
use crate::{Amounts, Error, Form, Lab, Question};

/// A table of prices in a schema of its own, which goes with this value.
pub struct Shop {
    session: Session,
    schema: String,
    insert: Statement,
    unnest: Statement,
}

impl Shop {
    /// An empty table, on a server that is so far away.
    ///
    /// # Errors
    /// Those of the server.
    pub fn new(postgres: &Postgres, delay: Duration) -> Result<Self, Error> {
        let session = postgres.session(delay)?;
        let client = &session.client;
        // Of its own, also where several processes use one server.
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
        let schema = format!("perfkit_lesson_{}_{now}", std::process::id());
        let (insert, unnest) = session.runtime.block_on(async {
            client
                .batch_execute(&format!(
                    "CREATE SCHEMA {schema}; SET search_path = {schema};
                     CREATE TABLE products (id bigint PRIMARY KEY, price bigint NOT NULL)"
                ))
                .await?;
            tokio::try_join!(
                client.prepare("INSERT INTO products VALUES ($1, $2)"),
                client.prepare(
                    "INSERT INTO products SELECT * FROM unnest($1::bigint[], $2::bigint[])"
                ),
            )
        })?;
        Ok(Self {
            session,
            schema,
            insert,
            unnest,
        })
    }

    /// Takes all rows away.
    ///
    /// # Errors
    /// Those of the server.
    pub fn empty(&self) -> Result<(), Error> {
        self.run("TRUNCATE products")
    }

    /// All rows, by their numbers.
    ///
    /// # Errors
    /// Those of the server.
    pub fn rows(&self) -> Result<Vec<Price>, Error> {
        let Session {
            client, runtime, ..
        } = &self.session;
        let rows = client.query("SELECT id, price FROM products ORDER BY id", &[]);
        let rows = runtime.block_on(rows)?;
        let price = |row: tokio_postgres::Row| Ok((row.try_get(0)?, row.try_get(1)?));
        rows.into_iter().map(price).collect()
    }

    /// How many round trips a way to write takes.
    ///
    /// # Errors
    /// Those of the server.
    pub fn round_trips(&self, write: Write, prices: &[Price]) -> Result<u64, Error> {
        let before = self.session.network.round_trips();
        write(self, prices)?;
        Ok(self.session.network.round_trips() - before)
    }

    /// Wrong: a statement and a transaction for each row.
    ///
    /// # Errors
    /// Those of the server.
    pub fn one_by_one(&self, prices: &[Price]) -> Result<(), Error> {
        self.session.runtime.block_on(async {
            for (id, price) in prices {
                let client = &self.session.client;
                client.execute(&self.insert, &[id, price]).await?;
            }
            Ok(())
        })
    }

    /// One transaction for all rows.
    ///
    /// # Errors
    /// Those of the server.
    pub fn one_transaction(&self, prices: &[Price]) -> Result<(), Error> {
        self.run("BEGIN")?;
        self.one_by_one(prices)?;
        self.run("COMMIT")
    }

    /// Right: one statement for all rows, which the server has to read anew for each number of
    /// rows.
    ///
    /// # Errors
    /// Those of the server.
    pub fn multi_row(&self, prices: &[Price]) -> Result<(), Error> {
        let places = (0..prices.len()).map(|n| format!("(${}, ${})", 2 * n + 1, 2 * n + 2));
        let places = places.collect::<Vec<_>>().join(", ");
        let insert = format!("INSERT INTO products VALUES {places}");
        let values = prices.iter().flat_map(|(id, price)| [id, price]);
        let values: Vec<&(dyn ToSql + Sync)> = values.map(|value| value as _).collect();
        let Session {
            client, runtime, ..
        } = &self.session;
        runtime.block_on(client.execute(&insert, &values))?;
        Ok(())
    }

    /// Right: one statement with an array for each column, the same for any number of rows.
    ///
    /// # Errors
    /// Those of the server.
    pub fn unnest(&self, prices: &[Price]) -> Result<(), Error> {
        let (ids, prices): (Vec<i64>, Vec<i64>) = prices.iter().copied().unzip();
        let Session {
            client, runtime, ..
        } = &self.session;
        runtime.block_on(client.execute(&self.unnest, &[&ids, &prices]))?;
        Ok(())
    }

    /// Right: a stream of rows without a statement for them.
    ///
    /// # Errors
    /// Those of the server.
    pub fn copy(&self, prices: &[Price]) -> Result<(), Error> {
        let mut rows = String::new();
        for (id, price) in prices {
            writeln!(rows, "{id}\t{price}")?;
        }
        let Session {
            client, runtime, ..
        } = &self.session;
        runtime.block_on(async {
            let mut sink = pin!(client.copy_in("COPY products FROM STDIN").await?);
            sink.send(Cursor::new(rows.into_bytes())).await?;
            sink.finish().await?;
            Ok(())
        })
    }

    fn run(&self, statement: &str) -> Result<(), Error> {
        let Session {
            client, runtime, ..
        } = &self.session;
        Ok(runtime.block_on(client.batch_execute(statement))?)
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        // A server that is gone has lost the table, or keeps it: nothing to be done here.
        let _ = self.run(&format!("ROLLBACK; DROP SCHEMA {} CASCADE", self.schema));
    }
}

/// A way to insert prices.
pub type Write = fn(&Shop, &[Price]) -> Result<(), Error>;

/// The ways to insert, the wrong one first.
pub const INSERTS: [(&str, Write); 5] = [
    ("one by one", Shop::one_by_one),
    ("one transaction", Shop::one_transaction),
    ("multi-row", Shop::multi_row),
    ("unnest", Shop::unnest),
    ("COPY", Shop::copy),
];

pub(super) fn measure(lab: &mut Lab, servers: &Servers) -> Result<(), Error> {
    let Some(postgres) = &servers.postgres else {
        return Ok(());
    };
    let prices = crate::bulk_writes::prices(100, 0);
    let holds = "each row waits for the disk and for a round trip; in one transaction, still \
                 for a round trip";
    for (what, delay) in [
        ("100 rows", Duration::ZERO),
        ("100 rows, a network away", servers.delay),
    ] {
        let shop = Shop::new(postgres, delay)?;
        let form = |(name, write): (&'static str, Write)| {
            let (shop, prices) = (&shop, &prices);
            Form::with_input(name, || shop.empty(), move |()| write(shop, prices))
        };
        let question = Question::of(what, holds).claimed("5x", 5.0);
        lab.compare(question.on("PostgreSQL"), INSERTS.map(form))?;
    }
    let shop = Shop::new(postgres, Network::COUNTED)?;
    let [(wrong, first), others @ ..] = INSERTS;
    let most = shop.round_trips(first, &prices)?;
    for (right, write) in others {
        shop.empty()?;
        let fewer = shop.round_trips(write, &prices)?;
        let holds = "always, but for the transaction, which needs two more";
        lab.counted(
            Question::of("inserts of 100 rows", holds).on("PostgreSQL"),
            [wrong, right],
            "round_trips",
            Amounts::Count([most, fewer]),
        )?;
    }
    Ok(())
}

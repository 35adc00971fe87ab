//! Lesson 5 on PostgreSQL: bulk inserts by one statement for each row, in one transaction, in
//! one statement with many rows, from arrays by `unnest`, and by `COPY`; and bulk updates.

use std::fmt::Write as _;
use std::io::Cursor;
use std::pin::pin;
use std::time::Duration;

use futures_util::SinkExt as _;
use tokio_postgres::Statement;
use tokio_postgres::types::ToSql;

use super::{Network, Postgres, Schema, Servers, Session};
use crate::bulk_writes::Price;
use crate::{Amounts, Error, Form, Lab, Question};

/// A table of prices in a schema of its own, which goes with this value.
pub struct Shop {
    schema: Schema,
    insert: Statement,
    unnest: Statement,
    update: Statement,
}

impl Shop {
    /// An empty table, on a server that is so far away.
    ///
    /// # Errors
    /// Those of the server.
    pub fn new(postgres: &Postgres, delay: Duration) -> Result<Self, Error> {
        let schema = Schema::new(
            postgres,
            delay,
            "CREATE TABLE products (id bigint PRIMARY KEY, price bigint NOT NULL)",
        )?;
        let insert = schema.prepare("INSERT INTO products VALUES ($1, $2)")?;
        let unnest = schema
            .prepare("INSERT INTO products SELECT * FROM unnest($1::bigint[], $2::bigint[])")?;
        let update = schema.prepare("UPDATE products SET price = $2 WHERE id = $1")?;
        Ok(Self {
            schema,
            insert,
            unnest,
            update,
        })
    }

    /// Takes all rows away.
    ///
    /// # Errors
    /// Those of the server.
    pub fn empty(&self) -> Result<(), Error> {
        self.schema.run("TRUNCATE products")
    }

    /// All rows, by their numbers.
    ///
    /// # Errors
    /// Those of the server.
    pub fn rows(&self) -> Result<Vec<Price>, Error> {
        let Session {
            client, runtime, ..
        } = &self.schema.session;
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
        let before = self.schema.session.network.round_trips();
        write(self, prices)?;
        Ok(self.schema.session.network.round_trips() - before)
    }

    /// Wrong: a statement and a transaction for each row.
    ///
    /// # Errors
    /// Those of the server.
    pub fn one_by_one(&self, prices: &[Price]) -> Result<(), Error> {
        self.each(&self.insert, prices)
    }

    fn each(&self, statement: &Statement, prices: &[Price]) -> Result<(), Error> {
        self.schema.session.runtime.block_on(async {
            for (id, price) in prices {
                let client = &self.schema.session.client;
                client.execute(statement, &[id, price]).await?;
            }
            Ok(())
        })
    }

    /// Wrong: a statement for each new price, in one transaction at least.
    ///
    /// # Errors
    /// Those of the server.
    pub fn update_each(&self, prices: &[Price]) -> Result<(), Error> {
        self.schema.run("BEGIN")?;
        self.each(&self.update, prices)?;
        self.schema.run("COMMIT")
    }

    /// One statement, which goes through all cases for each row.
    ///
    /// # Errors
    /// Those of the server.
    pub fn update_by_case(&self, prices: &[Price]) -> Result<(), Error> {
        let mut cases = String::new();
        for (id, price) in prices {
            write!(cases, " WHEN {id} THEN {price}")?;
        }
        let ids: Vec<String> = prices.iter().map(|(id, _)| id.to_string()).collect();
        let ids = ids.join(", ");
        self.schema.run(&format!(
            "UPDATE products SET price = CASE id{cases} ELSE price END WHERE id IN ({ids})"
        ))
    }

    /// Right: one statement, which finds each row by its key.
    ///
    /// # Errors
    /// Those of the server.
    pub fn update_by_values(&self, prices: &[Price]) -> Result<(), Error> {
        let row = |(id, price): &Price| format!("({id}, {price})");
        let rows: Vec<String> = prices.iter().map(row).collect();
        let rows = rows.join(", ");
        self.schema.run(&format!(
            "UPDATE products SET price = new.price FROM (VALUES {rows}) AS new (id, price)
             WHERE products.id = new.id"
        ))
    }

    /// One transaction for all rows.
    ///
    /// # Errors
    /// Those of the server.
    pub fn one_transaction(&self, prices: &[Price]) -> Result<(), Error> {
        self.schema.run("BEGIN")?;
        self.one_by_one(prices)?;
        self.schema.run("COMMIT")
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
        } = &self.schema.session;
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
        } = &self.schema.session;
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
        } = &self.schema.session;
        runtime.block_on(async {
            let mut sink = pin!(client.copy_in("COPY products FROM STDIN").await?);
            sink.send(Cursor::new(rows.into_bytes())).await?;
            sink.finish().await?;
            Ok(())
        })
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

/// The ways to update, the wrong one first.
pub const UPDATES: [(&str, Write); 3] = [
    ("one by one", Shop::update_each),
    ("CASE", Shop::update_by_case),
    ("VALUES", Shop::update_by_values),
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
    updates(lab, postgres, servers.delay)
}

fn updates(lab: &mut Lab, postgres: &Postgres, delay: Duration) -> Result<(), Error> {
    let changed = crate::bulk_writes::prices(100, 1);
    let holds = "each statement has a round trip of its own; CASE goes through all cases for \
                 each row";
    for (what, delay) in [
        ("100 new prices in 10,000 rows", Duration::ZERO),
        ("100 new prices, a network away", delay),
    ] {
        let shop = Shop::new(postgres, delay)?;
        shop.copy(&crate::bulk_writes::prices(10_000, 0))?;
        shop.schema.run("VACUUM ANALYZE products")?;
        let form = |(name, update): (&'static str, Write)| {
            let (shop, changed) = (&shop, &changed);
            Form::fallible(name, move || update(shop, changed))
        };
        lab.compare(
            Question::of(what, holds).on("PostgreSQL"),
            UPDATES.map(form),
        )?;
    }
    Ok(())
}

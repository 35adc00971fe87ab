//! Lesson 8 on PostgreSQL: indexes beside what they take on the disk.

use std::time::Duration;

use tokio_postgres::{Row, Statement};

use super::{Postgres, Schema, Servers};
use crate::indexes::Index;
use crate::{Amounts, Error, Form, Lab, Question};

/// A table of orders with an index, as in SQLite: one order in a hundred is open.
pub struct Orders {
    schema: Schema,
    open_of: Statement,
    orders: u32,
}

impl Orders {
    /// So many orders of a hundred customers.
    ///
    /// # Errors
    /// Those of the server.
    pub fn new(postgres: &Postgres, orders: u32, index: Index) -> Result<Self, Error> {
        let create = index.create();
        let tables = format!(
            "CREATE TABLE orders (id integer PRIMARY KEY, customer integer NOT NULL,
                 day integer NOT NULL, state text NOT NULL, note text NOT NULL);
             INSERT INTO orders SELECT i, i / 100 % 100, i,
                 CASE WHEN i % 100 = 0 THEN 'open' ELSE 'sent' END, repeat('n', 80)
                 FROM generate_series(0, {orders} - 1) i;
             {create}"
        );
        let schema = Schema::new(postgres, Duration::ZERO, &tables)?;
        // Not within a transaction, as the statements above are.
        schema.run("VACUUM ANALYZE orders")?;
        let open_of = schema
            .prepare("SELECT id FROM orders WHERE state = 'open' AND customer = $1 ORDER BY day")?;
        Ok(Self {
            schema,
            open_of,
            orders,
        })
    }

    /// The numbers of a customer's open orders.
    ///
    /// # Errors
    /// Those of the server.
    pub fn open_of(&self, customer: i32) -> Result<Vec<i32>, Error> {
        let rows = self.schema.query(&self.open_of, &[&customer])?;
        let number = |row: &Row| Ok(row.try_get(0)?);
        rows.iter().map(number).collect()
    }

    /// How many bytes the index takes.
    ///
    /// # Errors
    /// Those of the server: there is no index.
    pub fn index_bytes(&self) -> Result<u64, Error> {
        self.schema.bytes("orders_index")
    }

    /// Writes a thousand orders that are no longer open, in one transaction that is taken back.
    ///
    /// # Errors
    /// Those of the server.
    pub fn write_sent(&self) -> Result<(), Error> {
        let first = self.orders;
        // Customers in no order, as they come.
        self.schema.run(&format!(
            "BEGIN; INSERT INTO orders SELECT i, i::bigint * 7919 % 100, i, 'sent', 'a note'
                 FROM generate_series({first}, {first} + 999) i; ROLLBACK"
        ))
    }
}

const ALL: [Index; 4] = [Index::None, Index::Full, Index::Partial, Index::Composite];

pub(super) fn measure(lab: &mut Lab, servers: &Servers) -> Result<(), Error> {
    let Some(postgres) = &servers.postgres else {
        return Ok(());
    };
    let rows = if lab.is_quick() { 2_000 } else { 100_000 };
    let mut tables = Vec::new();
    for index in ALL {
        tables.push((index, Orders::new(postgres, rows, index)?));
    }
    let find = |n: usize| {
        let (index, orders) = &tables[n];
        Form::fallible(index.name(), || orders.open_of(7))
    };
    let [_, full, partial, composite] = [0, 1, 2, 3];
    let reading = Question::of(
        "a customer's open orders",
        "the condition leaves few of many rows",
    );
    lab.compare(
        reading.on("PostgreSQL"),
        [0, full, partial, composite].map(find),
    )?;
    for (other, what, holds) in [
        (
            full,
            "beside a full index",
            "the full index leads to all that is open, the partial one to the customer's",
        ),
        (
            composite,
            "beside a composite index",
            "never in time: both lead to the same rows; the partial one is smaller",
        ),
    ] {
        let question = Question::of(what, holds).on("PostgreSQL");
        let claimed = question.claimed("30-40 % less time", 1.43);
        lab.compare(claimed, [other, partial].map(find))?;
        let names = [other, partial].map(|n| tables[n].0.name());
        let sizes = [
            tables[other].1.index_bytes()?,
            tables[partial].1.index_bytes()?,
        ];
        let size = Question::of(what, "few rows meet the condition").on("PostgreSQL");
        lab.counted(size, names, "index_size", Amounts::Bytes(sizes))?;
    }
    let write = |n: usize| {
        let (index, orders) = &tables[n];
        Form::fallible(index.name(), || orders.write_sent())
    };
    let writing = Question::of(
        "1000 orders not open",
        "never: a write has one more copy to keep, but for a partial index that it is not in",
    );
    lab.compare(
        writing.on("PostgreSQL"),
        [0, full, partial, composite].map(write),
    )
}

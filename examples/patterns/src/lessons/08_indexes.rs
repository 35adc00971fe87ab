//! An index is a sorted copy of a few columns: the database reads the rows that are meant in
//! place of all rows, and each write has one more copy to keep. A partial index has the rows of
//! a condition alone, a composite one several columns in the order in which they are asked for.
//! Both gain by fitting the query, not by being an index.
//!
//! The knob: how many rows the condition leaves. Where it leaves all of them, a partial index is a
//! full one, and an index on a column of two values is slower than reading the table.
//!
//! In production, watch what an index costs (its size, each write) beside what it saves, and
//! drop those that no plan uses: see the next lesson. A planner takes an index by statistics,
//! so run `ANALYZE` after the data has changed.

use rusqlite::{Connection, StatementStatus};

use crate::{Amounts, Database, Error, Form, Lab, Lesson, Question};

/// This lesson.
pub const LESSON: Lesson = Lesson {
    number: 8,
    name: "indexes",
    title: "Indexes: none, full, partial, composite",
    source: include_str!("08_indexes.rs"),
    measure,
};

/// An index, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Index {
    /// The table is read.
    None,
    /// Of all rows, by their state.
    Full,
    /// Of open orders alone, by customer and day.
    Partial,
    /// Of all rows, by state, customer and day.
    Composite,
}

impl Index {
    /// What it is called in a report.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "no index",
            Self::Full => "a full index",
            Self::Partial => "a partial index",
            Self::Composite => "a composite index",
        }
    }

    /// The statement that makes it, which is the same for SQLite and PostgreSQL.
    #[must_use]
    pub const fn create(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Full => "CREATE INDEX orders_index ON orders (state);",
            Self::Partial => {
                "CREATE INDEX orders_index ON orders (customer, day) WHERE state = 'open';"
            }
            Self::Composite => "CREATE INDEX orders_index ON orders (state, customer, day);",
        }
    }
}

/// A table of orders with an index. One order in a hundred is open, or each one is.
pub struct Orders {
    database: Database,
    orders: u64,
}

impl Orders {
    /// So many orders of a hundred customers.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn new(orders: u64, index: Index, all_open: bool) -> Result<Self, Error> {
        let open = if all_open { 1 } else { 100 };
        let create = index.create();
        let database = Database::new(&format!(
            "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER NOT NULL,
                 day INTEGER NOT NULL, state TEXT NOT NULL, note TEXT NOT NULL);
             WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {orders} - 1)
             INSERT INTO orders SELECT i, i / {open} % 100, i,
                 iif(i % {open} = 0, 'open', 'sent'), printf('%.80c', 'n') FROM n;
             {create}
             ANALYZE;"
        ))?;
        Ok(Self { database, orders })
    }

    /// The numbers of a customer's open orders, and how many rows of the table were gone
    /// through without an index for them.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn open_of(&self, customer: u64) -> Result<(Vec<i64>, u64), Error> {
        let mut query = self.connection().prepare_cached(
            "SELECT id FROM orders WHERE state = 'open' AND customer = ? ORDER BY day",
        )?;
        let found = query.query_map([customer], |row| row.get(0))?;
        let found = found.collect::<Result<_, _>>()?;
        let scanned = query.reset_status(StatementStatus::FullscanStep);
        Ok((found, u64::try_from(scanned)?))
    }

    /// How many bytes the index takes.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn index_bytes(&self) -> Result<u64, Error> {
        const SIZE: &str =
            "SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE name = 'orders_index'";
        Ok(self.connection().query_one(SIZE, [], |row| row.get(0))?)
    }

    /// Writes a thousand orders that are no longer open, in one transaction that is taken back.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn write_sent(&self) -> Result<usize, Error> {
        let transaction = self.connection().unchecked_transaction()?;
        let mut insert = transaction.prepare_cached("INSERT INTO orders VALUES (?, ?, ?, ?, ?)")?;
        let mut written = 0;
        for id in self.orders..self.orders + 1000 {
            // Customers in no order, as they come.
            let customer = id * 7919 % 100;
            written += insert.execute((id, customer, id, "sent", "a note"))?;
        }
        drop(insert);
        transaction.rollback()?;
        Ok(written)
    }

    fn connection(&self) -> &Connection {
        &self.database.connection
    }
}

/// The indexes that lead to rows.
pub const WITH: [Index; 3] = [Index::Full, Index::Partial, Index::Composite];

fn measure(lab: &mut Lab) -> Result<(), Error> {
    lab.engine("SQLite", rusqlite::version());
    let rows = if lab.is_quick() { 2_000 } else { 100_000 };
    let with = |index| Orders::new(rows, index, false);
    let none = with(Index::None)?;
    let [full, partial, composite] = WITH.map(with);
    let (full, partial, composite) = (full?, partial?, composite?);
    let reading = Question::of(
        "a customer's open orders of 1 %",
        "the condition leaves few of many rows",
    );
    lab.compare(
        reading,
        [
            find(Index::None, &none),
            find(Index::Full, &full),
            find(Index::Partial, &partial),
            find(Index::Composite, &composite),
        ],
    )?;
    for (what, (index, orders), holds) in [
        (
            "beside a full index of the state alone",
            (Index::Full, &full),
            "the full index leads to all that is open, the partial one to the customer's",
        ),
        (
            "beside a composite index",
            (Index::Composite, &composite),
            "never in time: both lead to the same rows; the partial one is smaller",
        ),
    ] {
        let question = Question::of(what, holds).claimed("30-40 % less time", 1.43);
        let forms = [find(index, orders), find(Index::Partial, &partial)];
        lab.compare(question, forms)?;
        let sizes = Amounts::Bytes([orders.index_bytes()?, partial.index_bytes()?]);
        let names = [index.name(), Index::Partial.name()];
        let question = Question::of(what, "few rows meet the condition");
        lab.counted(question, names, "index_size", sizes)?;
    }
    let writing = Question::of(
        "a thousand orders that are not open",
        "never: a write has one more copy to keep, but for a partial index that it is not in",
    );
    lab.compare(
        writing,
        [
            write(Index::None, &none),
            write(Index::Full, &full),
            write(Index::Partial, &partial),
            write(Index::Composite, &composite),
        ],
    )?;
    drop((none, full, partial, composite));
    let [full, partial] = [Index::Full, Index::Partial].map(|i| Orders::new(rows, i, true));
    let (full, partial) = (full?, partial?);
    let names = [Index::Full.name(), Index::Partial.name()];
    let sizes = [full.index_bytes()?, partial.index_bytes()?];
    let size = Question::of(
        "where all rows are open",
        "never: a partial index of all rows is a full one of its columns",
    );
    lab.counted(size, names, "index_size", Amounts::Bytes(sizes))
}

fn find(index: Index, orders: &Orders) -> Form<'_> {
    Form::fallible(index.name(), || orders.open_of(7))
}

fn write(index: Index, orders: &Orders) -> Form<'_> {
    Form::fallible(index.name(), || orders.write_sent())
}

//! A write has a cost of its own beside that of its rows: a transaction that must reach the
//! disk, a statement that is sent and run. Many rows in one transaction share the first, rows of
//! one statement the second too. A bulk update gives all new values in one statement, as a
//! table of `VALUES` to join with; a long `CASE` does the same and is gone through for each row.
//!
//! The knob: what reaching the disk costs. With `synchronous = normal` and a journal that is
//! written ahead, a transaction does not wait for the disk, and the gain is what is left; a
//! battery-backed or a network disk lies between.
//!
//! In production, watch rows and transactions per second apart (`perfkit::counter` for each).
//! Bound a batch: it is lost as a whole, it keeps others waiting for the lock, and
//! statements have a largest number of parameters (32,766 in SQLite, 65,535 in PostgreSQL).

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use crate::{Amounts, Database, Error, Form, Lab, Lesson, Question};

/// This lesson.
pub const LESSON: Lesson = Lesson {
    number: 5,
    name: "bulk_writes",
    title: "Bulk inserts and bulk updates",
    source: include_str!("05_bulk_writes.rs"),
    measure,
};

/// A product's number and its price in cents.
pub type Price = (i64, i64);

/// An empty table of prices. Each transaction waits for the disk, or none does.
///
/// # Errors
/// Those of SQLite.
pub fn shop(waits_for_disk: bool) -> Result<Database, Error> {
    let shop =
        Database::new("CREATE TABLE products (id INTEGER PRIMARY KEY, price INTEGER NOT NULL);")?;
    if waits_for_disk {
        shop.connection.execute_batch("PRAGMA synchronous = full")?;
    }
    Ok(shop)
}

/// So many prices, which are others for each `seed`.
#[must_use]
pub fn prices(number: i64, seed: i64) -> Vec<Price> {
    (0..number).map(|id| (id, id * 7 + seed)).collect()
}

/// Wrong: a statement and a transaction for each row.
///
/// # Errors
/// Those of SQLite.
pub fn one_by_one(shop: &Connection, prices: &[Price]) -> Result<(), Error> {
    let mut insert = shop.prepare_cached("INSERT INTO products VALUES (?, ?)")?;
    for price in prices {
        insert.execute(*price)?;
    }
    Ok(())
}

/// Right: one transaction for all rows.
///
/// # Errors
/// Those of SQLite.
pub fn one_transaction(shop: &Connection, prices: &[Price]) -> Result<(), Error> {
    let transaction = shop.unchecked_transaction()?;
    one_by_one(shop, prices)?;
    Ok(transaction.commit()?)
}

/// Right: one statement for all rows, and so one transaction.
///
/// # Errors
/// Those of SQLite.
pub fn multi_row(shop: &Connection, prices: &[Price]) -> Result<(), Error> {
    let rows = vec!["(?, ?)"; prices.len()].join(", ");
    let insert = format!("INSERT INTO products VALUES {rows}");
    let parameters = prices.iter().flat_map(|(id, price)| [id, price]);
    shop.prepare_cached(&insert)?
        .execute(params_from_iter(parameters))?;
    Ok(())
}

/// Wrong: a statement for each row, in one transaction at least.
///
/// # Errors
/// Those of SQLite.
pub fn update_each(shop: &Connection, prices: &[Price]) -> Result<(), Error> {
    let transaction = shop.unchecked_transaction()?;
    let mut update = shop.prepare_cached("UPDATE products SET price = ? WHERE id = ?")?;
    for (id, price) in prices {
        update.execute((price, id))?;
    }
    Ok(transaction.commit()?)
}

/// One statement, which goes through all cases for each row.
///
/// # Errors
/// Those of SQLite.
pub fn update_by_case(shop: &Connection, prices: &[Price]) -> Result<(), Error> {
    let cases = "WHEN ? THEN ? ".repeat(prices.len());
    let ids = vec!["?"; prices.len()].join(", ");
    let update =
        format!("UPDATE products SET price = CASE id {cases} ELSE price END WHERE id IN ({ids})");
    let pairs = prices.iter().flat_map(|(id, price)| [id, price]);
    let parameters = pairs.chain(prices.iter().map(|(id, _)| id));
    shop.prepare_cached(&update)?
        .execute(params_from_iter(parameters))?;
    Ok(())
}

/// One statement, which finds each row by its key.
///
/// # Errors
/// Those of SQLite.
pub fn update_by_values(shop: &Connection, prices: &[Price]) -> Result<(), Error> {
    let rows = vec!["(?, ?)"; prices.len()].join(", ");
    let update = format!(
        "UPDATE products SET price = new.column2 FROM (VALUES {rows}) AS new \
         WHERE products.id = new.column1"
    );
    let parameters = prices.iter().flat_map(|(id, price)| [id, price]);
    let parameters = parameters.map(|number| Value::from(*number));
    shop.prepare_cached(&update)?
        .execute(params_from_iter(parameters))?;
    Ok(())
}

type Write = fn(&Connection, &[Price]) -> Result<(), Error>;

/// The ways to insert, the wrong one first.
pub const INSERTS: [(&str, Write); 3] = [
    ("one by one", one_by_one),
    ("one transaction", one_transaction),
    ("multi-row", multi_row),
];

/// The ways to update, the wrong one first.
pub const UPDATES: [(&str, Write); 3] = [
    ("one by one", update_each),
    ("CASE", update_by_case),
    ("VALUES", update_by_values),
];

fn measure(lab: &mut Lab) -> Result<(), Error> {
    lab.engine("SQLite", rusqlite::version());
    let prices = prices(50, 0);
    for (what, waits, holds) in [
        (
            "50 rows that are on the disk",
            true,
            "each transaction waits for the disk: as many times as there are rows, at most",
        ),
        (
            "50 rows, written ahead",
            false,
            "there is still a transaction each to save; by far not what the disk takes",
        ),
    ] {
        let shop = shop(waits)?;
        let shop = &shop.connection;
        let prices = &prices;
        let form = |(name, write): (&'static str, Write)| {
            let empty = || Ok(shop.execute("DELETE FROM products", [])?);
            Form::with_input(name, empty, move |_| write(shop, prices))
        };
        lab.compare(
            Question::of(what, holds).claimed("5x", 5.0),
            INSERTS.map(form),
        )?;
    }
    updates(lab)
}

fn updates(lab: &mut Lab) -> Result<(), Error> {
    let mut shop = shop(false)?;
    let stock = prices(10_000, 0);
    one_transaction(&shop.connection, &stock)?;
    let changed = prices(1000, 1);
    let question = Question::of(
        "1000 new prices in 10,000 rows",
        "a statement has a round trip to save, which it has not within the process; CASE goes \
         through all cases for each row",
    );
    let connection = &shop.connection;
    let form = |(name, update): (&'static str, Write)| {
        let changed = &changed;
        Form::fallible(name, move || update(connection, changed))
    };
    lab.compare(question, UPDATES.map(form))?;
    let [(wrong, first), case, values] = UPDATES;
    let (_, most) = shop.traffic(|shop| first(shop, &changed))?;
    for (right, update) in [case, values] {
        let (_, fewer) = shop.traffic(|shop| update(shop, &changed))?;
        let statements = Amounts::Count([most.statements, fewer.statements]);
        lab.counted(question, [wrong, right], "statements", statements)?;
    }
    Ok(())
}

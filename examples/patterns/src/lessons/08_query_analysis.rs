//! Whether a query is quick is not in its text: the same words read one row or all of them,
//! by the indexes and the data. The database says it: `EXPLAIN QUERY PLAN` names what is
//! scanned, which index leads to the rows and what is sorted, and `ANALYZE` says how many rows
//! an index finds for a value. An index that is in no plan of a program's queries is of no use.
//!
//! The knob: the data. Where nearly all rows have the value that is asked for, the plan and
//! its estimate look as before, and the actual rows tell how far off it is.
//!
//! In production, watch the slowest queries (`perfkit::measure` under the query's name), and
//! look at the plan of those with the real data: PostgreSQL's `EXPLAIN ANALYZE` runs it and counts
//! actual rows beside the estimate, and `pg_stat_user_indexes` how often an index was used.
//! Three rules of the text do hold: a pattern that begins with a wildcard, `SELECT *`, and
//! `ORDER BY random()`.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension as _};

use crate::{Amounts, Database, Error, Form, Lab, Lesson, Question};

/// This lesson.
pub const LESSON: Lesson = Lesson {
    number: 8,
    name: "query_analysis",
    title: "Plans in place of guesses",
    source: include_str!("08_query_analysis.rs"),
    measure,
};

/// What the database says of a query before it runs, and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Tables of which all rows are read, whether in an index or not.
    pub scanned: Vec<String>,
    /// Indexes that are used.
    pub indexes: BTreeSet<String>,
    /// Whether rows are sorted because no index has them in order.
    pub sorts: bool,
    /// How many rows the database expects of a search in its index, from its statistics.
    pub estimated_rows: Option<u64>,
    /// How many rows the query returns.
    pub actual_rows: u64,
}

impl Plan {
    /// Explains a query without parameters, and runs it.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn of(connection: &Connection, query: &str) -> Result<Self, Error> {
        let mut plan = Self::default();
        let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {query}"))?;
        let details = explain.query_map([], |row| row.get::<_, String>(3))?;
        for detail in details {
            plan.add(connection, &detail?)?;
        }
        let mut rows = connection.prepare(query)?;
        let mut rows = rows.query([])?;
        while rows.next()?.is_some() {
            plan.actual_rows += 1;
        }
        Ok(plan)
    }

    /// Reads a line such as `SEARCH people USING INDEX people_city (city=?)`.
    fn add(&mut self, connection: &Connection, detail: &str) -> Result<(), Error> {
        let mut words = detail.split(' ');
        let (first, table) = (words.next(), words.next().unwrap_or_default());
        match first {
            Some("SCAN") => self.scanned.push(table.to_owned()),
            Some("USE") => self.sorts |= detail.ends_with("ORDER BY"),
            _ => {}
        }
        let index = detail.split_once("INDEX ").map(|(_, after)| after);
        let Some(index) = index.and_then(|after| after.split(' ').next()) else {
            return Ok(());
        };
        if first == Some("SEARCH") {
            let columns = detail.matches("=?").count();
            self.estimated_rows = rows_for_a_value(connection, index, columns)?;
        }
        self.indexes.insert(index.to_owned());
        Ok(())
    }

    /// What to do about it, in the order of its weight.
    #[must_use]
    pub fn suggestions(&self) -> Vec<String> {
        let mut suggestions = Vec::new();
        for table in &self.scanned {
            suggestions.push(format!(
                "all of `{table}` is read: an index on what the condition compares"
            ));
        }
        if self.sorts {
            suggestions.push("rows are sorted: an index in their order".to_owned());
        }
        let estimated = self.estimated_rows.unwrap_or(self.actual_rows);
        if self.actual_rows > 10 * estimated {
            suggestions.push(format!(
                "{} rows in place of some {estimated}: run ANALYZE; or this value is a common one, \
                 or two conditions say the same",
                self.actual_rows
            ));
        }
        suggestions
    }
}

/// What `ANALYZE` has found of an index: rows for one value of its first columns.
fn rows_for_a_value(
    connection: &Connection,
    index: &str,
    columns: usize,
) -> Result<Option<u64>, Error> {
    const STATISTICS: &str = "SELECT stat FROM sqlite_stat1 WHERE idx = ?";
    // There is no such table before the first ANALYZE.
    if !connection.table_exists(None, "sqlite_stat1")? {
        return Ok(None);
    }
    let found = connection.query_row(STATISTICS, [index], |row| row.get::<_, String>(0));
    let found = found.optional()?.unwrap_or_default();
    let rows = found.split(' ').nth(columns);
    Ok(rows.and_then(|rows| rows.parse().ok()))
}

/// Indexes that none of a program's queries uses.
///
/// # Errors
/// Those of SQLite.
pub fn unused_indexes(connection: &Connection, queries: &[&str]) -> Result<Vec<String>, Error> {
    let mut used = BTreeSet::new();
    for query in queries {
        used.extend(Plan::of(connection, query)?.indexes);
    }
    // Those that SQLite makes by itself, for `UNIQUE`, are not to be dropped.
    const ALL: &str = "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL";
    let mut all = connection.prepare(ALL)?;
    let all = all.query_map([], |row| row.get(0))?;
    let mut unused: Vec<String> = all.collect::<Result<_, _>>()?;
    unused.retain(|index| !used.contains(index));
    Ok(unused)
}

/// The rules that hold whatever the data.
#[must_use]
pub fn rules_of_text(query: &str) -> Vec<&'static str> {
    let query = query.to_ascii_lowercase();
    let query = query.split_whitespace().collect::<Vec<_>>().join(" ");
    let rules = [
        (
            "like '%",
            "a pattern that begins with a wildcard finds no place in an index",
        ),
        ("select *", "`SELECT *` reads columns that nobody asked for"),
        (
            "order by random()",
            "`ORDER BY random()` reads and sorts all rows",
        ),
    ];
    let broken = rules.iter().filter(|(text, _)| query.contains(text));
    broken.map(|(_, rule)| *rule).collect()
}

/// People of whom one in a hundred lives in each small town, and half in a city.
///
/// # Errors
/// Those of SQLite.
pub fn people(people: u64) -> Result<Database, Error> {
    Database::new(&format!(
        "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT NOT NULL,
             born INTEGER NOT NULL);
         WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {people} - 1)
         INSERT INTO people SELECT i, 'name ' || i,
             iif(i % 2, 'city', 'town ' || (i / 2 % 50)), 1900 + i % 100 FROM n;
         CREATE INDEX people_by_city ON people (city);
         CREATE INDEX people_by_birth ON people (born);
         ANALYZE;"
    ))
}

/// A query as it was written, and as its plan says that it should be.
pub const QUERIES: [&str; 2] = [
    "SELECT id FROM people WHERE upper(city) = 'TOWN 7' ORDER BY id",
    "SELECT id FROM people WHERE city = 'town 7' ORDER BY id",
];

fn measure(lab: &mut Lab) -> Result<(), Error> {
    lab.engine("SQLite", rusqlite::version());
    let people = people(if lab.is_quick() { 2_000 } else { 100_000 })?;
    let connection = &people.connection;
    let question = Question::of(
        "the people of a town",
        "the plan shows a scan, and the condition can be put so that an index serves it",
    );
    let forms = ["a function of the column", "the column itself"];
    let all = |query: &'static str| {
        move || {
            let mut rows = connection.prepare_cached(query)?;
            let rows = rows.query_map([], |row| row.get::<_, i64>(0))?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?)
        }
    };
    let [wrong, right] = QUERIES.map(all);
    lab.compare(
        question,
        [
            Form::fallible(forms[0], wrong),
            Form::fallible(forms[1], right),
        ],
    )?;
    let mut scans = [0; 2];
    for (scans, query) in scans.iter_mut().zip(QUERIES) {
        *scans = Plan::of(connection, query)?.scanned.len() as u64;
    }
    lab.counted(question, forms, "tables_scanned", Amounts::Count(scans))
}

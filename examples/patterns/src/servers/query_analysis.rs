//! Lesson 8 on PostgreSQL: `EXPLAIN ANALYZE` runs a query and says of each step how many rows were
//! expected and how many came, and the server's statistics say which index nobody has used.

use std::time::Duration;

use serde::Deserialize;

use super::{Postgres, Schema, Servers};
use crate::query_analysis::{Plan, QUERIES};
use crate::{Amounts, Error, Form, Lab, Question};

/// People as in SQLite, whose towns have a code each, so that to know the one is to know the
/// other.
pub struct People {
    schema: Schema,
}

/// A step of a plan, as `EXPLAIN (ANALYZE, FORMAT JSON)` has it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Step {
    #[serde(rename = "Node Type")]
    node: String,
    #[serde(rename = "Relation Name")]
    relation: Option<String>,
    #[serde(rename = "Index Name")]
    index: Option<String>,
    #[serde(rename = "Plan Rows")]
    expected: f64,
    /// For each loop, and so with digits after the point in newer versions.
    #[serde(rename = "Actual Rows")]
    rows: f64,
    #[serde(rename = "Actual Loops")]
    loops: f64,
    #[serde(default)]
    plans: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Explained {
    plan: Step,
}

/// A query whose two conditions say the same.
pub const TOWN_AND_CODE: &str = "SELECT id FROM people WHERE city = 'town 7' AND code = 7";

impl People {
    /// So many people.
    ///
    /// # Errors
    /// Those of the server.
    pub fn new(postgres: &Postgres, people: u32) -> Result<Self, Error> {
        let tables = format!(
            "CREATE TABLE people (id integer PRIMARY KEY, name text NOT NULL, city text NOT NULL,
                 code integer NOT NULL, born integer NOT NULL);
             INSERT INTO people SELECT i, 'name ' || i,
                 CASE WHEN i % 2 = 1 THEN 'city' ELSE 'town ' || (i / 2 % 50) END,
                 CASE WHEN i % 2 = 1 THEN 100 ELSE i / 2 % 50 END, 1900 + i % 100
                 FROM generate_series(0, {people} - 1) i;
             CREATE INDEX people_by_city ON people (city);
             CREATE INDEX people_by_birth ON people (born);"
        );
        let schema = Schema::new(postgres, Duration::ZERO, &tables)?;
        schema.run("VACUUM ANALYZE people")?;
        Ok(Self { schema })
    }

    /// Runs a query, and says what the server did and what it had expected.
    ///
    /// # Errors
    /// Those of the server.
    pub fn plan(&self, query: &str) -> Result<Plan, Error> {
        let explain = format!("EXPLAIN (ANALYZE, FORMAT JSON) {query}");
        let json = self.schema.texts(&explain)?.concat();
        let [Explained { plan: top }] = serde_json::from_str(&json)?;
        let mut plan = Plan {
            estimated_rows: Some(top.expected as u64),
            actual_rows: (top.rows * top.loops) as u64,
            ..Plan::default()
        };
        let mut steps = vec![top];
        while let Some(step) = steps.pop() {
            plan.sorts |= step.node.ends_with("Sort");
            plan.indexes.extend(step.index);
            if step.node == "Seq Scan" {
                plan.scanned.extend(step.relation);
            }
            steps.extend(step.plans);
        }
        Ok(plan)
    }

    /// The numbers that a query finds.
    ///
    /// # Errors
    /// Those of the server.
    pub fn found(&self, query: &str) -> Result<Vec<String>, Error> {
        self.schema.texts(query)
    }

    /// Says that to know the town is to know its code, and counts anew.
    ///
    /// # Errors
    /// Those of the server.
    pub fn say_that_codes_are_of_towns(&self) -> Result<(), Error> {
        self.schema
            .run("CREATE STATISTICS towns (dependencies) ON city, code FROM people; ANALYZE people")
    }

    /// Indexes that no query has used since the statistics began, but for those that keep
    /// rows unique, and how many bytes each takes.
    ///
    /// # Errors
    /// Those of the server, which has to be PostgreSQL 15 or later.
    pub fn unused_indexes(&self) -> Result<Vec<(String, u64)>, Error> {
        // What this connection did is told once a second, or when it is asked for.
        self.schema.texts("SELECT pg_stat_force_next_flush()")?;
        let names = self.schema.texts(&format!(
            "SELECT indexrelname FROM pg_stat_user_indexes JOIN pg_index USING (indexrelid)
             WHERE schemaname = '{}' AND idx_scan = 0 AND NOT indisunique ORDER BY 1",
            self.schema.name
        ))?;
        let size = |name: String| self.schema.bytes(&name).map(|bytes| (name, bytes));
        names.into_iter().map(size).collect()
    }
}

pub(super) fn measure(lab: &mut Lab, servers: &Servers) -> Result<(), Error> {
    let Some(postgres) = &servers.postgres else {
        return Ok(());
    };
    let people = People::new(postgres, if lab.is_quick() { 2_000 } else { 100_000 })?;
    let question = Question::of(
        "the people of a town",
        "the plan shows a scan, and the condition can be put so that an index serves it",
    );
    let question = question.on("PostgreSQL");
    let forms = ["a function of the column", "the column itself"];
    let [wrong, right] = QUERIES;
    lab.compare(
        question,
        [
            Form::fallible(forms[0], || people.found(wrong)),
            Form::fallible(forms[1], || people.found(right)),
        ],
    )?;
    let scans = [people.plan(wrong)?, people.plan(right)?];
    let scans = scans.map(|plan| plan.scanned.len() as u64);
    lab.counted(question, forms, "tables_scanned", Amounts::Count(scans))?;
    let guessed = people.plan(TOWN_AND_CODE)?;
    people.say_that_codes_are_of_towns()?;
    let known = people.plan(TOWN_AND_CODE)?;
    let question = Question::of(
        "a town and its code",
        "two conditions say the same, which a planner takes for two by chance",
    );
    let off = [guessed, known].map(|plan| {
        let expected = plan.estimated_rows.unwrap_or_default();
        plan.actual_rows.abs_diff(expected)
    });
    lab.counted(
        question.on("PostgreSQL"),
        ["each column's statistics", "CREATE STATISTICS"],
        "rows_misjudged",
        Amounts::Count(off),
    )?;
    let unused = people.unused_indexes()?;
    let unused: u64 = unused.iter().map(|(_, bytes)| bytes).sum();
    let all = ["people_by_birth", "people_by_city"].map(|index| people.schema.bytes(index));
    let all = all.into_iter().sum::<Result<u64, Error>>()?;
    let question = Question::of(
        "the indexes",
        "some are in no plan: each write pays for them too",
    );
    lab.counted(
        question.on("PostgreSQL"),
        ["all of them", "those that were used"],
        "index_size",
        Amounts::Bytes([all, all - unused.min(all)]),
    )
}

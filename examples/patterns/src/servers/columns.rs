//! Lesson 11 on PostgreSQL, where what is not needed has to come from another process, and
//! perhaps over a network.

use std::time::Duration;

use tokio_postgres::Statement;

use super::{Postgres, Schema, Servers};
use crate::{Amounts, Error, Form, Lab, Question};

/// Articles of which each tenth is published, with a text that nobody asks for here.
pub struct Articles {
    schema: Schema,
    reads: [Statement; 3],
}

/// What is asked for, the wrong form first.
pub const QUERIES: [(&str, &str); 3] = [
    ("all rows", "SELECT * FROM articles ORDER BY id"),
    (
        "all columns",
        "SELECT * FROM articles WHERE published ORDER BY id",
    ),
    (
        "what is needed",
        "SELECT title, published FROM articles WHERE published ORDER BY id",
    ),
];

impl Articles {
    /// A thousand articles with texts of so many bytes, on a server that is so far away.
    ///
    /// # Errors
    /// Those of the server.
    pub fn new(postgres: &Postgres, text: u32, delay: Duration) -> Result<Self, Error> {
        // Real texts hardly get as small as these would, packed.
        let tables = format!(
            "CREATE TABLE articles (id integer PRIMARY KEY, title text NOT NULL,
                 published boolean NOT NULL, text text NOT NULL);
             ALTER TABLE articles ALTER COLUMN text SET STORAGE EXTERNAL;
             INSERT INTO articles SELECT i, 'article ' || i, i % 10 = 0, repeat('t', {text})
                 FROM generate_series(1, 1000) i;
             ANALYZE articles"
        );
        let schema = Schema::new(postgres, delay, &tables)?;
        let [rows, columns, needed] = QUERIES.map(|(_, query)| schema.prepare(query));
        let reads = [rows?, columns?, needed?];
        Ok(Self { schema, reads })
    }

    /// Titles of the published articles by one of the queries, and how many bytes of rows came
    /// for them.
    ///
    /// # Errors
    /// Those of the server.
    pub fn titles(&self, query: usize) -> Result<(Vec<String>, u64), Error> {
        let read = self.reads.get(query).ok_or("there is no such query")?;
        let rows = self.schema.query(read, &[])?;
        let bytes = rows.iter().map(|row| row.raw_size_bytes() as u64).sum();
        let mut titles = Vec::new();
        for row in rows {
            if row.try_get("published")? {
                titles.push(row.try_get("title")?);
            }
        }
        Ok((titles, bytes))
    }
}

pub(super) fn measure(lab: &mut Lab, servers: &Servers) -> Result<(), Error> {
    let Some(postgres) = &servers.postgres else {
        return Ok(());
    };
    for (what, text, delay, holds) in [
        (
            "100 of 1000 rows of 4 KB",
            4000,
            Duration::ZERO,
            "the rest is wide, or most rows are not needed",
        ),
        (
            "100 of 1000, a network away",
            4000,
            servers.delay,
            "less where the way takes long and not the bytes: all of them are one round trip",
        ),
        (
            "100 of 1000 rows of 20 B",
            4,
            Duration::ZERO,
            "for rows that are not needed; narrow columns cost next to nothing",
        ),
    ] {
        let articles = Articles::new(postgres, text, delay)?;
        let articles = &articles;
        let question = Question::of(what, holds).on("PostgreSQL");
        let form = |n: usize| Form::fallible(QUERIES[n].0, move || articles.titles(n));
        lab.compare(question, [0, 1, 2].map(form))?;
        let most = articles.titles(0)?.1;
        for (n, (right, _)) in QUERIES.iter().enumerate().skip(1) {
            let bytes = Amounts::Bytes([most, articles.titles(n)?.1]);
            lab.counted(question, [QUERIES[0].0, right], "bytes_read", bytes)?;
        }
    }
    Ok(())
}

//! The database can leave out what a program does not need: rows by `WHERE`, columns by naming
//! them. What comes all the same is read from the disk, copied, sent and made into values, to be
//! thrown away. So name the columns, and filter and count where the data is.
//!
//! The knob: how wide the rest is. Beside a column of 4 KB two narrow ones are a small part of a
//! row; where all columns are narrow, naming them saves next to nothing.
//!
//! In production, watch bytes and rows that come back for each request (`perfkit::counter` with
//! its unit). A `SELECT *` in a hurry becomes slow months later, when somebody adds a
//! column to the table. An index on all that is asked for saves reading the table too.

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use crate::{Amounts, Database, Error, Form, Lab, Lesson, Question};

/// This lesson.
pub const LESSON: Lesson = Lesson {
    number: 11,
    name: "columns",
    title: "Columns and rows that are needed, and no others",
    source: include_str!("11_columns.rs"),
    measure,
};

/// Articles of which one in ten is published, each with a text of so many bytes.
///
/// # Errors
/// Those of SQLite.
pub fn articles(articles: u32, text: u32) -> Result<Database, Error> {
    Database::new(&format!(
        "CREATE TABLE articles (id INTEGER PRIMARY KEY, title TEXT NOT NULL,
             published INTEGER NOT NULL, text TEXT NOT NULL);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {articles})
         INSERT INTO articles SELECT i, 'article ' || i, i % 10 = 0,
             printf('%.{text}c', 't') FROM n;"
    ))
}

/// Titles of the published articles, and how many bytes of values came from the database.
pub type Titles = (Vec<String>, u64);

/// Wrong: everything comes, and the program picks.
///
/// # Errors
/// Those of SQLite.
pub fn all_rows(articles: &Connection) -> Result<Titles, Error> {
    read(articles, "SELECT * FROM articles ORDER BY id")
}

/// Better: the database picks the rows, of which all columns come.
///
/// # Errors
/// Those of SQLite.
pub fn all_columns(articles: &Connection) -> Result<Titles, Error> {
    read(
        articles,
        "SELECT * FROM articles WHERE published ORDER BY id",
    )
}

/// Right: what is needed comes.
///
/// # Errors
/// Those of SQLite.
pub fn needed(articles: &Connection) -> Result<Titles, Error> {
    read(
        articles,
        "SELECT title, published FROM articles WHERE published ORDER BY id",
    )
}

/// Reads rows as programs do that map them to a struct: every value of each.
fn read(articles: &Connection, query: &str) -> Result<Titles, Error> {
    let mut query = articles.prepare_cached(query)?;
    let (title, published) = (
        query.column_index("title")?,
        query.column_index("published")?,
    );
    let columns = query.column_count();
    let mut rows = query.query([])?;
    let (mut titles, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let mut article = Vec::with_capacity(columns);
        for column in 0..columns {
            let value = row.get_ref(column)?;
            bytes += match value {
                ValueRef::Text(text) | ValueRef::Blob(text) => text.len() as u64,
                ValueRef::Integer(_) | ValueRef::Real(_) => 8,
                ValueRef::Null => 0,
            };
            article.push(rusqlite::types::Value::try_from(value)?);
        }
        if row.get(published)? {
            titles.push(row.get(title)?);
        }
    }
    Ok((titles, bytes))
}

/// Wrong: all rows come to be counted.
///
/// # Errors
/// Those of SQLite.
pub fn count_here(articles: &Connection) -> Result<usize, Error> {
    let mut query = articles.prepare_cached("SELECT published FROM articles")?;
    let rows = query.query_map([], |row| row.get::<_, bool>(0))?;
    let published = rows.filter(|row| !matches!(row, Ok(false)));
    Ok(published.collect::<Result<Vec<_>, _>>()?.len())
}

/// Right: a number comes.
///
/// # Errors
/// Those of SQLite.
pub fn count_there(articles: &Connection) -> Result<usize, Error> {
    let mut query = articles.prepare_cached("SELECT count(*) FROM articles WHERE published")?;
    Ok(query.query_one([], |row| row.get(0))?)
}

type Read = fn(&Connection) -> Result<Titles, Error>;

/// The forms, the wrong one first.
pub const FORMS: [(&str, Read); 3] = [
    ("all rows", all_rows),
    ("all columns", all_columns),
    ("what is needed", needed),
];

fn measure(lab: &mut Lab) -> Result<(), Error> {
    lab.engine("SQLite", rusqlite::version());
    let wide = articles(1000, 4000)?;
    let narrow = articles(1000, 4)?;
    for (what, articles, holds) in [
        (
            "100 of 1000 rows, a text of 4 KB",
            &wide,
            "the rest is wide, or most rows are not needed",
        ),
        (
            "100 of 1000 rows, a text of 4 bytes",
            &narrow,
            "for rows that are not needed; narrow columns cost next to nothing",
        ),
    ] {
        let articles = &articles.connection;
        let question = Question::of(what, holds);
        let form =
            |(name, read): (&'static str, Read)| Form::fallible(name, move || read(articles));
        lab.compare(question, FORMS.map(form))?;
        let [(wrong, first), others @ ..] = FORMS;
        let most = first(articles)?.1;
        for (right, read) in others {
            let bytes = Amounts::Bytes([most, read(articles)?.1]);
            lab.counted(question, [wrong, right], "bytes_read", bytes)?;
        }
    }
    let articles = &narrow.connection;
    lab.compare(
        Question::of(
            "how many are published",
            "there is a number to find, not rows",
        ),
        [
            Form::fallible("counted in the program", || count_here(articles)),
            Form::fallible("counted in the database", || count_there(articles)),
        ],
    )
}

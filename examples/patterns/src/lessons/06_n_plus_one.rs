//! A list of n things and a query for what belongs to each are n + 1 queries, and each is a
//! round trip. One query for all of them, by `= ANY`, a join or a window function, is one or
//! two. The gain is about the number of round trips, where these are what takes the time.
//!
//! The knob: the time of a round trip. A database within the process has none, and then
//! what counts is how many rows each form reads: a query for each author that stops after
//! three rows beats one that reads the posts of all.
//!
//! In production, watch how many queries a request makes (`perfkit::counter` beside the
//! request's own measurement): n + 1 shows as a number that grows with the data. And watch how many
//! rows come back: a join repeats the author in each row, and without `ROW_NUMBER` all posts
//! come along to keep three of each.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::types::Value;

use crate::{Amounts, Database, Error, Form, Lab, Lesson, Question};

/// This lesson.
pub const LESSON: Lesson = Lesson {
    number: 6,
    name: "n_plus_one",
    title: "One query instead of n + 1",
    source: include_str!("06_n_plus_one.rs"),
    measure,
};

/// A database of authors who have written twenty posts each.
///
/// # Errors
/// Those of SQLite.
pub fn blog(authors: u64) -> Result<Database, Error> {
    let blog = Database::new(
        "CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
         CREATE TABLE posts (author INTEGER NOT NULL, day INTEGER NOT NULL, title TEXT NOT NULL);
         CREATE INDEX posts_by_author ON posts (author, day DESC, title);",
    )?;
    blog.connection.execute_batch(&format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {authors})
         INSERT INTO authors SELECT i, 'author ' || i FROM n;
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20)
         INSERT INTO posts SELECT id, i, 'post ' || i || ' of ' || id FROM authors, n;"
    ))?;
    Ok(blog)
}

/// The latest three titles of each author, by the author's name.
pub type Latest = BTreeMap<String, Vec<String>>;

/// A database that is so far away: each query waits for its answer.
#[derive(Clone, Copy)]
pub struct Distance(pub Duration);

impl Distance {
    fn travel(self) {
        if !self.0.is_zero() {
            std::thread::sleep(self.0);
        }
    }

    /// Wrong: a query for the authors, and one more for each of them.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn one_by_one(self, blog: &Connection) -> Result<Latest, Error> {
        const POSTS: &str = "SELECT title FROM posts WHERE author = ? ORDER BY day DESC LIMIT 3";
        let mut latest = Latest::new();
        let mut posts = blog.prepare_cached(POSTS)?;
        for (id, name) in self.authors(blog)? {
            self.travel();
            let titles = posts.query_map([id], |row| row.get(0))?;
            latest.insert(name, titles.collect::<Result<_, _>>()?);
        }
        Ok(latest)
    }

    /// Right: one more query for all authors. All their posts come, and three are kept.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn any(self, blog: &Connection) -> Result<Latest, Error> {
        const POSTS: &str = "SELECT author, title FROM posts WHERE author IN rarray(?) \
                             ORDER BY author, day DESC";
        let authors = self.authors(blog)?;
        let ids = Rc::new(
            authors
                .keys()
                .map(|id| Value::from(*id))
                .collect::<Vec<_>>(),
        );
        let mut posts = blog.prepare_cached(POSTS)?;
        self.travel();
        let rows = posts.query_map([ids], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?)))?;
        let mut latest = Latest::new();
        for row in rows {
            let (author, title) = row?;
            if let Some(name) = authors.get(&author) {
                keep_three(&mut latest, name, title);
            }
        }
        Ok(latest)
    }

    /// Right: a single query. All posts come, each with the name of its author.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn join(self, blog: &Connection) -> Result<Latest, Error> {
        self.one_query(
            blog,
            "SELECT name, title FROM authors JOIN posts ON author = id \
             ORDER BY id, day DESC",
        )
    }

    /// Right, and no row too many: the database numbers the posts of each author.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn window(self, blog: &Connection) -> Result<Latest, Error> {
        self.one_query(
            blog,
            "SELECT name, title FROM authors JOIN (SELECT author, title, ROW_NUMBER() OVER \
             (PARTITION BY author ORDER BY day DESC) AS place FROM posts) ON author = id \
             WHERE place <= 3 ORDER BY id, place",
        )
    }

    fn authors(self, blog: &Connection) -> Result<BTreeMap<i64, String>, Error> {
        self.travel();
        let mut authors = blog.prepare_cached("SELECT id, name FROM authors")?;
        let rows = authors.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn one_query(self, blog: &Connection, query: &str) -> Result<Latest, Error> {
        self.travel();
        let mut query = blog.prepare_cached(query)?;
        let rows = query.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
        let mut latest = Latest::new();
        for row in rows {
            let (name, title) = row?;
            keep_three(&mut latest, &name, title);
        }
        Ok(latest)
    }
}

pub(crate) fn keep_three(latest: &mut Latest, author: &str, title: String) {
    match latest.get_mut(author) {
        Some(titles) if titles.len() < 3 => titles.push(title),
        Some(_) => {}
        None => {
            latest.insert(author.to_owned(), vec![title]);
        }
    }
}

type Ask = fn(Distance, &Connection) -> Result<Latest, Error>;

const FORMS: [(&str, Ask); 4] = [
    ("one by one", Distance::one_by_one),
    ("= ANY", Distance::any),
    ("join", Distance::join),
    ("ROW_NUMBER", Distance::window),
];

fn measure(lab: &mut Lab) -> Result<(), Error> {
    lab.engine("SQLite", rusqlite::version());
    let mut blog = blog(100)?;
    let here = Distance(Duration::ZERO);
    let (wrong, first) = FORMS[0];
    let (_, most) = blog.traffic(|blog| first(here, blog))?;
    for (right, ask) in &FORMS[1..] {
        let (_, fewer) = blog.traffic(|blog| ask(here, blog))?;
        for (metric, amounts, holds) in [
            (
                "queries",
                [most.statements, fewer.statements],
                "always: one or two instead of n + 1",
            ),
            (
                "rows",
                [most.rows, fewer.rows],
                "for ROW_NUMBER, and for no other: the rest is read to be thrown away",
            ),
        ] {
            let question = Question::of("posts of 100 authors", holds);
            lab.counted(question, [wrong, right], metric, Amounts::Count(amounts))?;
        }
    }
    for (what, distance, holds) in [
        (
            "100 authors, 0.2 ms away",
            Duration::from_micros(200),
            "round trips take the time: at most as many times as there are fewer of them",
        ),
        (
            "100 authors, in the process",
            Duration::ZERO,
            "never for what reads more rows than it needs: there is no round trip to save",
        ),
    ] {
        let blog = &blog.connection;
        let form = |(name, ask): (&'static str, Ask)| {
            Form::fallible(name, move || ask(Distance(distance), blog))
        };
        lab.compare(Question::of(what, holds), FORMS.map(form))?;
    }
    Ok(())
}

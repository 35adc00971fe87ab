//! Lesson 6 on PostgreSQL: one query instead of n + 1, where each is a real round trip.
//!
//! Pipelined, the n queries are sent without waiting for answers: they stay n queries, and
//! their round trips become one.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio_postgres::Statement;

use super::postgres::{Postgres, Session};
use super::{Network, Servers};
use crate::n_plus_one::{Latest, keep_three};
use crate::{Amounts, Error, Form, Lab, Question};

/// A blog whose tables are gone with the connection, and its queries, prepared.
pub struct Blog {
    session: Session,
    authors: Statement,
    posts: Statement,
    any: Statement,
    join: Statement,
    window: Statement,
}

impl Blog {
    /// So many authors with twenty posts each, on a server that is so far away.
    ///
    /// # Errors
    /// Those of the server.
    pub fn new(postgres: &Postgres, authors: u32, delay: Duration) -> Result<Self, Error> {
        let session = postgres.session(delay)?;
        let client = &session.client;
        let tables = format!(
            "CREATE TEMP TABLE authors (id integer PRIMARY KEY, name text NOT NULL);
             CREATE TEMP TABLE posts
                 (author integer NOT NULL, day integer NOT NULL, title text NOT NULL);
             INSERT INTO authors SELECT i, 'author ' || i FROM generate_series(1, {authors}) i;
             INSERT INTO posts SELECT id, day, 'post ' || day || ' of ' || id
                 FROM authors, generate_series(1, 20) day;
             CREATE INDEX posts_by_author ON posts (author, day DESC) INCLUDE (title);
             ANALYZE authors; ANALYZE posts;"
        );
        let (authors, posts, any, join, window) = session.runtime.block_on(async {
            client.batch_execute(&tables).await?;
            tokio::try_join!(
                client.prepare("SELECT id, name FROM authors"),
                client
                    .prepare("SELECT title FROM posts WHERE author = $1 ORDER BY day DESC LIMIT 3"),
                client.prepare(
                    "SELECT author, title FROM posts WHERE author = ANY($1) \
                     ORDER BY author, day DESC"
                ),
                client.prepare(
                    "SELECT name, title FROM authors JOIN posts ON author = id \
                     ORDER BY id, day DESC"
                ),
                client.prepare(
                    "SELECT name, title FROM authors JOIN (SELECT author, title, ROW_NUMBER() OVER \
                     (PARTITION BY author ORDER BY day DESC) AS place FROM posts) AS of_author \
                     ON author = id WHERE place <= 3 ORDER BY id, place"
                ),
            )
        })?;
        Ok(Self {
            session,
            authors,
            posts,
            any,
            join,
            window,
        })
    }

    /// Wrong: a query for the authors, and one more for each of them, when the one before it
    /// has been answered.
    ///
    /// # Errors
    /// Those of the server.
    pub fn one_by_one(&self) -> Result<Latest, Error> {
        self.session.runtime.block_on(async {
            let mut latest = Latest::new();
            for (id, name) in self.authors().await? {
                latest.insert(name, self.posts_of(id).await?);
            }
            Ok(latest)
        })
    }

    /// The same queries, all sent before the first is answered.
    ///
    /// # Errors
    /// Those of the server.
    pub fn pipelined(&self) -> Result<Latest, Error> {
        self.session.runtime.block_on(async {
            let posts = self.authors().await?.into_iter();
            let posts = posts
                .map(|(id, name)| async move { Ok::<_, Error>((name, self.posts_of(id).await?)) });
            Ok(try_join_all(posts).await?.into_iter().collect())
        })
    }

    /// Right: one more query for all authors. All their posts come, and three are kept.
    ///
    /// # Errors
    /// Those of the server.
    pub fn any(&self) -> Result<Latest, Error> {
        let Session {
            client, runtime, ..
        } = &self.session;
        runtime.block_on(async {
            let authors = self.authors().await?;
            let ids: Vec<i32> = authors.keys().copied().collect();
            let mut latest = Latest::new();
            for row in client.query(&self.any, &[&ids]).await? {
                if let Some(name) = authors.get(&row.try_get(0)?) {
                    keep_three(&mut latest, name, row.try_get(1)?);
                }
            }
            Ok(latest)
        })
    }

    /// Right: a single query. All posts come, each with the name of its author.
    ///
    /// # Errors
    /// Those of the server.
    pub fn join(&self) -> Result<Latest, Error> {
        self.one_query(&self.join)
    }

    /// Right: a single query that numbers the posts of each author, and leaves out all but three.
    ///
    /// # Errors
    /// Those of the server.
    pub fn window(&self) -> Result<Latest, Error> {
        self.one_query(&self.window)
    }

    fn one_query(&self, query: &Statement) -> Result<Latest, Error> {
        let Session {
            client, runtime, ..
        } = &self.session;
        let mut latest = Latest::new();
        for row in runtime.block_on(client.query(query, &[]))? {
            keep_three(&mut latest, row.try_get(0)?, row.try_get(1)?);
        }
        Ok(latest)
    }

    /// What a form finds, and how many round trips that takes.
    ///
    /// # Errors
    /// Those of the form.
    pub fn round_trips(&self, form: Ask) -> Result<(Latest, u64), Error> {
        let before = self.session.network.round_trips();
        let latest = form(self)?;
        Ok((latest, self.session.network.round_trips() - before))
    }

    async fn authors(&self) -> Result<BTreeMap<i32, String>, Error> {
        let rows = self.session.client.query(&self.authors, &[]).await?;
        let author = |row: tokio_postgres::Row| Ok((row.try_get(0)?, row.try_get(1)?));
        rows.into_iter().map(author).collect()
    }

    async fn posts_of(&self, author: i32) -> Result<Vec<String>, Error> {
        let rows = self.session.client.query(&self.posts, &[&author]).await?;
        let titles = rows.iter().map(|row| row.try_get(0));
        Ok(titles.collect::<Result<_, _>>()?)
    }
}

/// A way to ask for the latest posts.
pub type Ask = fn(&Blog) -> Result<Latest, Error>;

/// The forms, the wrong one first.
pub const FORMS: [(&str, Ask); 5] = [
    ("one by one", Blog::one_by_one),
    ("pipelined", Blog::pipelined),
    ("= ANY", Blog::any),
    ("join", Blog::join),
    ("ROW_NUMBER", Blog::window),
];

pub(super) fn measure(lab: &mut Lab, servers: &Servers) -> Result<(), Error> {
    let Some(postgres) = &servers.postgres else {
        return Ok(());
    };
    for (what, delay, holds) in [
        (
            "100 authors",
            Duration::ZERO,
            "a round trip is a switch between processes even on one machine",
        ),
        (
            "100 authors, a network away",
            servers.delay,
            "round trips take the time: at most as many times as there are fewer of them",
        ),
    ] {
        let blog = Blog::new(postgres, 100, delay)?;
        let blog = &blog;
        let form = |(name, ask): (&'static str, Ask)| Form::fallible(name, move || ask(blog));
        lab.compare(Question::of(what, holds).on("PostgreSQL"), FORMS.map(form))?;
    }
    let blog = Blog::new(postgres, 100, Network::COUNTED)?;
    let (wrong, first) = FORMS[0];
    let (_, most) = blog.round_trips(first)?;
    for (right, ask) in &FORMS[1..] {
        let (_, fewer) = blog.round_trips(*ask)?;
        let question = Question::of(
            "posts of 100 authors",
            "always; pipelining keeps the queries and saves their waits",
        );
        lab.counted(
            question.on("PostgreSQL"),
            [wrong, right],
            "round_trips",
            Amounts::Count([most, fewer]),
        )?;
    }
    Ok(())
}

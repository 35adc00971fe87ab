//! Tables on PostgreSQL that are nobody else's.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, SimpleQueryMessage, Statement};

use super::postgres::{Postgres, Session};
use crate::lesson::Error;

/// A schema of its own with some tables, which goes with this value.
pub struct Schema {
    /// Sees the schema's tables alone.
    pub session: Session,
    /// What the schema is called.
    pub name: String,
}

impl Schema {
    /// Makes these tables, on a server that is so far away.
    ///
    /// # Errors
    /// Those of the server.
    pub fn new(postgres: &Postgres, delay: Duration, tables: &str) -> Result<Self, Error> {
        let session = postgres.session(delay)?;
        // Of its own, also where several processes use one server.
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
        let name = format!("perfkit_lesson_{}_{now}", std::process::id());
        let schema = Self { session, name };
        let name = &schema.name;
        schema.run(&format!("CREATE SCHEMA {name}; SET search_path = {name}"))?;
        schema.run(tables)?;
        Ok(schema)
    }

    /// Runs statements without parameters.
    ///
    /// # Errors
    /// Those of the server.
    pub fn run(&self, statements: &str) -> Result<(), Error> {
        let Session {
            client, runtime, ..
        } = &self.session;
        Ok(runtime.block_on(client.batch_execute(statements))?)
    }

    /// Has a statement read, and planned when it is run.
    ///
    /// # Errors
    /// Those of the server.
    pub fn prepare(&self, statement: &str) -> Result<Statement, Error> {
        let Session {
            client, runtime, ..
        } = &self.session;
        Ok(runtime.block_on(client.prepare(statement))?)
    }

    /// Runs a statement that was prepared.
    ///
    /// # Errors
    /// Those of the server.
    pub fn query(
        &self,
        statement: &Statement,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Error> {
        let Session {
            client, runtime, ..
        } = &self.session;
        Ok(runtime.block_on(client.query(statement, parameters))?)
    }

    /// The first column of what a query without parameters returns, as text.
    ///
    /// # Errors
    /// Those of the server.
    pub fn texts(&self, query: &str) -> Result<Vec<String>, Error> {
        let Session {
            client, runtime, ..
        } = &self.session;
        let answers = runtime.block_on(client.simple_query(query))?;
        let text = |answer: SimpleQueryMessage| match answer {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        };
        Ok(answers.into_iter().filter_map(text).collect())
    }

    /// How many bytes something of the schema takes on the disk.
    ///
    /// # Errors
    /// Those of the server: there is nothing of this name.
    pub fn bytes(&self, name: &str) -> Result<u64, Error> {
        let size = self.texts(&format!("SELECT pg_relation_size('{name}')"))?;
        Ok(size.first().ok_or("no size was told")?.parse()?)
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        // A server that is gone has lost the tables, or keeps them: nothing to be done here.
        let _ = self.run(&format!("ROLLBACK; DROP SCHEMA {} CASCADE", self.name));
    }
}

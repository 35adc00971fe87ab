//! Lessons on real servers too: a PostgreSQL and a Redis, which `DATABASE_URL` and `REDIS_URL`
//! name, with a network in between that takes as long as one wants.
//!
//! Nothing of a lesson stays on a server: tables are temporary or in a schema of their own
//! that goes with the lesson.

mod delay;
mod postgres;
mod redis;
mod schema;

pub mod bulk_writes;
pub mod columns;
pub mod indexes;
pub mod layered_cache;
pub mod n_plus_one;
pub mod pagination;
pub mod pool;
pub mod publish;
pub mod query_analysis;

use std::time::Duration;

pub use self::redis::{Redis, RedisSession};
pub use delay::Network;
pub use postgres::{Postgres, Session};
pub use schema::Schema;

use crate::{Error, Lab, Lesson, lessons};

/// The servers that answered.
pub struct Servers {
    /// The PostgreSQL, if one did.
    pub postgres: Option<Postgres>,
    /// The Redis, if one did.
    pub redis: Option<Redis>,
    /// What the network takes in each direction, where a question has one.
    pub delay: Duration,
}

type Measure = fn(&mut Lab, &Servers) -> Result<(), Error>;

/// What servers add to lessons.
const PARTS: &[(Lesson, Measure)] = &[
    (lessons::layered_cache::LESSON, layered_cache::measure),
    (lessons::bulk_writes::LESSON, bulk_writes::measure),
    (lessons::n_plus_one::LESSON, n_plus_one::measure),
    (lessons::pagination::LESSON, pagination::measure),
    (lessons::indexes::LESSON, indexes::measure),
    (lessons::query_analysis::LESSON, query_analysis::measure),
    (lessons::pool::LESSON, pool::measure),
    (lessons::columns::LESSON, columns::measure),
    (lessons::publish::LESSON, publish::measure),
];

impl Servers {
    /// Asks the servers that the environment names. Of each that cannot be reached, `miss`
    /// gets a line; where none is named, one for both.
    pub fn find(delay: Duration, mut miss: impl FnMut(&str)) -> Self {
        const HOW: &str = "(examples/patterns/servers run COMMAND… starts servers)";
        let url = |name: &str| std::env::var(name).ok();
        let (database, redis) = (url("DATABASE_URL"), url("REDIS_URL"));
        if database.is_none() && redis.is_none() {
            miss(&format!(
                "neither DATABASE_URL nor REDIS_URL is set: lessons run on their default \
                 engines {HOW}"
            ));
            let (postgres, redis) = (None, None);
            return Self {
                postgres,
                redis,
                delay,
            };
        }
        let named = |name: &str, url: Option<String>| url.ok_or(format!("{name} is not set"));
        let postgres = named("DATABASE_URL", database).map_err(Error::from);
        let postgres = postgres.and_then(|url| Postgres::find(&url));
        let redis = named("REDIS_URL", redis).map_err(Error::from);
        let redis = redis.and_then(|url| Redis::find(&url));
        let mut missed = |error: Error| {
            miss(&format!(
                "{error}; lessons run on their default engines {HOW}"
            ));
        };
        Self {
            postgres: postgres.map_err(&mut missed).ok(),
            redis: redis.map_err(&mut missed).ok(),
            delay,
        }
    }

    /// Measures what the servers add to a lesson.
    ///
    /// # Errors
    /// What ended it; what it found before is kept.
    pub fn measure(&self, lab: &mut Lab, lesson: &Lesson) -> Result<(), Error> {
        for (_, measure) in PARTS.iter().filter(|(of, _)| of.name == lesson.name) {
            lab.begin(lesson);
            let delay = humantime::format_duration(self.delay);
            lab.engine("a network away:", format!("{delay} in each direction"));
            if let Some(postgres) = &self.postgres {
                lab.engine("PostgreSQL", &postgres.version);
            }
            if let Some(redis) = &self.redis {
                lab.engine("Redis", &redis.version);
            }
            measure(lab, self)?;
        }
        Ok(())
    }
}

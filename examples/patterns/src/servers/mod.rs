//! Lessons on real servers too: a PostgreSQL and a Redis, which `DATABASE_URL` and `REDIS_URL`
//! name, with a network in between that takes as long as one wants.
//!
//! Nothing of a lesson stays on a server: tables are temporary or in a schema of their own
//! that goes with the lesson.

mod delay;
mod postgres;
mod redis;

pub mod bulk_writes;
pub mod layered_cache;
pub mod n_plus_one;
pub mod pool;

use std::time::Duration;

pub use self::redis::{Redis, RedisSession};
pub use delay::Network;
pub use postgres::{Postgres, Session};

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
    (lessons::pool::LESSON, pool::measure),
];

impl Servers {
    /// Asks the servers that the environment names. Of each that cannot be reached, `miss`
    /// gets a line.
    pub fn find(delay: Duration, mut miss: impl FnMut(&str)) -> Self {
        let mut missed = |error: Error| {
            miss(&format!(
                "{error}; lessons run on their default engines \
                 (examples/patterns/servers run COMMAND… starts servers)"
            ));
        };
        let url = |name: &str| std::env::var(name).map_err(|_| format!("{name} is not set"));
        let postgres = url("DATABASE_URL").map_err(Error::from);
        let postgres = postgres.and_then(|url| Postgres::find(&url));
        let redis = url("REDIS_URL").map_err(Error::from);
        let redis = redis.and_then(|url| Redis::find(&url));
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

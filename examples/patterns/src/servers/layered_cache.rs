//! Lesson 1 on Redis: a layer in memory over one that other processes share, which is a round
//! trip away for each key, unless many are asked for in one go.

use std::cell::RefCell;
use std::time::Duration;

use moka::sync::Cache;

use super::redis::{Redis, RedisSession};
use super::{Network, Servers};
use crate::layered_cache::requests;
use crate::{Amounts, Error, Form, Lab, Question};

/// Values of a thousand keys in Redis, which go with this value or after ten minutes.
pub struct Shared {
    session: RefCell<RedisSession>,
}

impl Shared {
    const KEYS: u64 = 1000;
    const SECONDS: u64 = 600;

    /// Fills a server that is so far away.
    ///
    /// # Errors
    /// Those of the server.
    pub fn new(redis: &Redis, delay: Duration) -> Result<Self, Error> {
        let shared = Self {
            session: RefCell::new(redis.session(delay)?),
        };
        let mut session = shared.session.borrow_mut();
        let mut fill = ::redis::pipe();
        for key in 0..Self::KEYS {
            let name = format!("{}{key}", session.prefix);
            let value = format!("report {key}");
            fill.set_ex(name, value, Self::SECONDS).ignore();
        }
        fill.query::<()>(&mut session.connection)?;
        drop(session);
        Ok(shared)
    }

    /// A value of one key.
    ///
    /// # Errors
    /// Those of the server, and that there is no such key.
    pub fn get(&self, key: u64) -> Result<String, Error> {
        let mut session = self.session.borrow_mut();
        let name = format!("{}{key}", session.prefix);
        Ok(::redis::cmd("GET")
            .arg(name)
            .query(&mut session.connection)?)
    }

    /// Wrong: a round trip for each key.
    ///
    /// # Errors
    /// Those of the server.
    pub fn one_by_one(&self, keys: &[u64]) -> Result<Vec<String>, Error> {
        keys.iter().map(|key| self.get(*key)).collect()
    }

    /// Right: sends all commands, and then reads all answers.
    ///
    /// # Errors
    /// Those of the server.
    pub fn pipelined(&self, keys: &[u64]) -> Result<Vec<String>, Error> {
        let mut session = self.session.borrow_mut();
        let mut pipe = ::redis::pipe();
        for key in keys {
            pipe.get(format!("{}{key}", session.prefix));
        }
        Ok(pipe.query(&mut session.connection)?)
    }

    /// Right: one command for all keys.
    ///
    /// # Errors
    /// Those of the server.
    pub fn mget(&self, keys: &[u64]) -> Result<Vec<String>, Error> {
        let mut session = self.session.borrow_mut();
        let names = keys.iter().map(|key| format!("{}{key}", session.prefix));
        let names: Vec<String> = names.collect();
        let mut mget = ::redis::cmd("MGET");
        Ok(mget.arg(names).query(&mut session.connection)?)
    }

    /// A layer in memory above it, empty at first, which keeps what it was asked for.
    ///
    /// # Errors
    /// Those of the server.
    pub fn under_memory(&self, keys: &[u64]) -> Result<Vec<String>, Error> {
        let memory = Cache::builder().max_capacity(Self::KEYS);
        let memory = memory.time_to_live(Duration::from_secs(60)).build();
        let get = |key: &u64| match memory.get(key) {
            Some(value) => Ok(value),
            None => {
                let value = self.get(*key)?;
                memory.insert(*key, value.clone());
                Ok(value)
            }
        };
        keys.iter().map(get).collect()
    }

    /// What a form gets, and how many round trips that takes.
    ///
    /// # Errors
    /// Those of the server.
    pub fn round_trips(&self, form: Get, keys: &[u64]) -> Result<(Vec<String>, u64), Error> {
        let before = self.session.borrow().network.round_trips();
        let values = form(self, keys)?;
        let after = self.session.borrow().network.round_trips();
        Ok((values, after - before))
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let session = self.session.get_mut();
        let names = (0..Self::KEYS).map(|key| format!("{}{key}", session.prefix));
        let names: Vec<String> = names.collect();
        // A server that is gone forgets them by itself.
        let _ = ::redis::cmd("DEL")
            .arg(names)
            .query::<()>(&mut session.connection);
    }
}

/// A way to get many values.
pub type Get = fn(&Shared, &[u64]) -> Result<Vec<String>, Error>;

/// The ways to get values, the wrong one first.
pub const GETS: [(&str, Get); 4] = [
    ("GET each", Shared::one_by_one),
    ("pipelined", Shared::pipelined),
    ("MGET", Shared::mget),
    ("memory above", Shared::under_memory),
];

pub(super) fn measure(lab: &mut Lab, servers: &Servers) -> Result<(), Error> {
    let Some(redis) = &servers.redis else {
        return Ok(());
    };
    let keys = requests(50, true);
    let holds = "round trips take the time; memory above saves those of keys that come again";
    for (what, delay) in [
        ("50 keys, most of ten", Duration::ZERO),
        ("50 keys, a network away", servers.delay),
    ] {
        let shared = Shared::new(redis, delay)?;
        let form = |(name, get): (&'static str, Get)| {
            let (shared, keys) = (&shared, &keys);
            Form::fallible(name, move || get(shared, keys))
        };
        lab.compare(Question::of(what, holds).on("Redis"), GETS.map(form))?;
    }
    let shared = Shared::new(redis, Network::COUNTED)?;
    let [(wrong, first), others @ ..] = GETS;
    let (_, most) = shared.round_trips(first, &keys)?;
    for (right, get) in others {
        let (_, fewer) = shared.round_trips(get, &keys)?;
        let question = Question::of("values of 50 keys", holds).on("Redis");
        let round_trips = Amounts::Count([most, fewer]);
        lab.counted(question, [wrong, right], "round_trips", round_trips)?;
    }
    Ok(())
}

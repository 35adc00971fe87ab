//! What is asked of the forms of a pattern.

use std::time::Duration;

use perfkit::unit::Unit;

use crate::claim::Claim;

/// A situation in which the forms of a pattern are compared.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// The situation: `six calls of 10 ms`.
    pub what: &'static str,
    /// The gain that is claimed, if one is.
    pub claimed: Option<Claim>,
    /// When there is a gain, and how large it can be.
    pub holds: &'static str,
    /// The server that it is about, if it is not about what is at hand anyway.
    pub on: Option<&'static str>,
}

impl Question {
    /// One of which nothing is claimed.
    #[must_use]
    pub const fn of(what: &'static str, holds: &'static str) -> Self {
        let (claimed, on) = (None, None);
        Self {
            what,
            claimed,
            holds,
            on,
        }
    }

    /// The same on a server.
    #[must_use]
    pub const fn on(mut self, server: &'static str) -> Self {
        self.on = Some(server);
        self
    }

    /// The situation, with the server.
    #[must_use]
    pub fn situation(&self) -> String {
        match self.on {
            Some(server) => format!("{}, {server}", self.what),
            None => self.what.to_owned(),
        }
    }

    /// The same with what is claimed.
    #[must_use]
    pub const fn claimed(mut self, text: &'static str, times: f64) -> Self {
        self.claimed = Some(Claim { text, times });
        self
    }
}

/// How much of something two forms do, counted exactly: the wrong form, then the right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amounts {
    /// How often.
    Count([u64; 2]),
    /// How many bytes.
    Bytes([u64; 2]),
    /// How long, on a clock that is exact.
    Time([Duration; 2]),
}

impl Amounts {
    /// The numbers, and their unit.
    #[must_use]
    pub fn in_unit(self) -> ([u64; 2], Unit) {
        match self {
            Self::Count(amounts) => (amounts, Unit::Count),
            Self::Bytes(amounts) => (amounts, Unit::Bytes),
            Self::Time(times) => (times.map(|time| time.as_nanos() as u64), Unit::Nanoseconds),
        }
    }
}

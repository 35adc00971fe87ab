//! A share of the benchmarks.

use std::num::NonZeroU32;

use serde::{Deserialize, Deserializer, Serialize};

/// One of several shares of all benchmarks, where jobs measure them together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Shard {
    /// Which share it is, from 1.
    #[serde(deserialize_with = "from_one")]
    pub number: u32,
    /// How many shares there are.
    #[serde(deserialize_with = "from_one")]
    pub of: u32,
    /// How many benchmarks are in it, those that only one side has among them.
    pub benchmarks: usize,
    /// The names of the benchmarks in the other shares.
    #[serde(default)]
    pub elsewhere: Vec<String>,
}

fn from_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    NonZeroU32::deserialize(deserializer).map(NonZeroU32::get)
}

impl Shard {
    /// A share that has nothing.
    #[must_use]
    pub fn new(number: u32, of: u32) -> Self {
        Self {
            number,
            of,
            ..Self::default()
        }
    }
}

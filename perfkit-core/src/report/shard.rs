//! A share of the benchmarks.

use serde::{Deserialize, Serialize};

/// One of several shares of all benchmarks, where jobs measure them together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Shard {
    /// Which share it is, from 1.
    pub number: u32,
    /// How many shares there are.
    pub of: u32,
    /// How many benchmarks are in it, those that only one side has among them.
    pub benchmarks: usize,
    /// The names of the benchmarks in the other shares.
    #[serde(default)]
    pub elsewhere: Vec<String>,
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

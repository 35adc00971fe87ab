//! How a tool puts load on what it measures.

use serde::{Deserialize, Serialize};

/// When a load generator sends its requests, which decides what percentiles of their
/// times mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LoadModel {
    /// At times of its own, whether or not earlier requests have been answered: waiting is
    /// in the times.
    Open,
    /// On each connection when the request before has been answered: what a slow moment
    /// holds back is in no time (coordinated omission).
    Closed,
}

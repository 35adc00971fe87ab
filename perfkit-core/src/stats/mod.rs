//! Estimators and their distributions: pure functions of slices of numbers.
//!
//! Nothing here reads a clock, does I/O or knows what was measured. Every
//! function names its definition and source, returns `None` where the sample
//! does not support an answer, and refuses values that are not finite.
//!
//! No public interface: what is exported is for the command line, and changes
//! without notice.

mod moments;
mod percentile;

pub(crate) use moments::{mean, std_dev};
pub(crate) use percentile::nearest_rank;
pub use percentile::{percentile, sorted, supports};

#[cfg(feature = "bench")]
mod binomial;
#[cfg(feature = "bench")]
mod bisection;
#[cfg(feature = "bench")]
mod change_points;
#[cfg(feature = "bench")]
mod density;
#[cfg(feature = "bench")]
mod few_pairs;
#[cfg(feature = "bench")]
mod hypothesis;
#[cfg(feature = "bench")]
mod mean_bounds;
#[cfg(feature = "bench")]
mod middle;
#[cfg(feature = "bench")]
mod modes;
#[cfg(feature = "bench")]
mod nested;
#[cfg(feature = "bench")]
mod paired;
#[cfg(feature = "bench")]
mod rank;
#[cfg(feature = "bench")]
mod sessions;
#[cfg(feature = "bench")]
mod sign;
#[cfg(feature = "bench")]
mod special;
#[cfg(feature = "bench")]
mod spread;
#[cfg(feature = "bench")]
mod step_up;
#[cfg(feature = "bench")]
mod trend;

#[cfg(feature = "bench")]
pub use for_comparing::*;

/// What comparisons need beside.
#[cfg(feature = "bench")]
mod for_comparing {
    pub use super::binomial::{proportion_bounds, quantile_bounds};
    pub use super::density::{bandwidth, density};
    pub use super::mean_bounds::mean_bounds;
    pub use super::middle::median;
    pub use super::paired::{Estimate, paired_shift};
    pub use super::sign::sign_shift;

    pub(crate) use super::change_points::{ChangePoint, ChangeRules, ChangeShape, change_points};
    pub(crate) use super::few_pairs::few_pairs_shift;
    pub(crate) use super::middle::middle;
    pub(crate) use super::modes::modes;
    pub(crate) use super::nested::nested_shift;
    pub(crate) use super::sessions::{SessionNoise, SessionValue, session_shift};
    pub(crate) use super::spread::{fences, quartiles, robust_std_dev};
    pub(crate) use super::step_up::step_up;
    pub(crate) use super::trend::{trend_p_value, trend_slope};
}

/// The part of a confidence level's error that each side of a two-sided
/// interval may use: 0.025 for a confidence of 0.95.
#[cfg(feature = "bench")]
fn tail(confidence: f64) -> f64 {
    (1.0 - confidence.clamp(0.0, 1.0)) / 2.0
}

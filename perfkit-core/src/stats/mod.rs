//! Estimators and their distributions: pure functions of slices of numbers.
//!
//! Nothing here reads a clock, does I/O or knows what was measured. Every
//! function names its definition and source, returns `None` where the sample
//! does not support an answer, and refuses values that are not finite.

mod autocorrelation;
mod binomial;
mod bisection;
mod bootstrap;
mod density;
mod hypothesis;
mod modes;
mod moments;
mod nested;
mod order;
mod paired;
mod rank;
mod rank_sum;
mod resample;
mod sign;
mod sign_flip;
mod special;
mod spread;
#[cfg(feature = "bench")]
mod step_up;
mod trend;
mod welch;

pub use autocorrelation::autocorrelation;
pub use binomial::{proportion_bounds, quantile_bounds};
pub use bootstrap::bootstrap_interval;
pub use density::{bandwidth, density};
pub use hypothesis::{Alternative, TestOutcome};
pub use modes::{Mode, modes};
pub use moments::{mean, mean_bounds, std_dev};
pub use nested::nested_shift;
#[cfg(feature = "bench")]
pub(crate) use order::middle;
pub use order::{median, nearest_rank, percentile, sorted, supports};
pub use paired::{Estimate, paired_shift, signed_rank_test};
pub use rank_sum::{rank_sum_test, unpaired_shift};
pub use resample::{Resampling, SplitMix64};
pub use sign::sign_shift;
pub use sign_flip::sign_flip_test;
pub use spread::{
    Fences, Outliers, fences, median_absolute_deviation, outliers, quartiles, robust_std_dev,
};
#[cfg(feature = "bench")]
pub(crate) use step_up::step_up;
pub use trend::{trend_slope, trend_test};
pub use welch::{Welch, welch_test};

/// The part of a confidence level's error that each side of a two-sided
/// interval may use: 0.025 for a confidence of 0.95.
fn tail(confidence: f64) -> f64 {
    (1.0 - confidence.clamp(0.0, 1.0)) / 2.0
}

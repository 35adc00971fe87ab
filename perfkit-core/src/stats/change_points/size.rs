//! How large changes are, and how surely they lie where they were found.

use super::correlation::MeanVariances;
use super::fit::{Model, Stretch, slope_weight};
use crate::stats::paired::Estimate;
use crate::stats::special::student_t_quantile;

/// By how much twice the logarithm of the likelihood may fall from the best place to another
/// that is as likely to be right: the set of places has the right one in about 95 % (Siegmund
/// 1988).
const LIKELY: f64 = 6.0;

/// The fewest degrees of freedom that an interval is drawn from.
const FEWEST_DEGREES: f64 = 2.0;

/// What sizes are told from.
pub(super) struct Sizes<'a> {
    /// Values without drifts.
    pub(super) values: &'a [f64],
    /// How far odd values may lie from those beside them.
    pub(super) reach: f64,
    /// Standard errors of the values that are known beforehand.
    pub(super) errors: &'a [f64],
    /// How often the truth may lie beyond either end of an interval.
    pub(super) error: f64,
}

/// The same for changes that are watched, which few values tell.
const WATCHED_ERROR: f64 = 0.05;

/// The noise of a stretch beside what was fitted to it.
struct Noise {
    phi: f64,
    /// The variance of one value.
    variance: f64,
    confidence: f64,
    /// Half the width of an interval, in standard errors.
    quantile: f64,
    /// What all values together weigh in the likelihood, as a number of independent ones.
    weight: f64,
    squares: f64,
}

impl Sizes<'_> {
    /// By how much the values from `at` to before `to` are larger than those from `from` to
    /// before `at`, and between which places the change is.
    pub(super) fn step(
        &self,
        (from, at, to): (usize, usize, usize),
        is_found: bool,
        tables: &mut MeanVariances,
    ) -> (Estimate, (usize, usize)) {
        let error = if is_found {
            self.error
        } else {
            self.error.max(WATCHED_ERROR)
        };
        let mut stretch = Stretch::new(&self.values[from..to], self.reach);
        let (before, after) = (at - from, to - at);
        let noise = noise(&mut stretch, Model::Step(before), error, tables);
        let table = tables.of(noise.phi);
        let own = noise.variance * table.of_difference(before, after);
        let known = self.known(from, at) + self.known(at, to);
        let value = stretch.mean(before, before + after) - stretch.mean(0, before);
        let size = Self::estimate(value, own.max(known), &noise);
        let is_likely = |place: &usize| {
            let left = stretch.left_by_split(*place).max(f64::MIN_POSITIVE);
            let best = noise.squares.max(f64::MIN_POSITIVE);
            noise.weight * (left / best).ln() <= LIKELY
        };
        let earliest = (1..before).find(is_likely).unwrap_or(before);
        let latest = (before + 1..before + after).rev().find(is_likely);
        let range = (from + earliest, from + latest.unwrap_or(before));
        (size, range)
    }

    /// By how much the last value of a drift of this slope is larger than the first.
    pub(super) fn drift(
        &self,
        (from, to): (usize, usize),
        slope: f64,
        tables: &mut MeanVariances,
    ) -> Estimate {
        let mut stretch = Stretch::new(&self.values[from..to], self.reach);
        let n = (to - from) as f64;
        let noise = noise(&mut stretch, Model::Drift, self.error, tables);
        let of_slope = noise.variance * tables.of(noise.phi).of_slope / slope_weight(n);
        let known = self.known(from, to) * n / slope_weight(n);
        let length = n - 1.0;
        let variance = of_slope.max(known) * length * length;
        Self::estimate(slope * length, variance, &noise)
    }

    /// The variance of a mean that the errors of its values imply.
    fn known(&self, from: usize, to: usize) -> f64 {
        let errors = self.errors.get(from..to).unwrap_or(&[]);
        let squares: f64 = errors.iter().map(|error| error * error).sum();
        squares / ((to - from) as f64).powi(2)
    }

    fn estimate(value: f64, variance: f64, noise: &Noise) -> Estimate {
        let half_width = match variance > 0.0 {
            true => noise.quantile * variance.sqrt(),
            false => 0.0,
        };
        Estimate {
            value,
            low: value - half_width,
            high: value + half_width,
            confidence: noise.confidence,
        }
    }
}

fn noise(stretch: &mut Stretch, model: Model, error: f64, tables: &mut MeanVariances) -> Noise {
    let n = stretch.values.len();
    let (residuals, phi) = stretch.residuals(model);
    let squares: f64 = residuals.iter().map(|r| r * r).sum();
    let table = tables.of(phi);
    let taken = match model {
        Model::Step(at) => table.taken_by_mean(at) + table.taken_by_mean(n - at),
        _ => 2.0 * table.of_slope,
    };
    let weight = n as f64 / table.of_slope;
    let degrees = (weight - 2.0).max(FEWEST_DEGREES);
    let quantile = student_t_quantile(1.0 - error, degrees);
    Noise {
        phi,
        variance: squares / (n as f64 - taken).max(1.0),
        confidence: 1.0 - 2.0 * error,
        quantile: quantile.unwrap_or(f64::INFINITY),
        weight,
        squares,
    }
}

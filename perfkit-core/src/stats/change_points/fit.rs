//! What a series may have besides noise, and how strongly it speaks for it.

use super::correlation::{MeanVariance, MeanVariances, correlation};
use super::outliers::winsorised;

/// Values on either side of a change that is found.
pub(super) const FEWEST: usize = 5;

/// Values after a change that is watched.
pub(super) const FEWEST_WATCHED: usize = 3;

/// Squared standard errors beyond which nothing is told apart: of values that do not vary.
const STRONGEST: f64 = 1e12;

/// What a stretch of a series may be instead of one level with noise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Model {
    /// Another level from this value on.
    Step(usize),
    /// Another level from the first to before the second, and perhaps a third after.
    TwoSteps(usize, usize),
    /// A line.
    Drift,
    /// Another level at the end, of few values yet.
    LateStep(usize),
}

impl Model {
    /// The same of a stretch that begins so many values earlier.
    pub(super) fn moved(self, by: usize) -> Self {
        match self {
            Self::Step(at) | Self::LateStep(at) => Self::Step(at + by),
            Self::TwoSteps(first, second) => Self::TwoSteps(first + by, second + by),
            Self::Drift => Self::Drift,
        }
    }

    /// How many numbers it needs beyond the one level, places among them.
    fn parameters(self) -> f64 {
        match self {
            Self::Drift => 1.0,
            Self::Step(_) | Self::LateStep(_) => 2.0,
            Self::TwoSteps(..) => 4.0,
        }
    }
}

/// A model with what speaks for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fit {
    pub(super) model: Model,
    /// The logarithm of a likelihood ratio, doubled: n ln(1 + T²/n) of the effect in standard
    /// errors, which the residuals tell together with their correlation.
    pub(super) strength: f64,
    /// What it leaves unexplained, as n ln of the squares, and a penalty for its parameters
    /// (Schwarz 1978): the least is the best.
    pub(super) criterion: f64,
}

/// A stretch of values, odd ones limited, whose mean is zero, with its running sums.
pub(super) struct Stretch {
    pub(super) values: Vec<f64>,
    /// Values as they were, in the order in which they came.
    raw: Vec<f64>,
    /// How far odd values may lie from those beside them.
    reach: f64,
    sums: Vec<f64>,
    squares: f64,
    residuals: Vec<f64>,
}

impl Stretch {
    pub(super) fn new(values: &[f64], reach: f64) -> Self {
        let room = values.len();
        let mut stretch = Self {
            values: Vec::with_capacity(room),
            raw: Vec::with_capacity(room),
            reach,
            sums: Vec::with_capacity(room + 1),
            squares: 0.0,
            residuals: Vec::with_capacity(room),
        };
        stretch.fill(values.iter().copied());
        stretch
    }

    /// One that takes others, of the same reach.
    pub(super) fn empty(&self) -> Self {
        Self::new(&[], self.reach)
    }

    /// Takes other values, in the memory of those before.
    pub(super) fn fill(&mut self, values: impl Iterator<Item = f64>) {
        self.raw.clear();
        self.raw.extend(values);
        winsorised(&self.raw, self.reach, &mut self.values);
        let mean = self.values.iter().sum::<f64>() / self.values.len().max(1) as f64;
        self.sums.clear();
        self.sums.push(0.0);
        let (mut sum, mut squares) = (0.0, 0.0);
        for (value, raw) in self.values.iter_mut().zip(&mut self.raw) {
            *value -= mean;
            *raw -= mean;
            sum += *value;
            squares += *value * *value;
            self.sums.push(sum);
        }
        self.squares = squares;
    }

    /// What a model leaves of the values as they were.
    pub(super) fn raw_residuals(&mut self, model: Model) -> Vec<f64> {
        let (residuals, _) = self.residuals(model);
        let residuals = residuals.to_vec();
        let limited = self
            .raw
            .iter()
            .zip(&self.values)
            .map(|(raw, value)| raw - value);
        residuals
            .iter()
            .zip(limited)
            .map(|(rest, cut)| rest + cut)
            .collect()
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// The squares that two levels leave, the second one from this place on.
    pub(super) fn left_by_split(&self, at: usize) -> f64 {
        let (before, after) = (at as f64, (self.len() - at) as f64);
        let apart = self.mean(0, at) - self.mean(at, self.len());
        self.squares - apart * apart * before * after / (before + after)
    }

    pub(super) fn mean(&self, from: usize, to: usize) -> f64 {
        (self.sums[to] - self.sums[from]) / (to - from) as f64
    }

    /// Where, of these places, the means before and after differ most, in standard errors.
    fn best_split(
        &self,
        (from, to): (usize, usize),
        places: std::ops::RangeInclusive<usize>,
        variance: &MeanVariance,
    ) -> Option<(usize, f64)> {
        let (start, total) = (self.sums[from], self.sums[to] - self.sums[from]);
        let mut best: Option<(usize, f64)> = None;
        for at in places {
            let (before, after) = (at - from, to - at);
            let sum = self.sums[at] - start;
            let apart = sum * variance.share(before) - (total - sum) * variance.share(after);
            let strength = apart * apart / variance.of_difference(before, after);
            if best.is_none_or(|(_, most)| strength > most) {
                best = Some((at, strength));
            }
        }
        best
    }

    pub(super) fn step_in(
        &self,
        from: usize,
        to: usize,
        variance: &MeanVariance,
    ) -> Option<(usize, f64)> {
        let last = to.checked_sub(FEWEST)?;
        self.best_split((from, to), from + FEWEST..=last, variance)
    }

    /// The best of each kind of model; places are chosen by `variance`.
    pub(super) fn models(&self, variance: &MeanVariance, with_drift: bool) -> [Option<Model>; 4] {
        let n = self.len();
        let step = self.step_in(0, n, variance).map(|(at, _)| at);
        let pair = step.and_then(|at| {
            let left = self.step_in(0, at, variance);
            let right = self.step_in(at, n, variance);
            let strength = |found: Option<(usize, f64)>| found.map_or(-1.0, |(_, s)| s);
            match strength(left) > strength(right) {
                true => left.map(|(first, _)| Model::TwoSteps(first, at)),
                false => right.map(|(second, _)| Model::TwoSteps(at, second)),
            }
        });
        let late = (n >= FEWEST + FEWEST_WATCHED).then(|| {
            let places = (n - FEWEST).max(FEWEST)..=n - FEWEST_WATCHED;
            self.best_split((0, n), places, variance)
        });
        [
            step.map(Model::Step),
            pair,
            (with_drift && n >= 2 * FEWEST).then_some(Model::Drift),
            late.flatten().map(|(at, _)| Model::LateStep(at)),
        ]
    }

    /// What a model leaves, and the correlation of that.
    pub(super) fn residuals(&mut self, model: Model) -> (&[f64], f64) {
        let n = self.len();
        self.residuals.clear();
        let levels = match model {
            Model::Step(at) | Model::LateStep(at) => {
                self.level_out(0, at);
                self.level_out(at, n);
                2.0
            }
            Model::TwoSteps(first, second) => {
                self.level_out(0, first);
                self.level_out(first, second);
                self.level_out(second, n);
                3.0
            }
            Model::Drift => {
                let slope = self.slope();
                let middle = (n as f64 - 1.0) / 2.0;
                let rest = self.values.iter().enumerate();
                let rest = rest.map(|(at, value)| value - slope * (at as f64 - middle));
                self.residuals.extend(rest);
                2.0
            }
        };
        (&self.residuals, correlation(&self.residuals, levels))
    }

    fn level_out(&mut self, from: usize, to: usize) {
        let mean = self.mean(from, to);
        let values = self.values[from..to].iter();
        self.residuals.extend(values.map(|value| value - mean));
    }

    /// The slope of least squares.
    pub(super) fn slope(&self) -> f64 {
        let n = self.len() as f64;
        let middle = (n - 1.0) / 2.0;
        let values = self.values.iter().enumerate();
        let product: f64 = values.map(|(at, value)| (at as f64 - middle) * value).sum();
        product / slope_weight(n)
    }

    /// How strongly the values speak for a model.
    pub(super) fn fit(&mut self, model: Model, tables: &mut MeanVariances) -> Fit {
        let n = self.len();
        let (residuals, phi) = self.residuals(model);
        let left: f64 = residuals.iter().map(|r| r * r).sum();
        let table = tables.of(phi);
        let taken = |stretches: &[usize]| {
            let of_each = stretches.iter().map(|m| table.taken_by_mean(*m));
            of_each.sum::<f64>()
        };
        // What noise alone would be taken to explain, for each of the numbers it needs.
        let (taken, numbers) = match model {
            Model::Step(at) | Model::LateStep(at) => (taken(&[at, n - at]), 1.0),
            Model::TwoSteps(first, second) => (taken(&[first, second - first, n - second]), 2.0),
            Model::Drift => (taken(&[n]) + table.of_slope, 1.0),
        };
        let by_chance = (taken - table.taken_by_mean(n)) / numbers;
        let variance = left / (n as f64 - taken).max(1.0);
        let gain = (self.squares - left).max(0.0);
        let squared = match gain > 0.0 {
            true => (gain / (variance * by_chance)).min(STRONGEST),
            false => 0.0,
        };
        let n = n as f64;
        Fit {
            model,
            strength: n * (squared / n).ln_1p(),
            criterion: n * (left / n).max(f64::MIN_POSITIVE).ln() + model.parameters() * n.ln(),
        }
    }
}

/// The squared distances of 0, 1 … n − 1 from their middle, summed.
pub(super) fn slope_weight(n: f64) -> f64 {
    n * (n * n - 1.0) / 12.0
}

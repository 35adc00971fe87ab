//! Where a series of values changes: by steps, or by a slow drift.

mod correlation;
mod fit;
mod outliers;
mod permutation;
mod size;

use correlation::MeanVariances;
use fit::{FEWEST, FEWEST_WATCHED, Fit, Model, Stretch};
use outliers::winsorised;
use permutation::Permutations;
use size::Sizes;

use super::paired::Estimate;

/// What counts as a change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ChangeRules {
    /// How often a series without change may be called one with, such as 0.01.
    pub(crate) error: f64,
    /// What a change must be larger than, in the unit of the values.
    pub(crate) floor: f64,
}

/// How a series changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChangeShape {
    /// From one value to the next.
    Step,
    /// Over the whole of a stretch, a little with every value.
    Drift,
}

/// A change in a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ChangePoint {
    pub(crate) shape: ChangeShape,
    /// The first value after a step, or the first of a drift.
    pub(crate) first: usize,
    /// Between which values the first one is, with about 95 %; of a drift its first and last.
    pub(crate) range: (usize, usize),
    /// By how much values are larger after it.
    pub(crate) size: Estimate,
    /// How often noise alone would look as much like a change.
    pub(crate) p_value: f64,
    /// Whether five values or more lie on either side; those with fewer are to be watched.
    pub(crate) is_found: bool,
}

/// What speaks for steps, for two of them and for a drift shares the error in these parts.
/// What is only watched has an error of its own.
const SHARES: [f64; 4] = [0.75, 0.1, 0.15, 1.0];

/// By so much more must the last three or four values alone speak for a change, so that it
/// counts as theirs.
const LATE: f64 = 4.0;

/// The changes of a series, in order.
///
/// Binary segmentation (Scott and Knott 1974; Vostrikova 1981), each time with the best of
/// three models against a level with noise: a step, two steps of which one alone may not show,
/// and a line. How strong each would be by noise alone is told by permutations in blocks that
/// keep what neighbours have in common.
/// Single odd values are brought back to their neighbours before. A change counts whose
/// interval, at a confidence of 1 − `error`, lies beyond the floor on one side of zero.
///
/// `errors` are the standard errors of the values where they are known, else 0. Values that are
/// not finite yield no changes, and so do fewer than eight. O(n) for each of at most 400
/// permutations, times the number of changes; O(n²) for the size of a drift.
pub(crate) fn change_points(
    values: &[f64],
    errors: &[f64],
    rules: ChangeRules,
) -> Vec<ChangePoint> {
    let is_finite = values.iter().all(|value| value.is_finite());
    if !is_finite || values.len() < FEWEST + FEWEST_WATCHED {
        return Vec::new();
    }
    let mut search = Search {
        values: winsorised(values),
        tables: MeanVariances::new(values.len()),
        rules,
        steps: Vec::new(),
        drifts: Vec::new(),
    };
    search.segment();
    search.sizes(errors)
}

/// A place where the level changes, as it is searched.
#[derive(Clone, Copy, Debug)]
struct Split {
    at: usize,
    p_value: f64,
    is_found: bool,
}

/// A stretch in which values drift.
#[derive(Clone, Copy, Debug)]
struct Drift {
    from: usize,
    to: usize,
    p_value: f64,
    slope: f64,
}

struct Search {
    values: Vec<f64>,
    tables: MeanVariances,
    rules: ChangeRules,
    steps: Vec<Split>,
    drifts: Vec<Drift>,
}

/// A stretch that is yet to be looked at.
struct Segment {
    from: usize,
    to: usize,
    /// The p-value of the change that made it.
    p_value: f64,
    may_drift: bool,
}

impl Search {
    fn segment(&mut self) {
        let mut open = vec![Segment {
            from: 0,
            to: self.values.len(),
            p_value: 0.0,
            may_drift: true,
        }];
        while let Some(segment) = open.pop() {
            let Some((model, p_value)) = self.change_in(&segment) else {
                continue;
            };
            let p_value = p_value.max(segment.p_value);
            let places = match model {
                Model::Step(at) | Model::LateStep(at) => vec![at],
                Model::TwoSteps(first, second) => vec![first, second],
                Model::Drift => Vec::new(),
            };
            let is_drift = places.is_empty();
            if is_drift {
                self.take_drift_out(&segment, p_value);
            }
            let is_found = !matches!(model, Model::LateStep(_));
            let mut from = segment.from;
            for at in places {
                let at = segment.from + at;
                self.steps.push(Split {
                    at,
                    p_value,
                    is_found,
                });
                open.push(Segment {
                    from,
                    to: at,
                    p_value,
                    may_drift: segment.may_drift,
                });
                from = at;
            }
            if is_found {
                let may_drift = segment.may_drift && !is_drift;
                open.push(Segment {
                    from,
                    to: segment.to,
                    p_value,
                    may_drift,
                });
            }
        }
        self.steps.sort_unstable_by_key(|split| split.at);
    }

    /// What a stretch has besides noise, if noise alone would hardly ever look like it.
    fn change_in(&mut self, segment: &Segment) -> Option<(Model, f64)> {
        let values = &self.values[segment.from..segment.to];
        if values.len() < FEWEST + FEWEST_WATCHED {
            return None;
        }
        let n = values.len();
        let mut stretch = Stretch::new(values);
        let fits = self.fits(&mut stretch, segment.may_drift);
        let permutations =
            Permutations::of(&mut stretch, &fits, &mut self.tables, segment.may_drift);
        let p_value = |kind: usize| {
            let fit = fits[kind].as_ref()?;
            let p_value = permutations.p_value(kind, fit, n) / SHARES[kind];
            (p_value <= self.rules.error).then_some((fit, p_value.min(1.0)))
        };
        let found = (0..3).filter_map(p_value);
        let best = found
            .clone()
            .min_by(|(a, _), (b, _)| a.criterion.total_cmp(&b.criterion));
        let least = found.map(|(_, p)| p).fold(1.0, f64::min);
        let late = p_value(3).filter(|_| segment.to == self.values.len());
        match (best, late) {
            (Some((best, _)), Some((late, p)))
                if matches!(best.model, Model::Step(at) if at + FEWEST + 2 >= n)
                    && late.strength > best.strength + LATE =>
            {
                Some((late.model, p))
            }
            (Some((best, _)), _) => Some((best.model, least)),
            (None, late) => late.map(|(fit, p)| (fit.model, p)),
        }
    }

    /// The best model of each kind. Places are chosen for noise without correlation, and then
    /// for the correlation of what the best of these leaves.
    fn fits(&mut self, stretch: &mut Stretch, may_drift: bool) -> [Option<Fit>; 4] {
        let mut phi = 0.0;
        let mut fits = [None; 4];
        for _ in 0..2 {
            let table = self.tables.of(phi).clone();
            let models = stretch.models(&table, may_drift);
            fits = models.map(|model| model.map(|model| stretch.fit(model, &mut self.tables)));
            let best = fits.iter().flatten();
            let best = best.min_by(|a, b| a.criterion.total_cmp(&b.criterion));
            phi = best.map_or(0.0, |best| stretch.residuals(best.model).1);
        }
        fits
    }

    /// Takes the line out of a stretch whose values drift.
    fn take_drift_out(&mut self, segment: &Segment, p_value: f64) {
        let values = &mut self.values[segment.from..segment.to];
        let slope = super::trend::trend_slope(values).unwrap_or(0.0);
        let middle = (values.len() as f64 - 1.0) / 2.0;
        for (at, value) in values.iter_mut().enumerate() {
            *value -= slope * (at as f64 - middle);
        }
        self.drifts.push(Drift {
            from: segment.from,
            to: segment.to,
            p_value,
            slope,
        });
    }

    /// The changes that are larger than the floor. Of those that are not the least sure one
    /// is taken back first, because that joins what lies beside it.
    fn sizes(mut self, errors: &[f64]) -> Vec<ChangePoint> {
        self.refine();
        loop {
            let steps = self.sized_steps(errors);
            let margin = |change: &ChangePoint| self.margin(&change.size);
            let margins = steps.iter().map(margin).enumerate();
            let least = margins.min_by(|(_, a), (_, b)| a.total_cmp(b));
            match least {
                Some((at, margin)) if margin <= 0.0 => drop(self.steps.remove(at)),
                _ => return self.with_drifts(steps, errors),
            }
        }
    }

    /// By how much the end of an interval that is nearer to zero lies beyond the floor.
    fn margin(&self, size: &Estimate) -> f64 {
        (size.low - self.rules.floor).max(-size.high - self.rules.floor)
    }

    /// Moves every step to its best place between those beside it.
    fn refine(&mut self) {
        for index in 0..self.steps.len() {
            let (from, at, to) = self.around(index);
            if !self.steps[index].is_found || at < from + FEWEST || to < at + FEWEST {
                continue;
            }
            let mut stretch = Stretch::new(&self.values[from..to]);
            let (_, phi) = stretch.residuals(Model::Step(at - from));
            let table = self.tables.of(phi);
            if let Some((best, _)) = stretch.step_in(0, to - from, table) {
                self.steps[index].at = from + best;
            }
        }
    }

    /// Where the stretch before a step begins, the step, and where that after it ends.
    fn around(&self, index: usize) -> (usize, usize, usize) {
        let before = index.checked_sub(1).and_then(|index| self.steps.get(index));
        let from = before.map_or(0, |split| split.at);
        let after = self.steps.get(index + 1);
        let to = after.map_or(self.values.len(), |split| split.at);
        (from, self.steps[index].at, to)
    }

    fn sized_steps(&mut self, errors: &[f64]) -> Vec<ChangePoint> {
        let mut steps = Vec::with_capacity(self.steps.len());
        for index in 0..self.steps.len() {
            let around = self.around(index);
            let split = self.steps[index];
            let sizes = Sizes {
                values: &self.values,
                errors,
                confidence: 1.0 - self.rules.error,
            };
            let (size, range) = sizes.step(around, &mut self.tables);
            steps.push(ChangePoint {
                shape: ChangeShape::Step,
                first: split.at,
                range,
                size,
                p_value: split.p_value,
                is_found: split.is_found,
            });
        }
        steps
    }

    fn with_drifts(mut self, steps: Vec<ChangePoint>, errors: &[f64]) -> Vec<ChangePoint> {
        let mut changes = steps;
        for drift in std::mem::take(&mut self.drifts) {
            let sizes = Sizes {
                values: &self.values,
                errors,
                confidence: 1.0 - self.rules.error,
            };
            let size = sizes.drift((drift.from, drift.to), drift.slope, &mut self.tables);
            if self.margin(&size) > 0.0 {
                changes.push(ChangePoint {
                    shape: ChangeShape::Drift,
                    first: drift.from,
                    range: (drift.from, drift.to - 1),
                    size,
                    p_value: drift.p_value,
                    is_found: true,
                });
            }
        }
        changes.sort_by_key(|change| change.first);
        changes
    }
}

//! Where a series of values changes: by steps, or by a slow drift.

mod correlation;
mod fit;
mod outliers;
mod permutation;
mod size;

use correlation::MeanVariances;
use fit::{FEWEST, FEWEST_WATCHED, Fit, Model, Stretch};
use outliers::reach;
use permutation::Permutations;
use size::Sizes;

use super::paired::Estimate;

/// What counts as a change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ChangeRules {
    /// How often a series without change may be called one with, such as 0.01.
    pub(crate) error: f64,
    /// The same for what is to be watched.
    pub(crate) watch_error: f64,
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

/// A step, two of them, a drift and a step at the end share the error in these parts. The end is
/// where a change is looked for most, and few places there are quickly looked through.
const SHARES: [f64; 4] = [0.4, 0.03, 0.07, 0.5];

/// The kind of model that is a step at the end.
const LATE: usize = 3;

/// By so much more must the last three or four values speak for a change than five, so that it
/// counts as theirs.
const CLEARLY: f64 = 8.0;

/// From which correlation on a stretch may have steps that hide each other.
const MASKED: f64 = 0.25;

/// The fewest values of a stretch whose parts are looked at alone.
const FEWEST_WITHIN: usize = 30;

/// How often parts are divided again.
const DEEPEST: i32 = 3;

/// What the p-value of a part is multiplied by: three parts, which have a tenth of the error.
const WITHIN: f64 = 30.0;

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
/// not finite yield no changes, and so do fewer than eight. O(n) for each of 60 to 2000
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
        values: values.to_vec(),
        reach: reach(values),
        tables: MeanVariances::new(values.len()),
        correlation: 0.0,
        rules,
        steps: Vec::new(),
        drifts: Vec::new(),
    };
    search.explore(&Segment {
        from: 0,
        to: values.len(),
        p_value: 0.0,
        may_drift: true,
    });
    search.steps.sort_unstable_by_key(|split| split.at);
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
    /// How far odd values may lie from those beside them.
    reach: f64,
    tables: MeanVariances,
    /// That of what the best model left of the stretch looked at last.
    correlation: f64,
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
    /// Looks at a stretch, and then at the parts that its changes leave.
    fn explore(&mut self, segment: &Segment) {
        let whole = self.change_in(segment);
        let Some((model, p_value, is_found)) = whole.or_else(|| self.change_within(segment, 1))
        else {
            return;
        };
        let p_value = p_value.max(segment.p_value);
        let part = |from: usize, to: usize, may_drift: bool| Segment {
            from,
            to,
            p_value,
            may_drift,
        };
        let places = match model {
            Model::Step(at) | Model::LateStep(at) => vec![at],
            Model::TwoSteps(first, second) => vec![first, second],
            Model::Drift => return self.explain_drift(&part(segment.from, segment.to, false)),
        };
        let mut from = segment.from;
        for at in places {
            let at = segment.from + at;
            self.steps.push(Split {
                at,
                p_value,
                is_found,
            });
            self.explore(&part(from, at, segment.may_drift));
            from = at;
        }
        if is_found {
            self.explore(&part(from, segment.to, segment.may_drift));
        }
    }

    /// What a part of a stretch has besides noise, where the whole has nothing: several steps
    /// that go up and down look like noise whose values resemble their neighbours, and such
    /// noise is looked for here alone. The parts are the halves and the middle one (seeded
    /// intervals, Kovács and others 2023), and then theirs.
    fn change_within(&mut self, segment: &Segment, depth: i32) -> Option<(Model, f64, bool)> {
        let n = segment.to - segment.from;
        if n < FEWEST_WITHIN || depth > DEEPEST || self.correlation < MASKED {
            return None;
        }
        let starts = [0, n / 4, n / 2];
        let parts = starts.map(|start| Segment {
            from: segment.from + start,
            to: segment.from + start + n / 2,
            p_value: 0.0,
            may_drift: false,
        });
        let mut best: Option<(Model, f64, bool)> = None;
        for (part, start) in parts.iter().zip(starts) {
            let own = self
                .change_in(part)
                .map(|(model, p, found)| (model, p * WITHIN, found));
            let own = own.filter(|(_, p, found)| *found && *p <= self.rules.error);
            let inner = own.or_else(|| {
                let (model, p, found) = self.change_within(part, depth + 1)?;
                let p = p * WITHIN;
                (p <= self.rules.error).then_some((model, p, found))
            });
            if let Some((model, p, found)) = inner
                && best.is_none_or(|(_, least, _)| p < least)
            {
                best = Some((model.moved(start), p, found));
            }
        }
        best
    }

    /// A stretch that a line fits better than a step or two may be a line or a flight of
    /// steps: both are followed, and what fits better remains.
    fn explain_drift(&mut self, segment: &Segment) {
        let (steps, values) = (self.steps.len(), self.values.clone());
        self.explore(segment);
        let flight = self.steps.split_off(steps);
        let of_flight = self.criterion(segment, &flight, 0.0);
        self.take_drift_out(segment);
        self.explore(segment);
        let rest = self.steps.split_off(steps);
        if flight.is_empty() || self.criterion(segment, &rest, 1.0) <= of_flight {
            self.steps.extend(rest);
        } else {
            self.drifts.pop();
            self.values = values;
            self.steps.extend(flight);
        }
    }

    /// What the levels between these steps leave of a stretch, with a penalty for each of
    /// them and for so many other numbers, as in [`Fit::criterion`].
    fn criterion(&self, segment: &Segment, steps: &[Split], others: f64) -> f64 {
        let mut ends: Vec<usize> = steps.iter().map(|split| split.at).collect();
        ends.extend([segment.from, segment.to]);
        ends.sort_unstable();
        let squares = ends.windows(2).map(|ends| {
            let part = Stretch::new(&self.values[ends[0]..ends[1]], self.reach);
            part.values.iter().map(|value| value * value).sum::<f64>()
        });
        let n = (segment.to - segment.from) as f64;
        let left = squares.sum::<f64>() / n;
        n * left.max(f64::MIN_POSITIVE).ln() + (2.0 * steps.len() as f64 + others) * n.ln()
    }

    /// What a stretch has besides noise, if noise alone would hardly ever look like it.
    fn change_in(&mut self, segment: &Segment) -> Option<(Model, f64, bool)> {
        let values = &self.values[segment.from..segment.to];
        if values.len() < FEWEST + FEWEST_WATCHED {
            return None;
        }
        let n = values.len();
        let mut stretch = Stretch::new(values, self.reach);
        let fits = self.fits(&mut stretch, segment.may_drift);
        let permutations =
            Permutations::of(&mut stretch, &fits, &mut self.tables, segment.may_drift);
        let p_value = |kind: usize| {
            let fit = fits[kind].as_ref()?;
            Some((fit, permutations.p_value(kind, fit, n)))
        };
        let found = |kind: usize| {
            let (fit, p) = p_value(kind)?;
            let p = (p / SHARES[kind]).min(1.0);
            let is_found = p <= self.rules.error && !is_late(fit.model, n);
            is_found.then_some((fit, p))
        };
        let at_end = segment.to == self.values.len();
        let all = (0..SHARES.len()).filter(|kind| *kind < LATE || at_end);
        let all = all.filter_map(found);
        let best = all.clone();
        let best = best.min_by(|(a, _), (b, _)| a.criterion.total_cmp(&b.criterion));
        let least = all.map(|(_, p)| p).fold(1.0, f64::min);
        let watched = p_value(LATE).filter(|(_, p)| at_end && *p <= self.rules.watch_error);
        match (best, watched) {
            (Some((best, _)), Some((late, p)))
                if is_late(late.model, n)
                    && matches!(best.model, Model::Step(at) if at + FEWEST + 2 >= n)
                    && late.strength > best.strength + CLEARLY =>
            {
                Some((late.model, p, false))
            }
            (Some((best, _)), _) => Some((best.model, least, true)),
            (None, watched) => watched.map(|(fit, p)| (fit.model, p, false)),
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
        self.correlation = phi;
        fits
    }

    /// Takes the line out of a stretch whose values drift.
    fn take_drift_out(&mut self, segment: &Segment) {
        let values = &mut self.values[segment.from..segment.to];
        let slope = super::trend::trend_slope(values).unwrap_or(0.0);
        let middle = (values.len() as f64 - 1.0) / 2.0;
        for (at, value) in values.iter_mut().enumerate() {
            *value -= slope * (at as f64 - middle);
        }
        self.drifts.push(Drift {
            from: segment.from,
            to: segment.to,
            p_value: segment.p_value,
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
            let mut stretch = Stretch::new(&self.values[from..to], self.reach);
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
                reach: self.reach,
                errors,
                error: self.rules.error,
            };
            let (size, range) = sizes.step(around, split.is_found, &mut self.tables);
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
                reach: self.reach,
                errors,
                error: self.rules.error,
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

/// Whether so few values lie after a change that it is not found yet, of `all` of them.
fn is_late(model: Model, all: usize) -> bool {
    matches!(model, Model::LateStep(at) if at + FEWEST > all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::{RngExt, SeedableRng};
    use rand_pcg::Pcg64Mcg;

    const RULES: ChangeRules = ChangeRules {
        error: 0.01,
        watch_error: 0.03,
        floor: 0.005,
    };

    /// Noise of a standard deviation of 0.02.
    fn noise(count: usize, seed: u64) -> Vec<f64> {
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        let value = |_| 0.02 * ((0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0);
        (0..count).map(value).collect()
    }

    fn changes(values: &[f64]) -> Vec<ChangePoint> {
        change_points(values, &vec![0.0; values.len()], RULES)
    }

    #[test]
    fn a_step_is_found_with_its_place_and_size() {
        let mut values = noise(60, 6);
        values[40..].iter_mut().for_each(|value| *value += 0.1);
        let found = changes(&values);
        assert_eq!(found, changes(&values), "the same values, the same answer");
        let [step] = &found[..] else {
            panic!("{found:?}");
        };
        assert_eq!((step.shape, step.is_found), (ChangeShape::Step, true));
        assert!(step.first.abs_diff(40) <= 1, "{step:?}");
        assert!(step.range.0 <= 40 && 40 <= step.range.1, "{step:?}");
        assert!(step.size.low < 0.1 && 0.1 < step.size.high, "{step:?}");
        assert!(step.p_value < 0.01);
    }

    #[test]
    fn three_values_are_watched_and_two_are_nothing() {
        for (after, expected) in [(2, None), (3, Some(false)), (5, Some(true))] {
            let mut values = noise(40 + after, 2);
            values[40..].iter_mut().for_each(|value| *value += 0.2);
            let certainty = changes(&values).first().map(|change| change.is_found);
            assert_eq!(certainty, expected, "{after}");
        }
    }

    #[test]
    fn steps_that_hide_each_other_are_found() {
        let mut values = noise(170, 3);
        values[30..75].iter_mut().for_each(|value| *value += 0.08);
        values[115..].iter_mut().for_each(|value| *value += 0.08);
        let places: Vec<usize> = changes(&values).iter().map(|change| change.first).collect();
        assert_eq!(places.len(), 3, "{places:?}");
    }

    #[test]
    fn a_drift_is_told_from_steps() {
        let mut values = noise(80, 4);
        for (at, value) in values.iter_mut().enumerate() {
            *value += 0.002 * at as f64;
        }
        let found = changes(&values);
        let [drift] = &found[..] else {
            panic!("{found:?}");
        };
        assert_eq!(drift.shape, ChangeShape::Drift);
        assert!(
            drift.size.low < 0.158 && 0.158 < drift.size.high,
            "{drift:?}"
        );
    }

    #[test]
    fn a_change_within_the_floor_is_none() {
        let exact = |by: f64| -> Vec<f64> {
            let level = |at: usize| if at < 30 { 1.0 } else { 1.0 + by };
            (0..60).map(level).collect()
        };
        assert_eq!(changes(&exact(0.004)), []);
        assert_eq!(changes(&exact(0.006)).len(), 1);
        assert_eq!(changes(&exact(-0.006)).len(), 1);
    }

    #[test]
    fn what_each_value_is_unsure_of_widens_the_interval() {
        let mut values = noise(60, 5);
        values[40..].iter_mut().for_each(|value| *value += 0.1);
        assert_eq!(change_points(&values, &[0.3; 60], RULES), []);
    }

    #[test]
    fn odd_input_has_no_changes() {
        assert_eq!(changes(&[]), []);
        assert_eq!(changes(&[1.0; 7]), []);
        assert_eq!(changes(&[f64::NAN; 50]), []);
        assert_eq!(changes(&[3.0; 50]), []);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn any_values_have_places_in_order(
            values in prop::collection::vec(prop_oneof![Just(0.0), -1e3_f64..1e3, Just(1e300)], 0..70),
        ) {
            let found = changes(&values);
            for change in &found {
                prop_assert!(change.first < values.len() && change.p_value <= 0.03);
                prop_assert!(change.range.0 <= change.range.1 && change.range.1 < values.len());
            }
            prop_assert!(found.windows(2).all(|pair| pair[0].first <= pair[1].first));
        }
    }
}

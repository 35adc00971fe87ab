//! An axis of values: never empty, never infinite, with round marks.

use std::ops::Range;

use perfkit::unit::Unit;
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};

/// Values beyond this are not drawn: 10¹⁸ ns are 31 years.
const LARGEST: f64 = 1e18;

/// From this ratio of the largest value to the smallest on, an axis is
/// logarithmic.
const WIDE: f64 = 30.0;

/// The smallest positive value that a logarithmic axis begins at.
const SMALLEST: f64 = 1e-12;

/// Whether a value can be drawn.
pub(super) fn is_drawable(value: f64) -> bool {
    value.is_finite() && value.abs() < LARGEST
}

/// A range of values and how they are spread over it. What lies beyond the
/// range is placed at its end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    is_logarithmic: bool,
}

impl Axis {
    /// An axis with room for all given values, logarithmic where they differ
    /// much; values that cannot be drawn are passed over.
    pub(super) fn over(values: impl IntoIterator<Item = f64>) -> Self {
        let (mut low, mut high, mut least) = (f64::INFINITY, f64::NEG_INFINITY, f64::INFINITY);
        for value in values.into_iter().filter(|value| is_drawable(*value)) {
            low = low.min(value);
            high = high.max(value);
            if value >= SMALLEST {
                least = least.min(value);
            }
        }
        if low > high {
            return Self::linear(0.0, 1.0);
        }
        if low >= 0.0 && high > WIDE * least {
            return Self::logarithmic(least, high);
        }
        let margin = (high - low) * 0.05;
        let margin = if margin > 0.0 {
            margin
        } else {
            (high.abs() * 0.005).max(1.0)
        };
        let floor = if low >= 0.0 { 0.0 } else { f64::NEG_INFINITY };
        Self::linear((low - margin).max(floor), high + margin)
    }

    pub(super) fn linear(low: f64, high: f64) -> Self {
        let is_range = low.is_finite() && high.is_finite() && low < high;
        let (low, high) = if is_range { (low, high) } else { (0.0, 1.0) };
        Self {
            low,
            high,
            is_logarithmic: false,
        }
    }

    /// From somewhat below a positive value to somewhat above another.
    pub(super) fn logarithmic(low: f64, high: f64) -> Self {
        let low = low.clamp(SMALLEST, LARGEST);
        let high = high.clamp(low, LARGEST);
        let margin = (high / low).powf(0.04).max(1.002);
        Self {
            low: low / margin,
            high: high * margin,
            is_logarithmic: true,
        }
    }

    pub(super) fn is_logarithmic(&self) -> bool {
        self.is_logarithmic
    }

    /// Where a value stands, from 0 at the low end to 1 at the high one.
    pub(super) fn position(&self, value: f64) -> f64 {
        let position = if self.is_logarithmic {
            (value.max(self.low) / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        if position.is_nan() {
            0.0
        } else {
            position.clamp(0.0, 1.0)
        }
    }

    /// Whether a value has a place of its own, and none at an end because it lies beyond it.
    pub(super) fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// Where 0 stands, or would stand before the low end; nowhere on a logarithmic axis.
    pub(super) fn zero(&self) -> Option<f64> {
        (!self.is_logarithmic).then(|| -self.low / (self.high - self.low))
    }

    /// The value at a place, from 0 at the low end to 1 at the high one, or beyond.
    fn value(&self, place: f64) -> f64 {
        if self.is_logarithmic {
            self.low * (self.high / self.low).powf(place)
        } else {
            self.low + (self.high - self.low) * place
        }
    }

    /// The same axis from one place on it to another, which may lie beyond its ends. What
    /// begins at no less than 0 still does.
    pub(super) fn stretched(&self, first: f64, last: f64) -> Self {
        let (low, high) = (self.value(first), self.value(last));
        let floor = match (self.is_logarithmic, self.low >= 0.0) {
            (true, _) => SMALLEST,
            (false, true) => 0.0,
            (false, false) => -LARGEST,
        };
        let (low, high) = (low.max(floor), high.min(LARGEST));
        if low < high {
            Self { low, high, ..*self }
        } else {
            *self
        }
    }

    /// Whether a value is placed at the high end because it lies beyond it.
    pub(super) fn is_beyond(&self, value: f64) -> bool {
        value > self.high
    }

    /// Round values on the axis, at most about so many.
    pub(super) fn ticks(&self, most: usize) -> Vec<f64> {
        let most = most.max(2);
        if self.is_logarithmic && self.high / self.low >= 10.0 {
            return self.logarithmic_ticks(most);
        }
        let raw = (self.high - self.low) / most as f64;
        let power = 10_f64.powf(raw.log10().floor());
        let steps = [0.2, 0.5, 1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
        let at = |step: f64| {
            let first = (self.low / step).ceil();
            // One more than fits tells that a step is too short.
            let marks = (0..=most).map(move |index| (first + index as f64) * step);
            marks.filter(|mark| self.holds(*mark)).collect::<Vec<_>>()
        };
        let fits = |marks: &Vec<f64>| marks.len() <= most;
        let found = steps.into_iter().map(at).find(fits);
        found.unwrap_or_else(|| at(steps[steps.len() - 1]))
    }

    /// 1, 2 and 5 of every power of ten, where there is room; otherwise 1 and 3, or 1.
    fn logarithmic_ticks(&self, most: usize) -> Vec<f64> {
        let decades = self.high.log10() - self.low.log10();
        let powers = self.low.log10().floor() as i32..=self.high.log10().floor() as i32;
        for leads in [&[1.0, 2.0, 5.0][..], &[1.0, 3.0], &[1.0]] {
            let marks = powers.clone().flat_map(|power| {
                let marks = leads.iter();
                marks.map(move |lead| lead * 10_f64.powi(power))
            });
            let marks: Vec<f64> = marks.filter(|mark| self.holds(*mark)).collect();
            if marks.len() <= most {
                return marks;
            }
        }
        self.powers_of_ten(decades, most)
    }

    fn powers_of_ten(&self, decades: f64, most: usize) -> Vec<f64> {
        let stride = (decades / most as f64).ceil().max(1.0) as usize;
        let first = self.low.log10().ceil() as i32;
        let last = self.high.log10().floor() as i32;
        let powers = (first..=last).step_by(stride);
        powers.map(|power| 10_f64.powi(power)).collect()
    }
}

/// The words at a mark, with as many digits as tell it from its neighbours.
pub(super) fn mark(value: f64, ticks: &[f64], unit: Unit) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    // Round values on a logarithmic axis have different distances, and one digit each.
    let gaps = ticks.windows(2).map(|pair| pair[1] - pair[0]);
    let (least, most) = gaps.fold((f64::INFINITY, 0.0), |(least, most), gap: f64| {
        (gap.min(least), gap.max(most))
    });
    if most > 1.5 * least {
        return unit.format(value, 1);
    }
    let step = least.min(value.abs());
    let digits = value.abs().log10().floor() - step.log10().floor() + 1.0;
    unit.format(value, digits.clamp(1.0, 6.0) as usize)
}

impl Ranged for Axis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (start, end): (i32, i32)) -> i32 {
        start + (f64::from(end - start) * self.position(*value)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        self.ticks(hint.max_num_points())
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_round_and_few() {
        let axis = Axis::over([10.1e6, 11.9e6]);
        let ticks = axis.ticks(6);
        assert_eq!(ticks, [10.5e6, 11e6, 11.5e6]);
        let words = |value| mark(value, &ticks, Unit::Nanoseconds);
        assert_eq!(
            ticks.iter().copied().map(words).collect::<Vec<_>>(),
            ["10.5 ms", "11.0 ms", "11.5 ms"]
        );
        let wide = Axis::over([1.0, 5e9]);
        assert!(wide.is_logarithmic());
        assert_eq!(wide.ticks(5), [1.0, 1e3, 1e6, 1e9]);
        let narrow = Axis::over([7e6, 96e6]);
        assert_eq!(narrow.ticks(4), [50e6, 100e6]);
        let ticks = Axis::over([1e6, 40e6]).ticks(6);
        assert_eq!(ticks, [1e6, 2e6, 5e6, 10e6, 20e6]);
        let words = ticks
            .iter()
            .map(|tick| mark(*tick, &ticks, Unit::Nanoseconds));
        let words: Vec<_> = words.collect();
        assert_eq!(words, ["1 ms", "2 ms", "5 ms", "10 ms", "20 ms"]);
    }

    #[test]
    fn every_range_is_one_and_every_value_has_a_place() {
        let odd = [
            0.0,
            -0.0,
            1.0,
            -5.0,
            1e-300,
            1e-9,
            5e6,
            1e17,
            1e18,
            f64::MAX,
            f64::MIN_POSITIVE,
            f64::INFINITY,
            f64::NAN,
        ];
        for a in odd {
            for b in odd {
                let axis = Axis::over([a, b]);
                assert!(axis.low < axis.high, "{a} {b} {axis:?}");
                for value in odd {
                    assert!((0.0..=1.0).contains(&axis.position(value)));
                }
                assert!(axis.ticks(6).len() <= 8, "{a} {b} {:?}", axis.ticks(6));
            }
        }
        assert_eq!(Axis::over([]), Axis::linear(0.0, 1.0));
    }
}

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

    /// Whether a value is placed at the high end because it lies beyond it.
    pub(super) fn is_beyond(&self, value: f64) -> bool {
        value > self.high
    }

    /// Round values on the axis, at most about so many.
    pub(super) fn ticks(&self, most: usize) -> Vec<f64> {
        let most = most.max(2);
        if self.is_logarithmic {
            let decades = self.high.log10() - self.low.log10();
            if decades >= 2.0 {
                return self.powers_of_ten(decades, most);
            }
        }
        let raw = (self.high - self.low) / most as f64;
        let power = 10_f64.powf(raw.log10().floor());
        let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
        let step = steps
            .into_iter()
            .find(|step| *step >= raw)
            .unwrap_or(steps[3]);
        let first = (self.low / step).ceil();
        let marks = (0..=most).map(|index| (first + index as f64) * step);
        marks
            .filter(|mark| (self.low..=self.high).contains(mark))
            .collect()
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
    let step = ticks.windows(2).map(|pair| pair[1] - pair[0]);
    let step = step.fold(value.abs(), f64::min);
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

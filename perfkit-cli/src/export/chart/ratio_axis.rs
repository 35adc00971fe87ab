//! The axis of ratios: logarithmic, with round marks on both sides of 1.

use super::axis::Axis;

/// The least share of the axis on either side of 1: so much takes a mark.
const SIDE: f64 = 0.2;

/// How far two marks are apart, so that their words do not touch.
const APART: f64 = 46.0;

/// A side of this length has a second mark, where it is longer by as much a third.
const FOR_EACH: f64 = 130.0;

/// An axis from below 1 to above it that has room for both ends.
pub(super) fn around_one(low: f64, high: f64) -> Axis {
    let (left, right) = (-low.ln(), high.ln());
    let least = SIDE / (1.0 - SIDE);
    let (left, right) = (left.max(right * least), right.max(left * least));
    Axis::logarithmic((-left).exp(), right.exp())
}

/// Round ratios on an axis so long: 1, and as round ones as there are on either side.
pub(super) fn ticks(axis: &Axis, length: f64) -> Vec<f64> {
    let place = |ratio: f64| axis.position(ratio) * length;
    let one = place(1.0);
    let mut ticks = vec![1.0];
    for (is_left, room) in [(true, one), (false, length - one)] {
        let wanted = ((room / FOR_EACH) as usize).max(1);
        let mut found: Vec<f64> = Vec::new();
        for level in 0..=Level::ALL.len() {
            if found.len() >= wanted {
                break;
            }
            let Some(level) = Level::ALL.get(level) else {
                break;
            };
            for ratio in level.ratios(is_left) {
                let is_on_axis = axis.holds(ratio);
                let mut others = ticks.iter().chain(&found);
                if is_on_axis && others.all(|o| (place(*o) - place(ratio)).abs() >= APART) {
                    found.push(ratio);
                }
            }
        }
        ticks.extend(found);
    }
    ticks.sort_by(f64::total_cmp);
    ticks
}

/// How round ratios are.
enum Level {
    /// 10, 100, …
    Tens,
    /// These and so many times as much of them.
    Leads(&'static [f64]),
    /// So far from 1, twice as far, ….
    Steps(f64),
}

impl Level {
    const ALL: [Self; 9] = [
        Self::Tens,
        Self::Leads(&[2.0, 5.0]),
        Self::Leads(&[1.5, 3.0, 4.0, 7.0]),
        Self::Steps(0.1),
        Self::Steps(0.05),
        Self::Steps(0.02),
        Self::Steps(0.01),
        Self::Steps(0.005),
        Self::Steps(0.001),
    ];

    /// Those on one side of 1, the nearest first.
    fn ratios(&self, is_left: bool) -> Vec<f64> {
        let powers = 0..7;
        let power = |power: i32| 10_f64.powi(if is_left { -power } else { power });
        match self {
            Self::Tens => powers.skip(1).map(power).collect(),
            Self::Leads(leads) => {
                let of = |power: f64| {
                    let scaled = leads.iter().map(move |lead| match is_left {
                        true => lead / 10.0 * power,
                        false => lead * power,
                    });
                    let mut scaled: Vec<f64> = scaled.collect();
                    if is_left {
                        scaled.reverse();
                    }
                    scaled
                };
                powers.map(power).flat_map(of).collect()
            }
            Self::Steps(step) => {
                let sign = if is_left { -1.0 } else { 1.0 };
                (1..=9)
                    .map(|count| 1.0 + sign * f64::from(count) * step)
                    .collect()
            }
        }
    }
}

/// A ratio at a mark, with as many decimals as it has: `0.95`, `1`, `1e6`.
pub(super) fn words(ratio: f64) -> String {
    if !(0.001..10_000.0).contains(&ratio) {
        return format!("{ratio:e}");
    }
    let text = format!("{ratio:.4}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_stand_on_both_sides_of_one_at_all_widths() {
        let ends = [1e-6, 1e-3, 0.14, 0.5, 0.9, 0.97, 1.0 / 1.02];
        for low in ends {
            for high in ends.map(|end| 1.0 / end) {
                let axis = around_one(low, high);
                for length in [260.0, 328.0, 352.0, 620.0, 900.0] {
                    let ticks = ticks(&axis, length);
                    let (left, right) = (ticks[0], ticks[ticks.len() - 1]);
                    assert!(
                        left < 1.0 && 1.0 < right && ticks.contains(&1.0),
                        "{low} {high} {length} {ticks:?}"
                    );
                    assert!(ticks.len() < 14, "{ticks:?}");
                    let places = ticks.iter().map(|tick| axis.position(*tick) * length);
                    let places: Vec<f64> = places.collect();
                    assert!(places.windows(2).all(|pair| pair[1] - pair[0] >= APART));
                }
            }
        }
    }

    #[test]
    fn marks_are_round_and_have_no_digit_too_many() {
        let said = |low, high, length| {
            let ticks = ticks(&around_one(low, high), length);
            ticks.into_iter().map(words).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(said(0.95, 7.1, 328.0), "0.6 1 2 5");
        assert_eq!(said(1.0 / 1.02, 1.02, 328.0), "0.98 1 1.02");
        assert_eq!(
            said(1e-6, 1e6, 900.0),
            "1e-6 1e-5 1e-4 0.001 0.01 0.1 1 10 100 1000 1e4 1e5 1e6"
        );
    }
}

//! Values with a unit.

use std::str::FromStr;
use std::time::Duration;

use perfkit::unit::Unit;

/// A length of time: `500ms`, `2s`; a bare number is seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct TimeSpan(pub(crate) Duration);

impl FromStr for TimeSpan {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let ns = match text.trim().parse::<f64>() {
            Ok(seconds) => seconds * 1e9,
            Err(_) => Unit::Nanoseconds
                .parse(text)
                .map_err(|error| error.to_string())?,
        };
        if !(0.0..=1e18).contains(&ns) {
            return Err(format!("`{}` is out of range", text.escape_debug()));
        }
        Ok(Self(Duration::from_nanos(ns as u64)))
    }
}

/// How many runs: at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RunCount(pub(crate) u64);

impl TryFrom<u64> for RunCount {
    type Error = &'static str;

    fn try_from(runs: u64) -> Result<Self, &'static str> {
        match runs {
            0 => Err("there must be at least 1 run"),
            runs => Ok(Self(runs)),
        }
    }
}

impl FromStr for RunCount {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let runs: u64 = text
            .parse()
            .map_err(|_| format!("`{}` is no number of runs", text.escape_debug()))?;
        Ok(runs.try_into()?)
    }
}

/// A share of a whole from 0 to 1: `0.5%`, `0.005`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Share(pub(crate) f64);

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let share = Unit::Ratio.parse(text).map_err(|error| error.to_string())?;
        if !(0.0..=1.0).contains(&share) {
            let text = text.trim();
            return Err(if text.ends_with('%') || share < 0.0 {
                format!("`{}` is not between 0 and 100 %", text.escape_debug())
            } else {
                format!(
                    "`{0}` is more than the whole: write `{0}%`",
                    text.escape_debug()
                )
            });
        }
        Ok(Self(share))
    }
}

/// A confidence level, from 50 % to 99.99 %.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Confidence(pub(crate) f64);

impl FromStr for Confidence {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Share(level) = text.parse()?;
        if !(0.5..=0.9999).contains(&level) {
            return Err(format!(
                "`{}` is no confidence level between 50 % and 99.99 %",
                text.escape_debug()
            ));
        }
        Ok(Self(level))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_number_is_seconds() {
        assert_eq!("1.5".parse(), Ok(TimeSpan(Duration::from_millis(1500))));
        assert_eq!("20ms".parse(), Ok(TimeSpan(Duration::from_millis(20))));
        assert!("-1".parse::<TimeSpan>().is_err());
        assert!("1e300".parse::<TimeSpan>().is_err());
        assert!("soon".parse::<TimeSpan>().is_err());
    }

    #[test]
    fn no_runs_are_too_few() {
        assert_eq!("3".parse(), Ok(RunCount(3)));
        assert!("0".parse::<RunCount>().is_err());
        assert!("-1".parse::<RunCount>().is_err());
    }

    #[test]
    fn shares_and_confidence_have_bounds() {
        assert_eq!("0.5%".parse(), Ok(Share(0.005)));
        assert!("101%".parse::<Share>().is_err());
        assert_eq!("99%".parse(), Ok(Confidence(0.99)));
        assert!("100%".parse::<Confidence>().is_err());
        assert!("0.2".parse::<Confidence>().is_err());
    }
}

//! Units: what a number means, how it is printed, how it is read back.
//!
//! Inside perfkit numbers are in base units (nanoseconds, bytes, counts, per
//! second). They become text and text becomes them only here.

use std::error::Error;
use std::fmt;

use serde::{Deserialize, Serialize};

/// For times that are kept in nanoseconds.
pub(crate) const NS_PER_SECOND: f64 = 1e9;

/// The base unit of a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Unit {
    /// Time, in nanoseconds.
    #[serde(rename = "ns")]
    Nanoseconds,
    /// Memory or data, in bytes.
    #[serde(rename = "B")]
    Bytes,
    /// A number of things.
    #[default]
    #[serde(rename = "count")]
    Count,
    /// Things per second.
    #[serde(rename = "1/s")]
    PerSecond,
    /// Bytes per second.
    #[serde(rename = "B/s")]
    BytesPerSecond,
    /// A part of a whole, between 0 and 1.
    #[serde(rename = "ratio")]
    Ratio,
    /// A number that stands for itself, such as a layout shift.
    #[serde(rename = "score")]
    Score,
}

/// One scale of a unit: a suffix and how many base units it stands for.
type Scale = (&'static str, f64);

const TIMES: &[Scale] = &[("ns", 1.0), ("µs", 1e3), ("ms", 1e6), ("s", 1e9)];
const SIZES: &[Scale] = &[
    ("B", 1.0),
    ("KiB", 1024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
    ("TiB", 1_099_511_627_776.0),
];
const RATES: &[Scale] = &[("/s", 1.0), ("k/s", 1e3), ("M/s", 1e6), ("G/s", 1e9)];
const DATA_RATES: &[Scale] = &[
    ("B/s", 1.0),
    ("KiB/s", 1024.0),
    ("MiB/s", 1_048_576.0),
    ("GiB/s", 1_073_741_824.0),
];
const COUNTS: &[Scale] = &[("", 1.0)];
const PERCENT: &[Scale] = &[("%", 0.01)];

/// Further spellings that are read and never printed.
const TIMES_READ: &[Scale] = &[("us", 1e3), ("μs", 1e3), ("min", 60e9), ("h", 3600e9)];
const SIZES_READ: &[Scale] = &[
    ("kB", 1e3),
    ("KB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("TB", 1e12),
];
const COUNTS_READ: &[Scale] = &[("k", 1e3), ("M", 1e6), ("G", 1e9)];
const DATA_RATES_READ: &[Scale] = &[("kB/s", 1e3), ("KB/s", 1e3), ("MB/s", 1e6), ("GB/s", 1e9)];
const PERCENT_READ: &[Scale] = &[("", 1.0)];

/// From here on numbers would be longer than what they say.
const BEYOND: f64 = 1e21;

impl Unit {
    /// Prints a value with `digits` significant digits, at most 17, and the scale that
    /// keeps its whole part short; counts keep all their digits. From 10²¹ base
    /// units on, which nothing has, it has an exponent.
    ///
    /// ```
    /// use perfkit::unit::Unit;
    /// assert_eq!(Unit::Nanoseconds.format(20_871_234.0, 4), "20.87 ms");
    /// assert_eq!(Unit::Bytes.format(1536.0, 3), "1.50 KiB");
    /// assert_eq!(Unit::Count.format(1234567.0, 3), "1,234,567");
    /// assert_eq!(Unit::Ratio.format(0.9999, 4), "99.99 %");
    /// ```
    #[must_use]
    pub fn format(self, value: f64, digits: usize) -> String {
        if !value.is_finite() {
            return "-".to_owned();
        }
        // No number has more.
        let digits = digits.min(17);
        if value.abs() >= BEYOND {
            return self.with_exponent(value, digits);
        }
        match self {
            Self::Count | Self::Score => return format_count(value, digits),
            Self::Ratio => return format_share(value, digits),
            _ => {}
        }
        let [scales, _] = self.scales();
        let fits = |scale: &&Scale| rounded(value.abs() / scale.1, digits).0 >= 1.0;
        let (suffix, size) = scales.iter().rev().find(fits).unwrap_or(&scales[0]);
        let scaled = value / size;
        let whole_base_unit = *size == 1.0 && scaled.fract() == 0.0;
        let number = if whole_base_unit {
            format!("{scaled:.0}")
        } else {
            significant(scaled, digits)
        };
        format!("{number} {suffix}").trim_end().to_owned()
    }

    /// Prints a value with `digits` significant digits in the scale of this suffix, whatever
    /// its size: any suffix that [`Unit::parse`] reads. `None` where the unit has no such
    /// scale, and of a value that is not finite.
    ///
    /// ```
    /// use perfkit::unit::Unit;
    /// let value = 20_871_234.0;
    /// assert_eq!(Unit::Nanoseconds.format_in(value, 4, "s").unwrap(), "0.02087 s");
    /// assert_eq!(Unit::Nanoseconds.format_in(value, 4, "us").unwrap(), "20871 µs");
    /// assert_eq!(Unit::Bytes.format_in(1.0, 4, "ms"), None);
    /// ```
    #[must_use]
    pub fn format_in(self, value: f64, digits: usize, suffix: &str) -> Option<String> {
        let [printed, read] = self.scales();
        let named = |scales: &[Scale]| scales.iter().copied().find(|(name, _)| *name == suffix);
        let (name, size) = named(printed).or_else(|| named(read))?;
        // One of several spellings is printed.
        let usual = printed.iter().find(|(_, other)| *other == size);
        let name = usual.map_or(name, |(name, _)| name);
        let scaled = value / size;
        if !scaled.is_finite() {
            return None;
        }
        let number = match scaled.abs() {
            beyond if beyond >= BEYOND => format!("{scaled:.*e}", digits.clamp(1, 17) - 1),
            _ => significant(scaled, digits.min(17)),
        };
        Some(format!("{number} {name}").trim_end().to_owned())
    }

    /// Prints how much of the unit there is in a second, with `digits` significant digits.
    ///
    /// ```
    /// use perfkit::unit::Unit;
    /// assert_eq!(Unit::Count.format_rate(1500.0, 3), "1.50 k/s");
    /// assert_eq!(Unit::Bytes.format_rate(1536.0, 3), "1.50 KiB/s");
    /// assert_eq!(Unit::Nanoseconds.format_rate(250e6, 3), "250 ms/s");
    /// ```
    #[must_use]
    pub fn format_rate(self, per_second: f64, digits: usize) -> String {
        match self {
            Self::Bytes => Self::BytesPerSecond.format(per_second, digits),
            Self::Nanoseconds if per_second.is_finite() => {
                format!("{}/s", self.format(per_second, digits))
            }
            _ => Self::PerSecond.format(per_second, digits),
        }
    }

    /// Reads a value as people write it: `100ms`, `1.5 s`, `300MB`, `2 GiB`,
    /// `100k/s`, `99.99%`. Returns base units.
    ///
    /// Letters matter (`MB` is 10⁶ bytes, `MiB` 2²⁰), a space before the suffix
    /// does not. Everything that [`Unit::format`] prints without an exponent is
    /// read back.
    ///
    /// # Errors
    /// Text that is not a number with a suffix of this unit.
    ///
    /// ```
    /// use perfkit::unit::Unit;
    /// assert_eq!(Unit::Nanoseconds.parse("100ms"), Ok(100e6));
    /// assert_eq!(Unit::Bytes.parse("2 KiB"), Ok(2048.0));
    /// assert_eq!(Unit::Ratio.parse("99.5%"), Ok(0.995));
    /// assert!(Unit::Nanoseconds.parse("100").is_err());
    /// ```
    pub fn parse(self, text: &str) -> Result<f64, ParseUnitError> {
        let fail = || ParseUnitError {
            text: text.trim().chars().take(60).collect(),
            unit: self,
        };
        let compact = text.trim();
        let is_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '-' | '+' | '_');
        let end = compact
            .find(|c: char| !is_number(c))
            .unwrap_or(compact.len());
        let (number, suffix) = compact.split_at(end);
        let suffix = suffix.trim_start();
        if !is_grouped_well(number) {
            return Err(fail());
        }
        let number = number.replace([',', '_'], "");
        let (_, size) = self
            .scales()
            .into_iter()
            .flatten()
            .find(|(name, _)| *name == suffix)
            .ok_or_else(fail)?;
        // A decimal exponent is exact where a multiplication by 0.01 is not.
        let (decimal, size) = if *size == 0.01 {
            (format!("{number}e-2"), 1.0)
        } else {
            (number, *size)
        };
        let value = decimal.parse::<f64>().map_err(|_| fail())? * size;
        value.is_finite().then_some(value).ok_or_else(fail)
    }

    fn with_exponent(self, value: f64, digits: usize) -> String {
        let [scales, _] = self.scales();
        let largest = scales.last();
        let (suffix, size) = largest.copied().unwrap_or(("", 1.0));
        let text = format!("{:.*e} {suffix}", digits.saturating_sub(1), value / size);
        text.trim_end().to_owned()
    }

    /// The symbol of the base unit, as it stands in files.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Nanoseconds => "ns",
            Self::Bytes => "B",
            Self::Count => "count",
            Self::PerSecond => "1/s",
            Self::BytesPerSecond => "B/s",
            Self::Ratio => "ratio",
            Self::Score => "score",
        }
    }

    /// The scales that are printed, and further spellings that are only read.
    fn scales(self) -> [&'static [Scale]; 2] {
        match self {
            Self::Nanoseconds => [TIMES, TIMES_READ],
            Self::Bytes => [SIZES, SIZES_READ],
            Self::Count => [COUNTS, COUNTS_READ],
            Self::PerSecond => [RATES, &[]],
            Self::BytesPerSecond => [DATA_RATES, DATA_RATES_READ],
            Self::Ratio => [PERCENT, PERCENT_READ],
            Self::Score => [COUNTS, &[]],
        }
    }

    fn example(self) -> &'static str {
        match self {
            Self::Nanoseconds => "a duration such as 250us, 100ms or 2s",
            Self::Bytes => "a size such as 4096B, 300MB or 2GiB",
            Self::Count => "a count such as 1000 or 20k",
            Self::PerSecond => "a rate such as 500/s or 100k/s",
            Self::BytesPerSecond => "a data rate such as 10MB/s or 2GiB/s",
            Self::Ratio => "a share such as 99.9% or 0.999",
            Self::Score => "a number such as 0.1",
        }
    }
}

/// Whether commas and underscores stand only where they part thousands, so that
/// a decimal comma is not taken for one.
fn is_grouped_well(number: &str) -> bool {
    let whole = number.split('.').next().unwrap_or_default();
    let is_separator = |c: char| c == ',' || c == '_';
    let has_more = number[whole.len()..].contains(is_separator);
    let mut groups = whole.split(is_separator);
    let first = groups.next().unwrap_or_default();
    let mut is_grouped = false;
    let are_thousands = groups.all(|group| {
        is_grouped = true;
        group.len() == 3
    });
    are_thousands && !has_more && (!is_grouped || (1..=4).contains(&first.len()))
}

/// Prints a finite number with the given count of significant digits, never
/// in exponent form.
fn significant(value: f64, digits: usize) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let decimals = (digits as i32 - 1 - rounded(value, digits).1).clamp(0, 9);
    format!("{value:.0$}", decimals as usize)
}

/// Rounds to the given count of significant digits; gives also the power of ten
/// of the first one. Printing does both exactly, which logarithms do not: they
/// may be off by a bit at the powers of ten.
fn rounded(value: f64, digits: usize) -> (f64, i32) {
    let text = format!("{value:.0$e}", digits.saturating_sub(1));
    let exponent = text.rsplit('e').next().and_then(|text| text.parse().ok());
    (text.parse().unwrap_or(value), exponent.unwrap_or(0))
}

/// Prints a share in percent. One that is not the whole never reads as 100 %,
/// whatever digits that takes.
fn format_share(value: f64, digits: usize) -> String {
    let percent = value * 100.0;
    if percent.fract() == 0.0 {
        return format!("{percent:.0} %");
    }
    let is_whole = |text: &String| text.parse::<f64>() == Ok(100.0);
    let number = (digits..=12)
        .map(|digits| significant(percent, digits))
        .find(|text| !is_whole(text));
    format!("{} %", number.unwrap_or_else(|| percent.to_string()))
}

fn format_count(value: f64, digits: usize) -> String {
    let text = if value.fract() == 0.0 || rounded(value, digits).1 >= digits as i32 {
        format!("{value:.0}")
    } else {
        significant(value, digits)
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let (sign, whole) = match whole.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", whole),
    };
    let mut grouped = String::from(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if !fraction.is_empty() {
        grouped.push('.');
        grouped.push_str(fraction);
    }
    grouped
}

/// Text that is not a value of the unit that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseUnitError {
    text: String,
    unit: Unit,
}

impl fmt::Display for ParseUnitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { text, unit } = self;
        write!(f, "`{}` is not {}", text.escape_debug(), unit.example())
    }
}

impl Error for ParseUnitError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rounding_up_moves_to_the_next_scale() {
        assert_eq!(Unit::Nanoseconds.format(999.96, 4), "1.000 µs");
        assert_eq!(Unit::Nanoseconds.format(999.4, 4), "999.4 ns");
        assert_eq!(Unit::Nanoseconds.format(0.25, 3), "0.250 ns");
        assert_eq!(Unit::Nanoseconds.format(7_200e9, 3), "7200 s");
    }

    #[test]
    fn whole_base_units_have_no_decimals() {
        assert_eq!(Unit::Nanoseconds.format(42.0, 4), "42 ns");
        assert_eq!(Unit::Bytes.format(0.0, 4), "0 B");
        assert_eq!(Unit::Bytes.format(-2048.0, 3), "-2.00 KiB");
        assert_eq!(Unit::Count.format(-1234.0, 3), "-1,234");
        assert_eq!(Unit::Count.format(12.345, 3), "12.3");
    }

    #[test]
    fn only_the_whole_is_100_percent() {
        assert_eq!(Unit::Ratio.format(1.0, 3), "100 %");
        assert_eq!(Unit::Ratio.format(0.999_99, 3), "99.999 %");
        assert_eq!(Unit::Ratio.format(0.5, 3), "50 %");
        assert_eq!(Unit::Ratio.format(1.0 / 3.0, 3), "33.3 %");
    }

    #[test]
    fn values_without_meaning_are_a_dash() {
        assert_eq!(Unit::Nanoseconds.format(f64::NAN, 4), "-");
        assert_eq!(Unit::PerSecond.format(f64::INFINITY, 4), "-");
    }

    #[test]
    fn a_chosen_scale_is_kept_whatever_the_size() {
        let show = |value, suffix| Unit::Nanoseconds.format_in(value, 3, suffix);
        assert_eq!(show(1234.0, "ns").unwrap(), "1234 ns");
        assert_eq!(show(0.0, "s").unwrap(), "0 s");
        assert_eq!(show(90e9, "min").unwrap(), "1.50 min");
        assert_eq!(show(1.0, "s").unwrap(), "0.000000001 s");
        assert_eq!(show(1.0, "MB"), None);
        assert_eq!(show(f64::NAN, "s"), None);
        assert_eq!(Unit::Count.format_in(2.5e6, 2, "M").unwrap(), "2.5 M");
        assert_eq!(Unit::Count.format_in(42.0, 2, "").unwrap(), "42");
        let long = Unit::Nanoseconds.format_in(f64::MAX, 3, "ns").unwrap();
        assert!(long.len() < 20, "{long}");
    }

    #[test]
    fn absurd_values_are_short() {
        assert_eq!(Unit::Nanoseconds.format(1e300, 3), "1.00e291 s");
        assert_eq!(Unit::Count.format(-2.5e21, 2), "-2.5e21");
        assert_eq!(Unit::Ratio.format(1e30, 0), "1e32 %");
        for unit in [Unit::Nanoseconds, Unit::Bytes, Unit::Count, Unit::Ratio] {
            for value in [f64::MAX, f64::MIN, 9.9e20, f64::MIN_POSITIVE] {
                let text = unit.format(value, 4);
                assert!(text.len() < 40, "{text}");
            }
        }
    }

    #[test]
    fn a_wrong_suffix_is_explained() {
        let error = Unit::Nanoseconds.parse("100mss").unwrap_err();
        assert_eq!(
            error.to_string(),
            "`100mss` is not a duration such as 250us, 100ms or 2s"
        );
        assert!(Unit::Bytes.parse("300 mb").is_err());
        assert!(Unit::PerSecond.parse("").is_err());
        assert!(Unit::Nanoseconds.parse("1e400s").is_err());
        assert!(Unit::Nanoseconds.parse("0,1s").is_err());
        assert_eq!(Unit::Count.parse("1,234,567"), Ok(1_234_567.0));
    }

    #[test]
    fn rates_and_sizes_are_read() {
        assert_eq!(Unit::PerSecond.parse("100k/s"), Ok(100e3));
        assert_eq!(Unit::Bytes.parse("300MB"), Ok(300e6));
        assert_eq!(Unit::Nanoseconds.parse("2 min"), Ok(120e9));
        assert_eq!(Unit::Ratio.parse("0.95"), Ok(0.95));
        assert_eq!(Unit::Ratio.parse("99.99%"), Ok(0.9999));
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(value in 1e-3_f64..1e13, pick in 0_usize..6) {
            let unit = [
                Unit::Nanoseconds, Unit::Bytes, Unit::Count,
                Unit::PerSecond, Unit::BytesPerSecond, Unit::Ratio,
            ][pick];
            let text = unit.format(value, 4);
            let back = unit.parse(&text).unwrap();
            prop_assert!((back - value).abs() <= 0.001 * value, "{} -> {} -> {}", value, text, back);
        }
    }
}

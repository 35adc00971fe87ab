//! The units of other tools, in ours.

use perfkit::unit::Unit;
use perfkit::{Direction, Metric};

use crate::text::ascii_words;

/// What a number of another tool means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    pub(super) unit: Unit,
    /// How many base units one of the tool's is.
    pub(super) factor: f64,
    pub(super) direction: Direction,
}

impl Scale {
    pub(super) const NANOSECONDS: Self =
        Self::new(Unit::Nanoseconds, 1.0, Direction::LowerIsBetter);
    pub(super) const MICROSECONDS: Self =
        Self::new(Unit::Nanoseconds, 1e3, Direction::LowerIsBetter);
    pub(super) const MILLISECONDS: Self =
        Self::new(Unit::Nanoseconds, 1e6, Direction::LowerIsBetter);
    pub(super) const SECONDS: Self = Self::new(Unit::Nanoseconds, 1e9, Direction::LowerIsBetter);
    pub(super) const BYTES: Self = Self::new(Unit::Bytes, 1.0, Direction::LowerIsBetter);
    pub(super) const COUNT: Self = Self::new(Unit::Count, 1.0, Direction::LowerIsBetter);
    pub(super) const PER_SECOND: Self = Self::new(Unit::PerSecond, 1.0, Direction::HigherIsBetter);
    pub(super) const BYTES_PER_SECOND: Self =
        Self::new(Unit::BytesPerSecond, 1.0, Direction::HigherIsBetter);
    /// A number that nobody says anything about.
    pub(super) const UNKNOWN: Self = Self::new(Unit::Score, 1.0, Direction::Unknown);

    pub(super) const fn new(unit: Unit, factor: f64, direction: Direction) -> Self {
        Self {
            unit,
            factor,
            direction,
        }
    }

    /// The same for a tool's unit that is so many of this one's.
    pub(super) const fn by(self, factor: f64) -> Self {
        Self::new(self.unit, self.factor * factor, self.direction)
    }
}

/// How many nanoseconds a unit of time is.
pub(super) fn nanoseconds(unit: &str) -> Option<f64> {
    Some(match unit {
        "ps" => 1e-3,
        "ns" | "nsec" | "nanosecond" | "nanoseconds" => 1.0,
        "us" | "µs" | "μs" | "usec" | "microsecond" | "microseconds" => 1e3,
        "ms" | "msec" | "millisecond" | "milliseconds" => 1e6,
        "s" | "sec" | "second" | "seconds" => 1e9,
        "m" | "min" | "minute" | "minutes" => 60e9,
        "h" | "hr" | "hour" | "hours" => 3600e9,
        "day" | "days" => 86_400e9,
        _ => return None,
    })
}

/// The nanoseconds of a time with its unit, as `1.34ms`, and of several in a row, as Go
/// writes them: `1m2.5s`.
pub(super) fn time(text: &str) -> Option<f64> {
    let (value, rest) = with_unit(text)?;
    let end = rest.find(|c: char| c.is_ascii_digit());
    let (unit, more) = rest.split_at(end.unwrap_or(rest.len()));
    let first = value * nanoseconds(unit.trim())?;
    match more {
        "" => Some(first),
        more => Some(first + time(more)?),
    }
}

/// The bytes of a size as `5.56MB`, of tools whose units are powers of 1024.
pub(super) fn binary_size(text: &str) -> Option<f64> {
    let (value, unit) = with_unit(text)?;
    let unit = unit.trim().trim_end_matches('B');
    let power = ["", "K", "M", "G", "T"]
        .iter()
        .position(|known| *known == unit)?;
    Some(value * 1024_f64.powi(power as i32))
}

/// A number, and what follows it.
fn with_unit(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let is_of_number = |c: char| c.is_ascii_digit() || c == '.';
    let end = text.find(|c| !is_of_number(c)).unwrap_or(text.len());
    Some((number(&text[..end])?, &text[end..]))
}

/// How many bytes a unit of data is. `MB` is 10⁶ bytes, `MiB` 2²⁰.
pub(super) fn bytes(unit: &str) -> Option<f64> {
    Some(match unit {
        "B" | "byte" | "bytes" => 1.0,
        "kB" | "KB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        "TB" => 1e12,
        "KiB" | "kibibyte" => 1024.0,
        "MiB" | "mebibyte" => 1_048_576.0,
        "GiB" | "gibibyte" => 1_073_741_824.0,
        "TiB" => 1_099_511_627_776.0,
        _ => return None,
    })
}

/// The scale that a unit's text stands for: `ns/op`, `ops/us`, `MB/s`, `byte`.
pub(super) fn scale(unit: &str) -> Scale {
    let cost = |unit: &str| {
        let time = nanoseconds(unit).map(|ns| Scale::NANOSECONDS.by(ns));
        time.or_else(|| Some(Scale::BYTES.by(bytes(unit)?)))
    };
    let Some((what, each)) = unit.split_once('/') else {
        return cost(unit).unwrap_or(Scale::UNKNOWN);
    };
    // A rate, if it is for a time.
    if let Some(time) = nanoseconds(each) {
        let a_second = 1e9 / time;
        return match bytes(what) {
            Some(size) => Scale::BYTES_PER_SECOND.by(size * a_second),
            None => Scale::PER_SECOND.by(a_second),
        };
    }
    match (what, each) {
        ("allocs", "op" | "iter" | "iteration") => Scale::COUNT,
        (what, "op" | "iter" | "iteration") => cost(what).unwrap_or(Scale::UNKNOWN),
        _ => Scale::UNKNOWN,
    }
}

/// A number as tools print it for people: `1,234.5`. It is finite.
pub(super) fn number(text: &str) -> Option<f64> {
    let is_plain = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '-' | '+' | 'e' | 'E');
    if !text.chars().all(is_plain) {
        return None;
    }
    let number: f64 = text.replace(',', "").parse().ok()?;
    number.is_finite().then_some(number)
}

/// The metric of a name that another tool gave, in our spelling: small letters,
/// digits and underscores.
pub(super) fn metric(name: &str) -> Metric {
    const LONGEST: usize = 80;
    let mut spelt = ascii_words(&name.replace('/', "_per_"), "_");
    spelt.truncate(LONGEST);
    let spelt = spelt.trim_end_matches('_').to_ascii_lowercase();
    if spelt.starts_with(|c: char| c.is_ascii_lowercase()) {
        Metric::named(&spelt)
    } else {
        Metric::named(format!("metric_{spelt}").trim_end_matches('_'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_of_tools_are_read() {
        let table = [
            ("ns/op", Unit::Nanoseconds, 1.0, Direction::LowerIsBetter),
            ("us/op", Unit::Nanoseconds, 1e3, Direction::LowerIsBetter),
            ("s/op", Unit::Nanoseconds, 1e9, Direction::LowerIsBetter),
            ("sec/op", Unit::Nanoseconds, 1e9, Direction::LowerIsBetter),
            ("ms", Unit::Nanoseconds, 1e6, Direction::LowerIsBetter),
            ("second", Unit::Nanoseconds, 1e9, Direction::LowerIsBetter),
            ("B/op", Unit::Bytes, 1.0, Direction::LowerIsBetter),
            ("allocs/op", Unit::Count, 1.0, Direction::LowerIsBetter),
            ("MB/s", Unit::BytesPerSecond, 1e6, Direction::HigherIsBetter),
            (
                "MiB/s",
                Unit::BytesPerSecond,
                1_048_576.0,
                Direction::HigherIsBetter,
            ),
            ("ops/us", Unit::PerSecond, 1e6, Direction::HigherIsBetter),
            ("ops/s", Unit::PerSecond, 1.0, Direction::HigherIsBetter),
            (
                "ops/min",
                Unit::PerSecond,
                1.0 / 60.0,
                Direction::HigherIsBetter,
            ),
            ("byte", Unit::Bytes, 1.0, Direction::LowerIsBetter),
            ("widgets/op", Unit::Score, 1.0, Direction::Unknown),
            ("counts", Unit::Score, 1.0, Direction::Unknown),
            ("", Unit::Score, 1.0, Direction::Unknown),
            ("a/b/c", Unit::Score, 1.0, Direction::Unknown),
        ];
        for (text, unit, factor, direction) in table {
            let read = scale(text);
            assert_eq!((read.unit, read.direction), (unit, direction), "{text}");
            assert!((read.factor - factor).abs() <= 1e-12 * factor, "{text}");
        }
    }

    #[test]
    fn times_and_sizes_have_their_units_behind_them() {
        let times = [
            ("96.00us", 96e3),
            ("1.5 ms", 1.5e6),
            ("1m2.5s", 62.5e9),
            ("0s", 0.0),
            ("2.05s", 2.05e9),
        ];
        for (text, expected) in times {
            let read = time(text).unwrap();
            assert!(
                (read - expected).abs() <= 1e-12 * expected,
                "{text}: {read}"
            );
        }
        for text in ["", "s", "5", "5x", "-5s", "1m2", "1e5s", "ms5"] {
            assert_eq!(time(text), None, "{text}");
        }
        assert_eq!(binary_size("1.50KB"), Some(1536.0));
        assert_eq!(binary_size("12B"), Some(12.0));
        assert_eq!(binary_size("1M"), Some(1_048_576.0));
        assert_eq!(binary_size("1 apple"), None);
    }

    #[test]
    fn numbers_are_plain() {
        assert_eq!(number("1,234.5"), Some(1234.5));
        assert_eq!(number("2e3"), Some(2000.0));
        for text in ["", "NaN", "inf", "1e999", "0x10", "12 ", "-", "1.2.3"] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn metrics_have_names_that_fit_everywhere() {
        let table = [
            ("largest-contentful-paint", "largest_contentful_paint"),
            ("widgets/op", "widgets_per_op"),
            ("gc.alloc.rate.norm", "gc_alloc_rate_norm"),
            (
                "http_req_duration{expected_response:true}",
                "http_req_duration_expected_response_true",
            ),
            ("·gc.count", "gc_count"),
            ("95%", "metric_95"),
            ("", "metric"),
            ("größe", "gr_e"),
        ];
        for (name, expected) in table {
            assert_eq!(metric(name).name(), expected, "{name}");
        }
    }

    proptest::proptest! {
        #[test]
        fn every_name_and_unit_is_taken(text in ".{0,100}") {
            let name = metric(&text);
            let is_fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            proptest::prop_assert!(name.name().chars().all(is_fine));
            proptest::prop_assert!(name.name().starts_with(|c: char| c.is_ascii_lowercase()));
            proptest::prop_assert!(scale(&text).factor > 0.0);
            proptest::prop_assert!(number(&text).is_none_or(f64::is_finite));
        }
    }
}

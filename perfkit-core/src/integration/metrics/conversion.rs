//! From numbers of a described unit to what is recorded.

use metrics::Unit as Described;

use crate::metric::Metric;
use crate::monitor::ValueKind;
use crate::unit::Unit;

/// The largest number that is recorded: beyond it values have no bucket of their own.
const LARGEST: f64 = ((1_u64 << 48) - 1) as f64;

/// How many of what is recorded make one of a unit that is no whole number of things.
const FRACTIONS: f64 = 1e6;

/// How the numbers of a histogram are recorded.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Conversion {
    pub(super) kind: ValueKind,
    /// How many of what is recorded one of the metric's own numbers is.
    factor: f64,
}

impl Conversion {
    /// Of one with the unit that it was described with.
    pub(super) fn new(described: Option<Described>) -> Self {
        let (unit, of_unit, per_unit) = unit_of(described);
        let metric = match unit {
            Unit::Nanoseconds => Metric::EXECUTION_TIME,
            _ => Metric::VALUE,
        };
        Self {
            kind: ValueKind {
                metric,
                unit,
                per_unit,
            },
            factor: of_unit * per_unit,
        }
    }

    /// What is recorded of a number; `None` where that cannot be.
    pub(super) fn recorded(&self, number: f64) -> Option<u64> {
        let recorded = (number * self.factor).round();
        (0.0..=LARGEST)
            .contains(&recorded)
            .then_some(recorded as u64)
    }
}

/// The unit of a counter, and how many of it one of its own numbers is: of times, bytes and
/// things.
pub(super) fn counted(described: Option<Described>) -> (Unit, f64) {
    match unit_of(described) {
        (unit @ (Unit::Nanoseconds | Unit::Bytes), of_unit, _) => (unit, of_unit),
        _ => (Unit::Count, 1.0),
    }
}

/// The same of a gauge.
pub(super) fn level(described: Option<Described>) -> (Unit, f64) {
    let (unit, of_unit, _) = unit_of(described);
    (unit, of_unit)
}

/// The unit, how many of it one of the described is, and how finely it is recorded.
fn unit_of(described: Option<Described>) -> (Unit, f64, f64) {
    const KIB: f64 = 1024.0;
    match described {
        Some(Described::Seconds) => (Unit::Nanoseconds, 1e9, 1.0),
        Some(Described::Milliseconds) => (Unit::Nanoseconds, 1e6, 1.0),
        Some(Described::Microseconds) => (Unit::Nanoseconds, 1e3, 1.0),
        Some(Described::Nanoseconds) => (Unit::Nanoseconds, 1.0, 1.0),
        Some(Described::Tebibytes) => (Unit::Bytes, KIB * KIB * KIB * KIB, 1.0),
        Some(Described::Gibibytes) => (Unit::Bytes, KIB * KIB * KIB, 1.0),
        Some(Described::Mebibytes) => (Unit::Bytes, KIB * KIB, 1.0),
        Some(Described::Kibibytes) => (Unit::Bytes, KIB, 1.0),
        Some(Described::Bytes) => (Unit::Bytes, 1.0, 1.0),
        Some(Described::TerabitsPerSecond) => (Unit::BytesPerSecond, 1e12 / 8.0, 1.0),
        Some(Described::GigabitsPerSecond) => (Unit::BytesPerSecond, 1e9 / 8.0, 1.0),
        Some(Described::MegabitsPerSecond) => (Unit::BytesPerSecond, 1e6 / 8.0, 1.0),
        Some(Described::KilobitsPerSecond) => (Unit::BytesPerSecond, 1e3 / 8.0, 1.0),
        Some(Described::BitsPerSecond) => (Unit::BytesPerSecond, 1.0 / 8.0, 1.0),
        Some(Described::CountPerSecond) => (Unit::PerSecond, 1.0, FRACTIONS),
        Some(Described::Percent) => (Unit::Ratio, 0.01, FRACTIONS),
        Some(Described::Count) => (Unit::Count, 1.0, 1.0),
        None => (Unit::Score, 1.0, FRACTIONS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(described: Option<Described>) -> Conversion {
        Conversion::new(described)
    }

    #[test]
    fn every_unit_that_can_be_described_is_converted() {
        for (described, number, recorded) in [
            (Some(Described::Seconds), 0.25, 250_000_000),
            (Some(Described::Microseconds), 1.5, 1500),
            (Some(Described::Mebibytes), 2.0, 2_097_152),
            (Some(Described::KilobitsPerSecond), 8.0, 1000),
            (Some(Described::Count), 7.0, 7),
            (Some(Described::Percent), 50.0, 500_000),
            (None, 0.125, 125_000),
        ] {
            let found = histogram(described).recorded(number);
            assert_eq!(found, Some(recorded), "{described:?}");
        }
    }

    #[test]
    fn what_is_no_number_or_too_large_is_not_recorded() {
        let conversion = histogram(None);
        for number in [-1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 3e8] {
            assert_eq!(conversion.recorded(number), None, "{number}");
        }
        // Nothing at all, less what is too small to be told.
        assert_eq!(conversion.recorded(-1e-9), Some(0));
    }

    #[test]
    fn counters_are_of_whole_things_and_gauges_of_any_unit() {
        let seconds = Some(Described::Seconds);
        assert_eq!(histogram(seconds).kind.metric, Metric::EXECUTION_TIME);
        let bytes = Some(Described::Kibibytes);
        assert_eq!(histogram(bytes).kind.metric, Metric::VALUE);
        let percent = Some(Described::Percent);
        for (described, of_counter, of_gauge) in [
            (seconds, (Unit::Nanoseconds, 1e9), (Unit::Nanoseconds, 1e9)),
            (bytes, (Unit::Bytes, 1024.0), (Unit::Bytes, 1024.0)),
            (percent, (Unit::Count, 1.0), (Unit::Ratio, 0.01)),
            (None, (Unit::Count, 1.0), (Unit::Score, 1.0)),
        ] {
            assert_eq!(counted(described), of_counter);
            assert_eq!(level(described), of_gauge);
        }
    }
}

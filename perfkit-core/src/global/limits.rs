//! The limits of the global monitor, as the environment sets them.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::monitor::MonitorBuilder;
use crate::text::cut;
use crate::unit::Unit;

const MAX_OPERATIONS: &str = "PERFKIT_MAX_OPERATIONS";
const MAX_LABEL_SETS: &str = "PERFKIT_MAX_LABEL_SETS";
const LAST_CALLS: &str = "PERFKIT_LAST_CALLS";
const LAST_PERIOD: &str = "PERFKIT_LAST_PERIOD";
const MEMORY_BUDGET: &str = "PERFKIT_MEMORY_BUDGET";

pub(super) const VARIABLES: [&str; 5] = [
    MAX_OPERATIONS,
    MAX_LABEL_SETS,
    LAST_CALLS,
    LAST_PERIOD,
    MEMORY_BUDGET,
];

/// So much of a value that is not understood is told, in bytes.
const TOLD: usize = 60;

/// The longest period, 30 days in nanoseconds: more is a mistake.
const LONGEST_PERIOD: f64 = 30.0 * 86_400e9;

/// 1 TiB: more is a mistake.
const MOST_MEMORY: f64 = 1_099_511_627_776.0;

/// What the environment sets; the rest stays as the program has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Limits {
    max_operations: Option<usize>,
    max_label_sets: Option<usize>,
    last_calls: Option<usize>,
    last_period: Option<Duration>,
    memory_budget: Option<usize>,
}

impl Limits {
    /// Of the values of variables. What is not understood is complained of, and not set.
    pub(super) fn parse(
        value: impl Fn(&str) -> Option<String>,
        complaints: &mut Vec<String>,
    ) -> Self {
        let mut read = |variable, unit, range| {
            let text = value(variable).filter(|text| !text.is_empty())?;
            let number = number(variable, &text, unit, range);
            number.map_err(|told| complaints.push(told)).ok()
        };
        let whole = |number: f64| number as usize;
        Self {
            max_operations: read(MAX_OPERATIONS, Unit::Count, 1.0..=1e6).map(whole),
            max_label_sets: read(MAX_LABEL_SETS, Unit::Count, 1.0..=1e5).map(whole),
            last_calls: read(LAST_CALLS, Unit::Count, 1.0..=1e5).map(whole),
            last_period: read(LAST_PERIOD, Unit::Nanoseconds, 60.0..=LONGEST_PERIOD)
                .map(|ns| Duration::from_nanos(ns as u64)),
            memory_budget: read(MEMORY_BUDGET, Unit::Bytes, 0.0..=MOST_MEMORY).map(whole),
        }
    }

    /// Sets them.
    pub(super) fn apply(&self, mut builder: MonitorBuilder) -> MonitorBuilder {
        if let Some(operations) = self.max_operations {
            builder = builder.max_operations(operations);
        }
        if let Some(label_sets) = self.max_label_sets {
            builder = builder.max_label_sets(label_sets);
        }
        if let Some(calls) = self.last_calls {
            builder = builder.last_calls(calls);
        }
        if let Some(period) = self.last_period {
            builder = builder.last_period(period);
        }
        if let Some(bytes) = self.memory_budget {
            builder = builder.memory_budget(bytes);
        }
        builder
    }
}

/// The number of a value, within a range; as an error what is wrong.
fn number(
    variable: &str,
    text: &str,
    unit: Unit,
    range: RangeInclusive<f64>,
) -> Result<f64, String> {
    let is_whole = |number: f64| unit != Unit::Count || number.fract() == 0.0;
    match unit.parse(text) {
        Ok(number) if range.contains(&number) && is_whole(number) => Ok(number),
        _ => Err(format!(
            "{variable} is `{}`, which is no {}from {} to {}: it has no effect",
            cut(text, TOLD).escape_debug(),
            if unit == Unit::Count {
                "whole number "
            } else {
                "amount "
            },
            told(unit, *range.start()),
            told(unit, *range.end()),
        )),
    }
}

/// An end of a range, as it may be written in a variable.
fn told(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Nanoseconds if value >= 3600e9 => format!("{} h", value / 3600e9),
        _ => unit.format(value, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(variables: &[(&str, &str)]) -> (Limits, Vec<String>) {
        let mut complaints = Vec::new();
        let value = |name: &str| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let limits = Limits::parse(value, &mut complaints);
        (limits, complaints)
    }

    #[test]
    fn each_variable_sets_its_limit() {
        let (limits, complaints) = parse(&[
            (MAX_OPERATIONS, "10_000"),
            (MAX_LABEL_SETS, "1k"),
            (LAST_CALLS, "100"),
            (LAST_PERIOD, "5min"),
            (MEMORY_BUDGET, "128 MiB"),
        ]);
        assert!(complaints.is_empty(), "{complaints:?}");
        let expected = Limits {
            max_operations: Some(10_000),
            max_label_sets: Some(1000),
            last_calls: Some(100),
            last_period: Some(Duration::from_secs(300)),
            memory_budget: Some(128 << 20),
        };
        assert_eq!(limits, expected);
        assert_eq!(
            parse(&VARIABLES.map(|name| (name, ""))).0,
            Limits::default()
        );
    }

    #[test]
    fn what_is_not_understood_or_out_of_range_is_told_and_not_set() {
        let wrong = [
            (MAX_OPERATIONS, "0"),
            (MAX_LABEL_SETS, "1.5"),
            (LAST_CALLS, "100001"),
            (LAST_PERIOD, "60"),
            (MEMORY_BUDGET, "-1 MiB"),
        ];
        let (limits, complaints) = parse(&wrong);
        assert_eq!(limits, Limits::default());
        assert_eq!(
            complaints,
            [
                "PERFKIT_MAX_OPERATIONS is `0`, which is no whole number from 1 to 1,000,000: it has no effect",
                "PERFKIT_MAX_LABEL_SETS is `1.5`, which is no whole number from 1 to 100,000: it has no effect",
                "PERFKIT_LAST_CALLS is `100001`, which is no whole number from 1 to 100,000: it has no effect",
                "PERFKIT_LAST_PERIOD is `60`, which is no amount from 60 ns to 720 h: it has no effect",
                "PERFKIT_MEMORY_BUDGET is `-1 MiB`, which is no amount from 0 B to 1 TiB: it has no effect",
            ]
        );
        let long = "\u{1b}".repeat(10_000);
        let (_, complaints) = parse(&[(LAST_CALLS, &long)]);
        let text = &complaints[0];
        assert!(text.len() < 600 && !text.contains('\u{1b}'), "{text}");
    }
}

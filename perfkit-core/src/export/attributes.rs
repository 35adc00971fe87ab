//! What tells the operations of a metric apart, in OpenTelemetry's words.

use std::borrow::Cow;

use crate::monitor::Labelled;
use crate::snapshot::OperationSnapshot;

use super::metric_table::{ERROR_TYPE, FUNCTION_NAME, NUMBER_NAME, OUTCOME};

/// The most labels of an operation, of which this version records fewer.
const MOST_LABELS: usize = 64;

/// That calls have lost their name or their labels.
pub(super) const OVERFLOW: &str = "otel.metric.overflow";

const SIDE: &str = "perfkit.side";

/// The keys that have a meaning, in OpenTelemetry or in Prometheus.
const TAKEN: [&str; 9] = [
    FUNCTION_NAME,
    NUMBER_NAME,
    OUTCOME,
    ERROR_TYPE,
    SIDE,
    OVERFLOW,
    "le",
    "job",
    "instance",
];

/// A counter's or gauge's name and its labels, as of operations.
pub(super) fn attributes_of_number<'a>(
    name: &'a str,
    labelled: Option<&'a Labelled>,
    is_overflow: bool,
) -> Vec<(Cow<'a, str>, &'a str)> {
    named(NUMBER_NAME, name, labelled, is_overflow)
}

/// The operation's name and its labels. What is beyond a limit is marked as the
/// specification of OpenTelemetry says.
pub(super) fn attributes_of(operation: &OperationSnapshot) -> Vec<(Cow<'_, str>, &str)> {
    let OperationSnapshot {
        name,
        labelled,
        is_overflow,
        ..
    } = operation;
    let mut attributes = named(FUNCTION_NAME, name, labelled.as_ref(), *is_overflow);
    if let Some(side) = operation.side {
        attributes.push((Cow::Borrowed(SIDE), side.word()));
    }
    attributes
}

fn named<'a>(
    key: &'static str,
    name: &'a str,
    labelled: Option<&'a Labelled>,
    is_overflow: bool,
) -> Vec<(Cow<'a, str>, &'a str)> {
    let name = labelled.map_or(name, |labelled| &labelled.name);
    let mut attributes = vec![(Cow::Borrowed(key), name)];
    if is_overflow {
        attributes.push((Cow::Borrowed(OVERFLOW), "true"));
    } else {
        let labels = labelled.iter().flat_map(|labelled| &labelled.labels);
        let labels = labels.take(MOST_LABELS);
        attributes.extend(labels.map(|(key, value)| (free_key(key), value.as_str())));
    }
    attributes
}

/// A label's key that is none of those that have a meaning, however it is translated.
fn free_key(key: &str) -> Cow<'_, str> {
    let name = label_name(key);
    let is_taken = TAKEN.iter().any(|taken| label_name(taken) == name);
    match is_taken {
        true => Cow::Owned(format!("label.{key}")),
        false => Cow::Borrowed(key),
    }
}

/// What an attribute's key is as a label of Prometheus: letters, digits and single underscores, with a letter first.
pub(super) fn label_name(key: &str) -> String {
    let mut name = String::with_capacity(key.len());
    for character in key.chars() {
        if character.is_ascii_alphanumeric() {
            name.push(character);
        } else if !name.ends_with('_') {
            name.push('_');
        }
    }
    match name.chars().next() {
        Some('_') => format!("key{name}"),
        Some(first) if !first.is_ascii_digit() => name,
        _ => format!("key_{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::Monitor;
    use crate::outcome::Outcome;

    #[test]
    fn what_is_beyond_a_limit_is_marked_as_the_specification_says() {
        let monitor = Monitor::builder()
            .max_operations(1)
            .max_label_sets(1)
            .build();
        for (name, user) in [("get", 1), ("get", 2), ("put", 1)] {
            let label = |(): &()| Outcome::Success.label("user", user);
            monitor.operation(name).measure_labelled(|| (), label);
        }
        let operations = monitor.snapshot().operations;
        let attributes: Vec<_> = operations
            .iter()
            .map(|operation| {
                let attributes = attributes_of(operation).into_iter();
                let pairs = attributes.map(|(key, value)| format!("{key}={value}"));
                pairs.collect::<Vec<_>>().join(" ")
            })
            .collect();
        assert_eq!(
            attributes,
            [
                "code.function.name=get otel.metric.overflow=true",
                "code.function.name=get user=1",
                "code.function.name=overflow otel.metric.overflow=true",
            ]
        );
    }

    #[test]
    fn labels_take_no_key_that_has_a_meaning() {
        for (key, free) in [
            ("status", "status"),
            ("le", "label.le"),
            ("error_type", "label.error_type"),
            ("perfkit.outcome", "label.perfkit.outcome"),
        ] {
            assert_eq!(free_key(key), free);
        }
    }

    #[test]
    fn labels_are_those_of_the_specification() {
        for (key, expected) in [
            ("code.function.name", "code_function_name"),
            ("http.method", "http_method"),
            ("status", "status"),
            ("größe", "gr_e"),
            ("123invalid", "key_123invalid"),
            ("_x", "key_x"),
            ("__name__", "key_name_"),
            ("two..dots", "two_dots"),
            ("", "key_"),
        ] {
            assert_eq!(label_name(key), expected, "{key}");
        }
    }
}

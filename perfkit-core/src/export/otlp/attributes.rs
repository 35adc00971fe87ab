//! What tells the series of a metric apart.

use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};

use crate::snapshot::OperationSnapshot;
use crate::text::cut;

/// The longest key or value of an attribute, in bytes. Functions have shorter
/// names; a file by somebody else may hold anything.
const LONGEST_TEXT: usize = 1000;

/// The most labels of an operation, of which this version records fewer.
const MOST_LABELS: usize = 64;

/// The operation's name and its labels. What is beyond a limit is marked as the
/// specification of OpenTelemetry says.
pub(super) fn attributes_of(operation: &OperationSnapshot) -> Vec<KeyValue> {
    let labelled = operation.labelled.as_ref();
    let name = labelled.map_or(&operation.name, |labelled| &labelled.name);
    let labels = labelled.iter().flat_map(|labelled| &labelled.labels);
    let labels = labels.take(MOST_LABELS);
    let labels = labels.filter(|_| !operation.is_overflow);
    let overflow = operation.is_overflow.then_some(Value::BoolValue(true));
    let overflow = overflow.map(|value| attribute_of("otel.metric.overflow", value));
    let side = operation
        .side
        .map(|side| attribute("perfkit.side", side.word()));
    std::iter::once(attribute("code.function.name", name))
        .chain(labels.map(|(key, value)| attribute(key, value)))
        .chain(overflow)
        .chain(side)
        .collect()
}

pub(super) fn attribute(key: &str, value: &str) -> KeyValue {
    attribute_of(key, Value::StringValue(bounded(value)))
}

pub(super) fn attribute_of(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: bounded(key),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

/// A text that is too long is cut, with a mark of the whole at its end, so that
/// two names stay two names.
fn bounded(text: &str) -> String {
    if text.len() <= LONGEST_TEXT {
        return text.to_owned();
    }
    let head = cut(text, LONGEST_TEXT);
    format!("{head} #{:08x}", crc32fast::hash(text.as_bytes()))
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
        let text = |text: &str| Value::StringValue(text.to_owned());
        let name = |name: &str| ("code.function.name".to_owned(), text(name));
        let overflow = || ("otel.metric.overflow".to_owned(), Value::BoolValue(true));
        let of = |operation: &OperationSnapshot| {
            let attributes = attributes_of(operation).into_iter();
            let pair = |one: KeyValue| (one.key, one.value.unwrap().value.unwrap());
            attributes.map(pair).collect::<Vec<_>>()
        };
        let attributes: Vec<_> = monitor.snapshot().operations.iter().map(of).collect();
        let expected = [
            vec![name("get"), overflow()],
            vec![name("get"), ("user".to_owned(), text("1"))],
            vec![name("overflow"), overflow()],
        ];
        assert_eq!(attributes, expected);
    }
}

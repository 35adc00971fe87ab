//! What tells the series of a metric apart.

use std::borrow::Cow;

use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};

use crate::export::attributes as shared;
use crate::snapshot::OperationSnapshot;
use crate::text::cut;

/// The longest key or value of an attribute, in bytes. Functions have shorter
/// names; a file by somebody else may hold anything.
const LONGEST_TEXT: usize = 1000;

/// The attributes of an operation as they are sent.
pub(super) fn attributes_of(operation: &OperationSnapshot) -> Vec<KeyValue> {
    sent_attributes(shared::attributes_of(operation))
}

/// Attributes as they are sent.
pub(super) fn sent_attributes(attributes: Vec<(Cow<'_, str>, &str)>) -> Vec<KeyValue> {
    let sent = attributes
        .into_iter()
        .map(|(key, value)| match key.as_ref() {
            // The specification wants a boolean.
            shared::OVERFLOW => attribute_of(shared::OVERFLOW, Value::BoolValue(true)),
            key => attribute(key, value),
        });
    sent.collect()
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

    #[test]
    fn what_lost_its_name_says_so_as_a_boolean() {
        let monitor = Monitor::builder().max_operations(1).build();
        (0..9).for_each(|number| monitor.measure(&format!("{number}"), || ()));
        let operations = monitor.snapshot().operations;
        let overflow = operations.iter().find(|o| o.is_overflow).unwrap();
        let value = |key: &str| {
            let attributes = attributes_of(overflow).into_iter();
            let mut values = attributes.filter(|a| a.key == key).map(|a| a.value);
            values.next().unwrap().unwrap().value.unwrap()
        };
        assert_eq!(value("otel.metric.overflow"), Value::BoolValue(true));
        let name = Value::StringValue("overflow".to_owned());
        assert_eq!(value("code.function.name"), name);
    }

    #[test]
    fn what_is_too_long_is_cut_and_stays_apart() {
        let [one, other] = ["a", "b"].map(|end| bounded(&format!("{}{end}", "x".repeat(2000))));
        assert!(one.len() < 1100 && one != other);
    }
}

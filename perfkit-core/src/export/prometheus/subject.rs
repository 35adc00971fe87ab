//! The operations that are exposed, by their labels.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::export::attributes::{attributes_of, label_name};
use crate::snapshot::OperationSnapshot;

use super::label;

/// An operation, and the labels that its series have.
pub(super) struct Subject<'a> {
    /// Keys and values, which are safe to show.
    pub(super) labels: Vec<(String, String)>,
    /// The same as the text formats have it between braces.
    pub(super) text: String,
    pub(super) operation: Cow<'a, OperationSnapshot>,
}

/// The operations by the text of their labels, ascending. Those of the same labels are
/// added up, because a time series may stand there once.
pub(super) fn subjects(operations: &[OperationSnapshot]) -> Vec<Subject<'_>> {
    let mut by_text = BTreeMap::<String, Subject<'_>>::new();
    for operation in operations {
        let labels = labels_of(attributes_of(operation));
        let text = text_of(&labels);
        let same = by_text.get_mut(&text);
        if let Some(same) = same {
            same.operation.to_mut().merge(operation);
        } else {
            let subject = Subject {
                labels,
                text: text.clone(),
                operation: Cow::Borrowed(operation),
            };
            by_text.insert(text, subject);
        }
    }
    by_text.into_values().collect()
}

/// What attributes are to Prometheus. Those that have one name there are one label with the
/// values of all, as OpenTelemetry's specification says.
pub(super) fn labels_of(attributes: Vec<(Cow<'_, str>, &str)>) -> Vec<(String, String)> {
    let mut labels: Vec<(String, String)> = Vec::new();
    for (key, value) in attributes {
        let (name, value) = (label_name(&key), label::visible(value));
        match labels.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => {
                values.push(';');
                values.push_str(&value);
            }
            None => labels.push((name, value)),
        }
    }
    labels
}

/// Labels as they stand between braces.
fn text_of(labels: &[(String, String)]) -> String {
    let mut text = String::new();
    for (key, value) in labels {
        let comma = if text.is_empty() { "" } else { "," };
        // Writing to a string cannot fail.
        let _ = write!(text, "{comma}{key}=\"{}\"", label::escaped(value));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::Monitor;
    use crate::outcome::Outcome;

    #[test]
    fn labels_of_one_name_are_one_label() {
        let monitor = Monitor::new();
        let labels = |(): &()| {
            let outcome = Outcome::Success.label("b.c", 1);
            outcome.label("le", 2).label("b_c", 3)
        };
        monitor.operation("get").measure_labelled(|| (), labels);
        let operations = monitor.snapshot().operations;
        let expected = r#"code_function_name="get",b_c="1;3",label_le="2""#;
        assert_eq!(subjects(&operations)[0].text, expected);
    }
}

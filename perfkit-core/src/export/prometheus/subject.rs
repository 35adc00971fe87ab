//! The operations that are exposed, by their labels.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

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
        let labels = labels_of(operation);
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

fn labels_of(operation: &OperationSnapshot) -> Vec<(String, String)> {
    let labelled = operation.labelled.as_ref();
    let name = labelled.map_or(&operation.name, |labelled| &labelled.name);
    let mut labels = vec![("operation".to_owned(), label::visible(name))];
    for (key, value) in labelled.iter().flat_map(|labelled| &labelled.labels) {
        labels.push((label::key(key), label::visible(value)));
    }
    if let Some(side) = operation.side {
        labels.push((label::key("perfkit.side"), side.word().to_owned()));
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
